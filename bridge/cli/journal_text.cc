#include "bridge/cli/journal_text.h"

#include <filesystem>

#include <fmt/format.h>

#include "bridge/base/time_text.h"
#include "bridge/cli/table.h"
#include "bridge/cli/text.h"

namespace zbridge::cli {

namespace {

using telemetry::Report;

std::string time_of(const Report& row, std::string_view name) {
    const uint64_t us = row.at(name).number();
    return us == 0 ? "" : format_utc(static_cast<int64_t>(us));
}

std::string batches_of(const Report& damage) {
    const bool messages = cell(damage, "messages_only") == "true";
    const char* const what = messages ? "the messages of " : "";
    const uint64_t first = damage.at("first").number();
    if (damage.at("last").is_null())
        return fmt::format("{}batches from {} on are lost", what, first);
    if (damage.at("last").number() == first)
        return fmt::format("{}batch {} {} lost", what, first, messages ? "are" : "is");
    return fmt::format("{}batches {} to {} are lost", what, first, damage.at("last").number());
}

std::string damage_text(const Report& answer) {
    std::string text;
    for (const Report& each : answer.at("damage").items()) {
        const uint64_t bytes = each.at("bytes").number();
        text += fmt::format(
            "damage: {}, offset {}{}: {}; {}{}\n", cell(each, "file"), each.at("offset").number(),
            bytes == 0 ? "" : fmt::format(", {} bytes", bytes), batches_of(each),
            cell(each, "witness"), cell(each, "accepted") == "true" ? " (accepted before)" : "");
    }
    return text;
}

std::string lost_text(const Report& answer) {
    std::string text;
    for (const Report& each : answer.at("lost").items()) {
        text += fmt::format("lost: topic {}, offsets {} to {}: {} messages\n", cell(each, "topic"),
                            each.at("from").number(), each.at("to").number(),
                            each.at("messages").number());
    }
    return text;
}

std::string segments_text(const Report& answer, size_t width) {
    Table table(
        {"SEGMENT", "SIZE", "USED", "BATCHES", "RECORDS", "FIRST", "LAST", "FROM", "TO", "DIGEST"},
        {"RECORDS", "FROM", "DIGEST"});
    for (const Report& each : answer.at("segment_files").items()) {
        table.add({std::filesystem::path(cell(each, "file")).filename().string(),
                   bytes_text(each.at("bytes").number()),
                   bytes_text(each.at("used_bytes").number()), cell(each, "batches"),
                   cell(each, "records"), cell(each, "first"), cell(each, "last"),
                   time_of(each, "first_us"), time_of(each, "last_us"), cell(each, "digest")});
    }
    return table.empty() ? "no segments\n" : table.text(width);
}

std::string topics_text(const Report& answer, size_t width) {
    Table table({"TOPIC", "NUMBER", "STATE", "MESSAGES", "SIZE", "FLOOR", "NEXT"}, {"NUMBER"});
    for (const Report& each : answer.at("topics").items()) {
        table.add({cell(each, "topic"), cell(each, "number"),
                   cell(each, "removed") == "true" ? "removed" : "", cell(each, "messages"),
                   bytes_text(each.at("bytes").number()), cell(each, "floor"), cell(each, "next")});
    }
    return table.empty() ? "" : "\n" + table.text(width);
}

}  // namespace

std::string journal_check_text(const Report& answer, size_t) {
    const std::string folder = cell(answer, "folder");
    if (!answer.at("refused").is_null())
        return fmt::format("{}: no bridge starts on it\ndamage: {}\n", folder,
                           cell(answer, "refused"));
    std::string text =
        fmt::format("{}: {}, {} batch{}, {}; its end: {}\n", folder,
                    counted(answer.at("segments").number(), "segment"),
                    answer.at("batches").number(), answer.at("batches").number() == 1 ? "" : "es",
                    bytes_text(answer.at("bytes").number()), cell(answer, "end"));
    const Report& cut = answer.at("cut");
    if (!cut.is_null()) {
        text += fmt::format("torn: {}, offset {}: the next start cuts {} bytes there\n",
                            cell(cut, "file"), cut.at("offset").number(), cut.at("bytes").number());
    }
    text += damage_text(answer);
    for (const Report& remark : answer.at("remarks").items())
        text += fmt::format("damage: {}\n", remark.text());
    text += lost_text(answer);
    return text + (cell(answer, "ok") == "true" ? "no damage\n" : "");
}

std::string journal_stat_text(const Report& answer, size_t width) {
    return journal_check_text(answer, width) + "\n" + segments_text(answer, width) +
           topics_text(answer, width);
}

std::string journal_scrub_text(const Report& answer, size_t width) {
    return segments_text(answer, width) + damage_text(answer) +
           (cell(answer, "ok") == "true" ? "no damage\n" : "");
}

std::string journal_dump_text(const Report& batch, size_t) {
    std::string text = fmt::format(
        "batch {}  {} offset {}  {} bytes  {}\n", batch.at("batch").number(),
        std::filesystem::path(cell(batch, "file")).filename().string(), batch.at("offset").number(),
        batch.at("bytes").number(), time_of(batch, "time_us"));
    for (const Report& record : batch.at("records").items()) {
        text += "   ";
        for (const auto& [name, value] : record.entries())
            text += fmt::format(" {}{}", name == "type" ? "" : name + "=", printable(value.text()));
        text += "\n";
    }
    return text;
}

}  // namespace zbridge::cli

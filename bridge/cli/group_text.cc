#include "bridge/cli/group_text.h"

#include <algorithm>

#include <fmt/format.h>

#include "bridge/base/time_text.h"
#include "bridge/base/utf8.h"
#include "bridge/cli/table.h"
#include "bridge/cli/text.h"

namespace zbridge::cli {

namespace {

using telemetry::Report;

constexpr size_t kBodyShownMax = 40;    // bytes of a letter's last frame
constexpr size_t kReasonShownMax = 40;  // likewise

std::string cut(const std::string& text, size_t bytes_max) {
    return printable(text.substr(0, bytes_max), true) + (text.size() > bytes_max ? "..." : "");
}

std::string time_text(const Report& ms) {
    return ms.is_null() ? "" : format_utc(static_cast<int64_t>(ms.number()) * 1000);
}

std::string hex(const std::string& bytes) {
    std::string text;
    for (const char c : bytes)
        text += fmt::format("{:02x}", static_cast<unsigned char>(c));
    return text;
}

// Why it gives nothing, and what it has lost.
std::string note_of(const Report& group) {
    std::string note = cell(group, "held");
    const uint64_t lost =
        group.at("dropped_retention").number() + group.at("dropped_damaged").number();
    if (lost > 0) note += fmt::format("{}{} lost", note.empty() ? "" : "; ", lost);
    return note;
}

}  // namespace

std::string groups_text(const Report& groups, size_t width) {
    Table table({"GROUP", "TOPIC", "STATE", "LAG", "OLDEST", "IN FLIGHT", "RETRIES", "PARKED",
                 "DEAD", "NOTE"},
                {"STATE", "PARKED", "TOPIC"});
    for (const Report& group : groups.items()) {
        const Report& oldest = group.at("oldest_age_s");
        table.add({cell(group, "name"), cell(group, "topic"), cell(group, "state"),
                   cell(group, "lag"),
                   oldest.is_null() ? "" : duration_text(oldest.number()) + " ago",
                   cell(group, "in_flight"), cell(group, "retries"), cell(group, "parked"),
                   cell(group, "dead"), note_of(group)});
    }
    return table.empty() ? "" : table.text(width);
}

std::string pending_text(const Report& pending, size_t width) {
    Table table({"WHAT", "OFFSET", "COUNT", "ATTEMPTS", "CONSUMER", "WHEN"}, {});
    for (const Report& each : pending.at("leased").items()) {
        table.add({"leased", cell(each, "offset"), cell(each, "count"), cell(each, "attempt"),
                   cell(each, "consumer"), "until " + time_text(each.at("until_ms"))});
    }
    for (const Report& each : pending.at("in_doubt").items())
        table.add({"in doubt", cell(each, "offset"), cell(each, "count"), "", "",
                   "given before the restart, or back"});
    for (const Report& each : pending.at("retries").items())
        table.add({"retry", cell(each, "offset"), "1", cell(each, "attempts"), "",
                   "at " + time_text(each.at("due_ms"))});
    for (const Report& each : pending.at("parked").items())
        table.add({"parked", cell(each, "offset"), "1", cell(each, "attempts"), "",
                   "behind its order key"});
    return table.empty() ? "" : table.text(width);
}

std::string letters_text(const Report& letters, size_t width) {
    Table table({"OFFSET", "ORIGIN", "REASON", "ATTEMPTS", "DIED", "SIZE", "BODY"},
                {"SIZE", "DIED", "ORIGIN"});
    for (const Report& letter : letters.items()) {
        const auto& frames = letter.at("frames").items();
        uint64_t bytes = 0;
        for (const Report& frame : frames)
            bytes += frame.text().size();
        table.add({cell(letter, "offset"), cell(letter, "origin"),
                   cut(cell(letter, "reason"), kReasonShownMax), cell(letter, "attempts"),
                   time_text(letter.at("died_ms")), bytes_text(bytes),
                   frames.empty() ? "" : cut(frames.back().text(), kBodyShownMax)});
    }
    return table.empty() ? "" : table.text(width);
}

std::string letter_line(Report letter) {
    const auto& frames = letter.at("frames").items();
    const bool binary = std::any_of(frames.begin(), frames.end(), [](const Report& frame) {
        return first_not_utf8(frame.text()).has_value();
    });
    if (binary) {
        Report all = Report::list();
        for (const Report& frame : frames)
            all.add(hex(frame.text()));
        letter.add("frames_hex", std::move(all));
    }
    return letter.json(JsonWriter::Style::kOneLine) + "\n";
}

}  // namespace zbridge::cli

#include "bridge/cli/message_text.h"

#include "bridge/base/time_text.h"
#include "bridge/cli/table.h"
#include "bridge/cli/text.h"

namespace zbridge::cli {

namespace {

using telemetry::Report;

constexpr size_t kBodyShownMax = 40;  // bytes of a message's last frame

}  // namespace

std::string delayed_text(const Report& messages, size_t width) {
    Table table({"ID", "DUE", "TAG", "SIZE", "BODY"}, {"TAG", "BODY", "SIZE"});
    for (const Report& message : messages.items()) {
        const auto& frames = message.at("frames").items();
        uint64_t bytes = 0;
        for (const Report& frame : frames)
            bytes += frame.text().size();
        const std::string body = frames.empty() ? "" : frames.back().text();
        const auto due_us = static_cast<int64_t>(message.at("due_ms").number()) * 1000;
        table.add({cell(message, "id"), format_utc(due_us), printable(cell(message, "tag")),
                   bytes_text(bytes),
                   printable(body.substr(0, kBodyShownMax), true) +
                       (body.size() > kBodyShownMax ? "..." : "")});
    }
    return table.empty() ? "" : table.text(width);
}

}  // namespace zbridge::cli

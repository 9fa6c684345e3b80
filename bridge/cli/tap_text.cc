#include "bridge/cli/tap_text.h"

#include <algorithm>

#include <fmt/format.h>

#include "bridge/base/time_text.h"
#include "bridge/cli/group_text.h"
#include "bridge/cli/text.h"

namespace zbridge::cli {

namespace {

using telemetry::Report;

constexpr size_t kBodyShownMin = 20;  // however narrow the terminal is
constexpr size_t kHexBytesALine = 16;

// "09:15:02.123"
std::string clock_text(const Report& time_us) {
    const std::string whole = format_utc(static_cast<int64_t>(time_us.number()));
    const size_t day = whole.find(' ');
    return day == std::string::npos ? whole : whole.substr(day + 1, whole.size() - day - 2);
}

std::string list_text(const Report& list) {
    std::string text;
    for (const Report& each : list.items())
        text += (text.empty() ? "" : ",") + printable(each.text());
    return text;
}

// What is known of it beside its frames.
std::string known_text(const Report& message) {
    std::string text;
    const auto add = [&](const char* name, const std::string& value) {
        if (!value.empty()) text += fmt::format("  {}={}", name, value);
    };
    if (!cell(message, "peer").empty()) text += "  peer " + cell(message, "peer");
    if (!cell(message, "identity").empty())
        text += " \"" + printable(cell(message, "identity")) + "\"";
    if (!cell(message, "offset").empty()) text += "  offset " + cell(message, "offset");
    if (message.at("attempt").number() > 1) text += "  attempt " + cell(message, "attempt");
    add("user", printable(cell(message, "user")));
    add("tag", printable(cell(message, "tag")));
    add("keys", list_text(message.at("keys")));
    add("order_key", printable(cell(message, "order_key")));
    add("priority", cell(message, "priority"));
    for (const auto& [name, value] : message.at("properties").entries())
        add(printable(name).c_str(), printable(value.text()));
    return text;
}

std::string head_text(const Report& message) {
    const uint64_t frames = message.at("frame_count").number();
    return fmt::format("{} {} {}{}  {}{}", clock_text(message.at("time_us")), cell(message, "way"),
                       printable(cell(message, "at")), known_text(message),
                       frames == 1 ? "" : fmt::format("{} frames ", frames),
                       bytes_text(message.at("bytes").number()));
}

std::string line_of(const std::string& frame, size_t room) {
    std::string text = printable(frame, true);
    if (room > 0 && text.size() > room) text = text.substr(0, room - 3) + "...";
    return text;
}

std::string frames_text(const Report& message, const TapLook& look) {
    std::string text;
    size_t number = 0;
    for (const Report& frame : message.at("frames").items()) {
        const std::string head = fmt::format("  [{}] ", number++);
        if (look.format == TapFormat::kHex)
            text += fmt::format("  frame {}\n", number - 1) + hex_text(frame.text(), "    ");
        else
            text += head +
                    line_of(frame.text(),
                            look.width == 0
                                ? 0
                                : std::max(kBodyShownMin,
                                           look.width - std::min(look.width, head.size()))) +
                    "\n";
    }
    if (cell(message, "cut") == "true") text += "  (cut: it has more)\n";
    return text;
}

}  // namespace

std::string hex_text(const std::string& bytes, const std::string& indent) {
    std::string text;
    for (size_t at = 0; at < bytes.size(); at += kHexBytesALine) {
        const std::string line = bytes.substr(at, kHexBytesALine);
        std::string hex, plain;
        for (const char c : line) {
            hex += fmt::format("{:02x} ", static_cast<unsigned char>(c));
            plain += c >= 0x20 && c < 0x7f ? c : '.';
        }
        text += fmt::format("{}{:04x}  {:<48} {}\n", indent, at, hex, plain);
    }
    return text;
}

std::string tapped_text(const Report& message, const TapLook& look) {
    if (look.format == TapFormat::kJson) return letter_line(message);
    const std::string head = head_text(message);
    const std::string shown = look.colour ? "\x1b[2m" + head + "\x1b[0m" : head;
    if (look.frames || look.format == TapFormat::kHex)
        return shown + "\n" + frames_text(message, look);
    const auto& frames = message.at("frames").items();
    if (frames.empty()) return shown + "\n";
    const size_t used = head.size() + 2;
    const size_t room =
        look.width == 0 ? 0 : std::max(kBodyShownMin, look.width - std::min(look.width, used));
    return shown + "  " + line_of(frames.back().text(), room) + "\n";
}

}  // namespace zbridge::cli

#include "bridge/telemetry/line.h"

#include <fmt/format.h>

#include <cmath>

#include "bridge/base/time_text.h"

namespace zbridge::telemetry {

namespace {

uint8_t byte_at(std::string_view bytes, size_t at) {
    return static_cast<uint8_t>(bytes[at]);
}

// Length of the printable UTF-8 character at `at`; 0 when there is none (RFC 3629). Control
// characters and those that turn the direction of text or hide it are not printable: a terminal
// would obey them.
size_t printable_at(std::string_view bytes, size_t at) {
    const uint8_t first = byte_at(bytes, at);
    if (first < 0x80) return first >= 0x20 && first != 0x7f ? 1 : 0;
    const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || at + length > bytes.size()) return 0;
    uint32_t code = first & (0xffU >> (length + 1));
    for (size_t i = 1; i < length; i++) {
        if ((byte_at(bytes, at + i) & 0xc0) != 0x80) return 0;
        code = code << 6 | (byte_at(bytes, at + i) & 0x3fU);
    }
    constexpr uint32_t kLowest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (code < kLowest[length] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return 0;
    if (code < 0xa0 || (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
        (code >= 0x2060 && code <= 0x206f) || code == 0xfeff) {
        return 0;
    }
    return length;
}

void append_escaped(std::string& out, uint8_t byte) {
    switch (byte) {
        case '\n':
            out += "\\n";
            return;
        case '\r':
            out += "\\r";
            return;
        case '\t':
            out += "\\t";
            return;
        case '\\':
            out += "\\\\";
            return;
        case '"':
            out += "\\\"";
            return;
        default:
            fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte);
    }
}

// A value that reads as one word without quotes.
bool is_plain(std::string_view bytes) {
    if (bytes.empty()) return false;
    for (size_t at = 0; at < bytes.size();) {
        const char c = bytes[at];
        if (c == ' ' || c == '"' || c == '=' || c == '\\') return false;
        const size_t length = printable_at(bytes, at);
        if (length == 0) return false;
        at += length;
    }
    return true;
}

void append_json_text(std::string& out, std::string_view bytes, size_t bytes_max) {
    out += '"';
    // What escape() leaves is UTF-8 without control characters; its own quotes and backslashes are
    // escaped for JSON.
    for (const char c : escape(bytes, bytes_max)) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    out += '"';
}

struct TextOf {
    std::string& out;
    void operator()(std::string_view text) const {
        if (text.size() <= Log::kValueBytesMax && is_plain(text))
            out += text;
        else
            out += '"' + escape(text, Log::kValueBytesMax) + '"';
    }
    void operator()(bool value) const { out += value ? "true" : "false"; }
    template <class Number>
    void operator()(Number value) const {
        fmt::format_to(std::back_inserter(out), "{}", value);
    }
};

struct JsonOf {
    std::string& out;
    void operator()(std::string_view text) const {
        append_json_text(out, text, Log::kValueBytesMax);
    }
    void operator()(bool value) const { out += value ? "true" : "false"; }
    void operator()(double value) const {
        if (std::isfinite(value))
            fmt::format_to(std::back_inserter(out), "{}", value);
        else
            out += "null";
    }
    template <class Number>
    void operator()(Number value) const {
        fmt::format_to(std::back_inserter(out), "{}", value);
    }
};

}  // namespace

std::string escape(std::string_view bytes, size_t bytes_max) {
    std::string out;
    size_t at = 0;
    while (at < bytes.size()) {
        const size_t printable = printable_at(bytes, at);
        const size_t length = printable == 0 ? 1 : printable;
        if (at + length > bytes_max) return out + "...";
        if (printable == 0 || bytes[at] == '"' || bytes[at] == '\\')
            append_escaped(out, byte_at(bytes, at));
        else
            out += bytes.substr(at, length);
        at += length;
    }
    return out;
}

std::string format_text(const Line& line) {
    std::string out =
        fmt::format("{} {:<5} {:<8} ", format_utc(line.time_us), name_of(line.level), line.module);
    // A message is ours, but may carry an error's text: quotes stay readable, control characters
    // are escaped.
    for (const char c : line.message.substr(0, Log::kMessageBytesMax)) {
        if (static_cast<uint8_t>(c) < 0x20 || c == 0x7f)
            append_escaped(out, static_cast<uint8_t>(c));
        else
            out += c;
    }
    bool first = true;
    for (const Field& field : line.fields) {
        out += first ? "  " : " ";
        first = false;
        out += field.name;
        out += '=';
        std::visit(TextOf{out}, field.value);
    }
    out += '\n';
    return out;
}

std::string format_json(const Line& line) {
    std::string out = fmt::format(R"({{"time":"{}","level":"{}","module":)",
                                  format_utc(line.time_us, 'T'), name_of(line.level));
    append_json_text(out, line.module, Log::kValueBytesMax);
    out += R"(,"message":)";
    append_json_text(out, line.message, Log::kMessageBytesMax);
    for (const Field& field : line.fields) {
        out += ',';
        append_json_text(out, field.name, Log::kValueBytesMax);
        out += ':';
        std::visit(JsonOf{out}, field.value);
    }
    out += "}\n";
    return out;
}

}  // namespace zbridge::telemetry

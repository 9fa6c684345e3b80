#include "bridge/telemetry/line.h"

#include <algorithm>

#include <fmt/format.h>

#include "bridge/base/json_writer.h"
#include "bridge/base/time_text.h"
#include "bridge/base/utf8.h"

namespace zbridge::telemetry {

namespace {

uint8_t byte_at(std::string_view bytes, size_t at) {
    return static_cast<uint8_t>(bytes[at]);
}

// Length of the printable UTF-8 character at `at`; 0 when there is none. Control characters and
// those that turn the direction of text or hide it are not printable: a terminal would obey them.
size_t printable_at(std::string_view bytes, size_t at) {
    const size_t length = utf8_bytes(bytes.substr(at, 4));
    if (length == 0) return 0;
    if (length == 1) return byte_at(bytes, at) >= 0x20 && byte_at(bytes, at) != 0x7f ? 1 : 0;
    uint32_t code = byte_at(bytes, at) & (0xffU >> (length + 1));
    for (size_t i = 1; i < length; i++)
        code = code << 6 | (byte_at(bytes, at + i) & 0x3fU);
    const bool obeyed = code < 0xa0 || (code >= 0x200b && code <= 0x200f) ||
                        (code >= 0x2028 && code <= 0x202e) || (code >= 0x2060 && code <= 0x206f) ||
                        code == 0xfeff;
    return obeyed ? 0 : length;
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
    JsonWriter& json;
    void operator()(std::string_view text) const { json.text(escape(text, Log::kValueBytesMax)); }
    void operator()(bool value) const { json.flag(value); }
    template <class Number>
    void operator()(Number value) const {
        json.number(value);
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

std::string readable(std::string_view text) {
    std::string out;
    for (size_t at = 0; at < text.size();) {
        const size_t printable = printable_at(text, at);
        if (printable == 0)
            append_escaped(out, byte_at(text, at));
        else
            out += text.substr(at, printable);
        at += std::max(printable, size_t{1});
    }
    return out;
}

std::string format_text(const Line& line) {
    std::string out =
        fmt::format("{} {:<5} {:<8} ", format_utc(line.time_us), name_of(line.level), line.module);
    // A message is ours, but may carry an error's text, or a peer's: quotes stay readable, what is
    // not printable is escaped.
    out += readable(line.message.substr(0, Log::kMessageBytesMax));
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
    JsonWriter json(JsonWriter::Style::kOneLine);
    json.begin_map().text("time", format_utc(line.time_us, 'T')).text("level", name_of(line.level));
    json.text("module", escape(line.module, Log::kValueBytesMax));
    json.text("message", escape(line.message, Log::kMessageBytesMax));
    for (const Field& field : line.fields) {
        json.key(escape(field.name, Log::kValueBytesMax));
        std::visit(JsonOf{json}, field.value);
    }
    return json.end_map().take() + "\n";
}

}  // namespace zbridge::telemetry

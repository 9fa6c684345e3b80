#include "bridge/base/json_writer.h"

#include <cmath>

#include <fmt/format.h>

#include "bridge/base/check.h"
#include "bridge/base/utf8.h"

namespace zbridge {

JsonWriter& JsonWriter::key(std::string_view name) {
    ZB_CHECK(!has_values_.empty() && !after_key_);
    begin_value();
    write_quoted(name);
    out_ += style_ == Style::kIndented ? ": " : ":";
    after_key_ = true;
    return *this;
}

JsonWriter& JsonWriter::text(std::string_view value) {
    begin_value();
    write_quoted(value);
    return *this;
}

JsonWriter& JsonWriter::raw(std::string_view value) {
    begin_value();
    out_ += value;
    return *this;
}

JsonWriter& JsonWriter::real(double value) {
    return std::isfinite(value) ? raw(fmt::format("{}", value)) : null();
}

JsonWriter& JsonWriter::open(char bracket) {
    begin_value();
    out_ += bracket;
    has_values_.push_back(false);
    return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
    ZB_CHECK(!has_values_.empty() && !after_key_);
    const bool had_values = has_values_.back();
    has_values_.pop_back();
    if (had_values) new_line();
    out_ += bracket;
    return *this;
}

void JsonWriter::begin_value() {
    if (after_key_) {
        after_key_ = false;
        return;
    }
    if (has_values_.empty()) return;
    if (has_values_.back()) out_ += ',';
    has_values_.back() = true;
    new_line();
}

void JsonWriter::new_line() {
    if (style_ == Style::kOneLine) return;
    out_ += '\n';
    out_.append(2 * has_values_.size(), ' ');
}

void JsonWriter::write_quoted(std::string_view text) {
    out_ += '"';
    while (!text.empty()) {
        const size_t bytes = utf8_bytes(text);
        const char c = text[0];
        if (bytes == 0)
            out_ += fmt::format("\\\\x{:02x}", static_cast<unsigned char>(c));
        else if (c == '"' || c == '\\')
            (out_ += '\\') += c;
        else if (c == '\n')
            out_ += "\\n";
        else if (static_cast<unsigned char>(c) < 0x20)
            out_ += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        else
            out_ += text.substr(0, bytes);
        text.remove_prefix(bytes == 0 ? 1 : bytes);
    }
    out_ += '"';
}

}  // namespace zbridge

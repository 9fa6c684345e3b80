#include "bridge/telemetry/report.h"

#include <fmt/format.h>

#include "bridge/base/check.h"

namespace zbridge::telemetry {

namespace {

// How many bytes the UTF-8 character at `at` has; 0 if it is none.
size_t utf8_length(std::string_view text, size_t at) {
    const auto first = static_cast<unsigned char>(text[at]);
    const size_t length = first < 0x80   ? 1
                          : first < 0xc2 ? 0
                          : first < 0xe0 ? 2
                          : first < 0xf0 ? 3
                          : first < 0xf5 ? 4
                                         : 0;
    if (length == 0 || at + length > text.size()) return 0;
    for (size_t i = 1; i < length; i++) {
        if ((static_cast<unsigned char>(text[at + i]) & 0xc0) != 0x80) return 0;
    }
    return length;
}

void write_string(std::string& out, std::string_view text) {
    out += '"';
    for (size_t at = 0; at < text.size();) {
        const char c = text[at];
        const size_t length = utf8_length(text, at);
        if (length == 0) {
            out += fmt::format("\\\\x{:02x}", static_cast<unsigned char>(c));
            at++;
            continue;
        }
        if (c == '"' || c == '\\')
            (out += '\\') += c;
        else if (static_cast<unsigned char>(c) < 0x20)
            out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        else
            out += text.substr(at, length);
        at += length;
    }
    out += '"';
}

void new_line(std::string& out, int indent, int depth) {
    if (indent == 0) return;
    out += '\n';
    out.append(static_cast<size_t>(indent) * static_cast<size_t>(depth), ' ');
}

}  // namespace

Report& Report::add(std::string name, Report value) {
    auto* map = std::get_if<Map>(&value_);
    ZB_CHECK(map != nullptr, name);
    map->emplace_back(std::move(name), std::move(value));
    return map->back().second;
}

Report& Report::add(Report value) {
    auto* list = std::get_if<List>(&value_);
    ZB_CHECK(list != nullptr);
    list->push_back(std::move(value));
    return list->back();
}

const Report& Report::at(std::string_view name) const {
    static const Report kNull;
    for (const auto& [key, value] : entries()) {
        if (key == name) return value;
    }
    return kNull;
}

const Report::List& Report::items() const {
    static const List kNone;
    const auto* list = std::get_if<List>(&value_);
    return list != nullptr ? *list : kNone;
}

const Report::Map& Report::entries() const {
    static const Map kNone;
    const auto* map = std::get_if<Map>(&value_);
    return map != nullptr ? *map : kNone;
}

uint64_t Report::number() const {
    if (const auto* number = std::get_if<uint64_t>(&value_)) return *number;
    if (const auto* number = std::get_if<int64_t>(&value_))
        return *number > 0 ? static_cast<uint64_t>(*number) : 0;
    return 0;
}

std::string Report::text() const {
    if (const auto* text = std::get_if<std::string>(&value_)) return *text;
    if (is_null() || std::holds_alternative<List>(value_) || std::holds_alternative<Map>(value_))
        return {};
    return json();
}

std::string Report::json(int indent) const {
    std::string out;
    write_json(out, indent, 0);
    return out;
}

void Report::write_json(std::string& out, int indent, int depth) const {
    if (is_null())
        out += "null";
    else if (const auto* boolean = std::get_if<bool>(&value_))
        out += *boolean ? "true" : "false";
    else if (const auto* integer = std::get_if<int64_t>(&value_))
        out += fmt::format("{}", *integer);
    else if (const auto* natural = std::get_if<uint64_t>(&value_))
        out += fmt::format("{}", *natural);
    else if (const auto* real = std::get_if<double>(&value_))
        out += fmt::format("{}", *real);
    else if (const auto* text = std::get_if<std::string>(&value_))
        write_string(out, *text);
    else if (const auto* list = std::get_if<List>(&value_)) {
        out += '[';
        for (size_t i = 0; i < list->size(); i++) {
            if (i > 0) out += ',';
            new_line(out, indent, depth + 1);
            (*list)[i].write_json(out, indent, depth + 1);
        }
        if (!list->empty()) new_line(out, indent, depth);
        out += ']';
    } else if (const auto* map = std::get_if<Map>(&value_)) {
        out += '{';
        for (size_t i = 0; i < map->size(); i++) {
            if (i > 0) out += ',';
            new_line(out, indent, depth + 1);
            write_string(out, (*map)[i].first);
            out += indent > 0 ? ": " : ":";
            (*map)[i].second.write_json(out, indent, depth + 1);
        }
        if (!map->empty()) new_line(out, indent, depth);
        out += '}';
    }
}

}  // namespace zbridge::telemetry

#include "bridge/plugin/option_rows.h"

#include <algorithm>
#include <set>

#include "bridge/base/utf8.h"
#include "bridge/telemetry/line.h"

namespace zbridge::plugin {

namespace {

constexpr size_t kKeyBytesMax = 63;
constexpr size_t kOptionSizeMin = offsetof(zb_option, example) + sizeof(char*);
constexpr size_t kOptionSizeMax = 4096;  // of whatever version: what is more is no size

Status wrong(std::string_view who, const std::string& what) {
    return {Code::kInvalid, std::string(who) + ": " + what};
}

bool is_word(std::string_view text) {
    const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
    return !text.empty() && is_letter(text[0]) &&
           std::all_of(text.begin(), text.end(),
                       [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '_'; });
}

// "mode", "retention.age"
bool is_key(std::string_view text) {
    if (text.size() > kKeyBytesMax) return false;
    for (size_t dot = text.find('.'); dot != std::string_view::npos; dot = text.find('.')) {
        if (!is_word(text.substr(0, dot))) return false;
        text.remove_prefix(dot + 1);
    }
    return is_word(text);
}

std::string text_of(const char* text) {
    return text == nullptr ? std::string() : std::string(text);
}

std::vector<std::string> split(std::string_view words) {
    std::vector<std::string> parts;
    for (size_t at = 0; at <= words.size();) {
        const size_t end = std::min(words.find('|', at), words.size());
        parts.emplace_back(words.substr(at, end - at));
        at = end + 1;
    }
    return parts;
}

Result<DeclaredOption> check_row(const zb_option& row, std::string_view where) {
    if (row.key == nullptr || !is_key(row.key))
        return wrong(where,
                     "`key` must be 1 to 63 of a-z, 0-9 and `_`, a letter first; dots between such "
                     "words are maps in each other");
    if (row.type > ZB_OPTION_SECRET)
        return wrong(where, "type " + std::to_string(row.type) + " is none that this bridge knows");
    if (row.help == nullptr || *row.help == '\0') return wrong(where, "`help` is missing");
    DeclaredOption option;
    option.key = row.key;
    option.type = static_cast<DeclaredOption::Type>(row.type);
    option.required = (row.flags & ZB_OPTION_REQUIRED) != 0;
    option.many = (row.flags & ZB_OPTION_MANY) != 0;
    option.map = (row.flags & ZB_OPTION_MAP) != 0;
    option.short_form = (row.flags & ZB_OPTION_SHORT) != 0;
    option.fallback = text_of(row.fallback);
    option.min = text_of(row.min);
    option.max = text_of(row.max);
    option.help = telemetry::readable(row.help);
    option.example = text_of(row.example);
    if (option.type == DeclaredOption::Type::kChoice) {
        if (row.choices == nullptr || *row.choices == '\0')
            return wrong(where, "a choice without `choices`");
        option.choices = split(row.choices);
    }
    if (option.map && (option.many || !option.fallback.empty()))
        return wrong(where, "a map is neither a list nor has a fallback");
    if (option.short_form && option.key.find('.') != std::string::npos)
        return wrong(where, "the short form is an option without dots");
    return option;
}

// A key cannot be an option, and a map of further ones; but for a list that nothing stands for where
// it is left out: a map may be written in its place.
Status check_nesting(const std::vector<DeclaredOption>& options, std::string_view who) {
    std::set<std::string> keys;
    for (const DeclaredOption& option : options) {
        if (!option.many || option.required || !option.fallback.empty()) keys.insert(option.key);
    }
    for (const DeclaredOption& option : options) {
        const std::string& key = option.key;
        for (size_t dot = key.find('.'); dot != std::string::npos; dot = key.find('.', dot + 1)) {
            const std::string above = key.substr(0, dot);
            if (keys.count(above) > 0)
                return wrong(std::string(who) + ": option " + key,
                             "`" + above + "` is an option itself, and no map");
        }
    }
    return {};
}

}  // namespace

std::string shown(std::string_view name) {
    constexpr size_t kShownBytesMax = 64;
    return telemetry::readable(cut_at_character(name, kShownBytesMax));
}

Result<std::vector<DeclaredOption>> check_options(const OptionRows& table, std::string_view who) {
    std::vector<DeclaredOption> options;
    if (table.count == 0) return options;
    if (table.count > kOptionsMax)
        return wrong(
            who, std::to_string(table.count) + " options; at most " + std::to_string(kOptionsMax));
    if (table.rows == nullptr) return wrong(who, "`options` is null, and `option_count` is not 0");
    if (table.row_bytes < kOptionSizeMin)
        return wrong(who, "its zb_option says it has " + std::to_string(table.row_bytes) +
                              " bytes; version 1.0 has " + std::to_string(kOptionSizeMin));
    if (table.row_bytes % alignof(zb_option) != 0 || table.row_bytes > kOptionSizeMax)
        return wrong(who, "its zb_option says it has " + std::to_string(table.row_bytes) +
                              " bytes: expected sizeof(zb_option)");
    std::set<std::string> keys;
    bool has_short = false;
    for (uint32_t i = 0; i < table.count; i++) {
        const auto& row = *reinterpret_cast<const zb_option*>(
            reinterpret_cast<const char*>(table.rows) + size_t{i} * table.row_bytes);
        const std::string where = std::string(who) + ": option " +
                                  (row.key == nullptr ? std::to_string(i) : shown(row.key));
        auto option = check_row(row, where);
        if (!option.ok()) return std::move(option).error();
        if (!keys.insert(option->key).second) return wrong(where, "it stands twice");
        if (option->short_form && std::exchange(has_short, true))
            return wrong(where, "another option is the short form already");
        options.push_back(*std::move(option));
    }
    if (Status status = check_nesting(options, who); !status.ok()) return status;
    return options;
}

}  // namespace zbridge::plugin

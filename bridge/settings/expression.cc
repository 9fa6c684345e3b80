#include "bridge/settings/expression.h"

#include <algorithm>
#include <cctype>
#include <string>

#include <fmt/format.h>

#include "bridge/base/nearest.h"
#include "bridge/routing/expression.h"
#include "bridge/settings/finding.h"

namespace zbridge::settings {

namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

}  // namespace

Status check_expression(std::string_view text) {
    const auto parsed = routing::parse_expression(text);
    if (parsed) return {};
    return {Code::kInvalid, fmt::format("{}: {}", in_quotes(text), parsed.error().message())};
}

bool is_literal(std::string_view expression) {
    return !expression.starts_with('$') || expression.starts_with("$$");
}

bool needs_decoding(std::string_view expression) {
    return routing::parse_expression(expression)->kind == routing::ParsedExpression::Kind::kPath;
}

Status check_template(std::string_view text) {
    for (size_t open = text.find('{'); open != std::string_view::npos;
         open = text.find('{', open + 1)) {
        const size_t close = text.find('}', open);
        if (close == std::string_view::npos) return {};
        const auto word = text.substr(open + 1, close - open - 1);
        const bool is_word = !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        });
        if (!is_word || word == "code" || word == "reason" || word == "id") continue;
        return Status(
            Code::kInvalid,
            fmt::format("{{{}}} is no placeholder: expected {{code}}, {{reason}} or {{id}}{}", word,
                        did_you_mean(word, {"code", "reason", "id"})));
    }
    return {};
}

bool is_property_name(std::string_view text) {
    constexpr size_t kNameBytesMax = 255;
    if (text.empty() || text.size() > kNameBytesMax || is_digit(text[0]) || text[0] == '-' ||
        text[0] == '.')
        return false;
    return std::all_of(text.begin(), text.end(), [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.';
    });
}

}  // namespace zbridge::settings

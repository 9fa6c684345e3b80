#include "bridge/settings/expression.h"

#include <algorithm>
#include <cctype>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "bridge/settings/finding.h"

namespace zbridge::settings {

namespace {

constexpr size_t kPathPartsMax = 64;
constexpr std::string_view kExpected =
    "expected $.path, $frame[i], $frame[i].path, $peer.user, $peer.identity, $peer.address, or $$ for a literal $";

Status wrong(std::string sentence) { return {Code::kInvalid, std::move(sentence)}; }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Takes "[12]", or where a key may stand "['any name']", off the front of `rest`; false if it is not that.
bool take_brackets(std::string_view& rest, bool key_allowed) {
    constexpr size_t kIndexDigitsMax = 6;
    if (key_allowed && (rest.starts_with("['") || rest.starts_with("[\""))) {
        const std::string closing = std::string(1, rest[1]) + "]";
        const size_t end = rest.find(closing, 2);
        if (end == std::string_view::npos) return false;
        rest.remove_prefix(end + 2);
        return true;
    }
    const size_t end = rest.find(']');
    if (!rest.starts_with('[') || end == std::string_view::npos) return false;
    const auto digits = rest.substr(1, end - 1);
    if (digits.empty() || digits.size() > kIndexDigitsMax || !std::all_of(digits.begin(), digits.end(), is_digit)) {
        return false;
    }
    rest.remove_prefix(end + 1);
    return true;
}

// ".a.b[0].c"; empty is none.
Status check_path(std::string_view rest) {
    for (size_t parts = 0; !rest.empty(); parts++) {
        if (parts == kPathPartsMax) return wrong(fmt::format("its path has more than {} parts", kPathPartsMax));
        if (rest.starts_with('[')) {
            if (!take_brackets(rest, true)) {
                return wrong("what stands in [ ] is neither an index, as [0], nor a key in quotes, as ['a b']");
            }
            continue;
        }
        if (!rest.starts_with('.')) return wrong(fmt::format("{} does not go on with `.name` or `[index]`", in_quotes(rest)));
        rest.remove_prefix(1);
        const size_t end = std::min(rest.find_first_of(".[]"), rest.size());
        if (end == 0) return wrong("a name is missing in its path: expected one behind each `.`");
        const auto name = rest.substr(0, end);
        if (std::any_of(name.begin(), name.end(), [](unsigned char c) { return c <= ' '; })) {
            return wrong("its path holds a space");
        }
        rest.remove_prefix(end);
    }
    return {};
}

}  // namespace

Status check_expression(std::string_view text) {
    if (is_literal(text)) return {};
    const auto explain = [&](Status status) {
        if (status.ok()) return status;
        return Status(Code::kInvalid, fmt::format("{}: {}", in_quotes(text), status.message()));
    };
    if (text == "$" || text.starts_with("$.") || text.starts_with("$[")) return explain(check_path(text.substr(1)));
    if (text.starts_with("$frame")) {
        auto rest = text.substr(6);
        if (!take_brackets(rest, false)) {
            return wrong(fmt::format("{}: $frame has no index: expected $frame[0] for the first", in_quotes(text)));
        }
        return explain(check_path(rest));
    }
    if (text == "$peer.user" || text == "$peer.identity" || text == "$peer.address") return {};
    if (text.starts_with("$peer")) {
        const std::vector<std::string_view> known = {"$peer.user", "$peer.identity", "$peer.address"};
        return wrong(fmt::format("{} is not known of a peer: expected {}{}", in_quotes(text), one_of(known),
                                 did_you_mean(text, known)));
    }
    return wrong(fmt::format("{} is no expression: {}", in_quotes(text), kExpected));
}

bool is_literal(std::string_view expression) {
    return !expression.starts_with('$') || expression.starts_with("$$");
}

bool needs_decoding(std::string_view expression) {
    if (expression == "$" || expression.starts_with("$.") || expression.starts_with("$[")) return true;
    const size_t index_end = expression.find(']');
    return expression.starts_with("$frame[") && index_end != std::string_view::npos && index_end + 1 < expression.size();
}

Status check_template(std::string_view text) {
    for (size_t open = text.find('{'); open != std::string_view::npos; open = text.find('{', open + 1)) {
        const size_t close = text.find('}', open);
        if (close == std::string_view::npos) return {};
        const auto word = text.substr(open + 1, close - open - 1);
        const bool is_word = !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        });
        if (!is_word || word == "code" || word == "reason" || word == "id") continue;
        return wrong(fmt::format("{{{}}} is no placeholder: expected {{code}}, {{reason}} or {{id}}{}", word,
                                 did_you_mean(word, {"code", "reason", "id"})));
    }
    return {};
}

bool is_property_name(std::string_view text) {
    constexpr size_t kNameBytesMax = 255;
    if (text.empty() || text.size() > kNameBytesMax || is_digit(text[0]) || text[0] == '-' || text[0] == '.') return false;
    return std::all_of(text.begin(), text.end(), [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.';
    });
}

}  // namespace zbridge::settings

#include "bridge/settings/environment.h"

#include <algorithm>
#include <cctype>

#include "bridge/settings/finding.h"

namespace zbridge::settings {

namespace {

bool is_variable_name(std::string_view name) {
    if (name.empty() || std::isdigit(static_cast<unsigned char>(name[0])) != 0) return false;
    return std::all_of(name.begin(), name.end(),
                       [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
}

// What stands between the braces.
Result<std::string> value_of(std::string_view inside, const Environment& environment) {
    const size_t colon = inside.find(":-");
    const std::string name(inside.substr(0, colon));
    if (!is_variable_name(name)) {
        return Status(Code::kInvalid,
                      "${" + std::string(inside) +
                          "} names no variable: expected ${NAME} or ${NAME:-default}, or $${ for "
                          "the two characters themselves");
    }
    auto value = environment(name);
    if (colon != std::string_view::npos) {
        if (!value || value->empty()) return std::string(inside.substr(colon + 2));
        return *std::move(value);
    }
    if (value) return *std::move(value);
    return Status(Code::kInvalid, "the environment variable " + name +
                                      " is not set: expected a value, or a default as ${" + name +
                                      ":-default}");
}

}  // namespace

Result<std::string> expand(std::string_view text, const Environment& environment) {
    std::string result;
    while (!text.empty()) {
        const size_t dollar = text.find('$');
        result += text.substr(0, dollar);
        if (dollar == std::string_view::npos) break;
        text.remove_prefix(dollar);
        if (text.starts_with("$${")) {
            result += "${";
            text.remove_prefix(3);
        } else if (text.starts_with("${")) {
            const size_t end = text.find('}');
            if (end == std::string_view::npos)
                return Status(Code::kInvalid,
                              "this ${ has no } behind it: within { } or [ ], put a text with ${ } "
                              "in quotes");
            auto value = value_of(text.substr(2, end - 2), environment);
            if (!value) return value;
            result += *value;
            text.remove_prefix(end + 1);
        } else {
            result += '$';
            text.remove_prefix(1);
        }
        if (result.size() > kExpandedBytesMax) {
            return Status(Code::kInvalid,
                          "the text is longer than 64 KiB, its environment variables replaced");
        }
    }
    return result;
}

}  // namespace zbridge::settings

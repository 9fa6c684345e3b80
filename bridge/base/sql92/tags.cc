#include "bridge/base/sql92/tags.h"

namespace zbridge::sql92 {

namespace {

constexpr std::string_view kBlanks = " \t\r\n\f";

bool is_word(std::string_view text) {
    return std::none_of(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte <= ' ' || byte == 0x7f ||
               std::string_view("'\"`()[]{}<>=|,+*&!;").find(c) != std::string_view::npos;
    });
}

std::string_view trimmed(std::string_view text) {
    text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
    return text.substr(0, text.find_last_not_of(kBlanks) + 1);
}

}  // namespace

std::optional<Result<Tags>> Tags::read(std::string_view text) {
    const auto error = [](size_t at, const char* what) {
        return Result<Tags>(
            Status(Code::kInvalid, "column " + std::to_string(at + 1) + ": " + what));
    };
    Tags tags;
    std::optional<size_t> missing_at;
    for (size_t at = 0; at <= text.size();) {
        const size_t end = std::min(text.find("||", at), text.size());
        const std::string_view tag = trimmed(text.substr(at, end - at));
        if (tag.empty())
            missing_at = missing_at.value_or(at);
        else if (tag == "*")
            tags.all_ = true;
        else if (is_word(tag))
            tags.tags_.emplace_back(tag);
        else
            return std::nullopt;
        at = end + 2;
    }
    if (missing_at && tags.tags_.empty() && !tags.all_)
        return error(0, "a condition or a list of tags is expected");
    if (missing_at) return error(*missing_at, "a tag is expected here");
    return Result<Tags>(std::move(tags));
}

}  // namespace zbridge::sql92

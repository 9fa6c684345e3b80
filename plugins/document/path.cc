#include "plugins/document/path.h"

#include <algorithm>
#include <charconv>

namespace zbridge::document {

namespace {

Status invalid(std::string message) {
    return {Code::kInvalid, std::move(message)};
}

// Takes "['a key']" off the front of text.
Result<PathPart> take_quoted(std::string_view& text) {
    const char quote = text[1];
    PathPart part;
    for (size_t i = 2; i < text.size(); i++) {
        if (text[i] != quote) {
            part.key += text[i];
        } else if (i + 1 < text.size() && text[i + 1] == quote) {
            part.key += text[i++];
        } else if (i + 1 < text.size() && text[i + 1] == ']') {
            text.remove_prefix(i + 2);
            return part;
        } else {
            break;
        }
    }
    return invalid(std::string("a quoted key ends with ") + quote + "]");
}

Result<PathPart> take_bracket(std::string_view& text) {
    if (text.size() > 1 && (text[1] == '\'' || text[1] == '"')) return take_quoted(text);
    const size_t end = text.find(']');
    if (end == text.npos) return invalid("a '[' without its ']'");
    const std::string_view inside = text.substr(1, end - 1);
    text.remove_prefix(end + 1);
    PathPart part;
    part.kind = inside == "*" ? PathPart::Kind::kEach : PathPart::Kind::kIndex;
    if (inside == "*") return part;
    const char* const last = inside.data() + inside.size();
    const auto read = std::from_chars(inside.data(), last, part.index);
    if (read.ec != std::errc() || read.ptr != last) {
        return invalid("'" + std::string(inside) +
                       "' is no index: a number from 0, *, or a key in quotes");
    }
    return part;
}

Result<PathPart> take_name(std::string_view& text) {
    const size_t end = std::min(text.find_first_of(".[]", 1), text.size());
    PathPart part;
    part.key = text.substr(1, end - 1);
    if (part.key.empty()) return invalid("a name is expected after '.'");
    text.remove_prefix(end);
    return part;
}

}  // namespace

Result<Path> parse_path(std::string_view text) {
    if (!text.starts_with('$')) return invalid("a path begins with $: $.customer.iban");
    text.remove_prefix(1);
    Path path;
    while (!text.empty()) {
        if (text[0] != '.' && text[0] != '[')
            return invalid("'.' or '[' is expected before '" + std::string(text) + "'");
        auto part = text[0] == '.' ? take_name(text) : take_bracket(text);
        if (!part.ok()) return std::move(part).error();
        path.push_back(std::move(*part));
        if (path.size() > kPartsMax)
            return invalid("a path has at most " + std::to_string(kPartsMax) + " parts");
    }
    if (path.empty()) return invalid("$ alone is the whole body; a path goes on: $.customer.iban");
    return path;
}

}  // namespace zbridge::document

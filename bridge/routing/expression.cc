#include "bridge/routing/expression.h"

#include <charconv>

namespace zbridge::routing {

namespace {

Status invalid(std::string message) {
    return {Code::kInvalid, std::move(message)};
}

template <class Number>
std::optional<Number> number_of(std::string_view digits) {
    Number number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    return number;
}

// Takes "['a key']" off the front of text.
Result<PathSegment> take_quoted(std::string_view& text) {
    const char quote = text[1];
    PathSegment segment;
    for (size_t i = 2; i < text.size(); i++) {
        if (text[i] != quote) {
            segment.key += text[i];
        } else if (i + 1 < text.size() && text[i + 1] == quote) {
            segment.key += text[i++];
        } else if (i + 1 < text.size() && text[i + 1] == ']') {
            text.remove_prefix(i + 2);
            return segment;
        } else {
            break;
        }
    }
    return invalid("a quoted key ends with " + std::string(1, quote) + "]");
}

Result<PathSegment> take_bracket(std::string_view& text) {
    if (text.size() > 1 && (text[1] == '\'' || text[1] == '"')) return take_quoted(text);
    const size_t end = text.find(']');
    if (end == text.npos) return invalid("a '[' without its ']'");
    const std::string_view inside = text.substr(1, end - 1);
    PathSegment segment;
    segment.index = number_of<uint64_t>(inside);
    if (!segment.index) {
        return invalid("'" + std::string(inside) +
                       "' is no index: a number from 0, or a key in quotes");
    }
    text.remove_prefix(end + 1);
    return segment;
}

Result<PathSegment> take_name(std::string_view& text) {
    const size_t end = std::min(text.find_first_of(".[]", 1), text.size());
    PathSegment segment;
    segment.key = text.substr(1, end - 1);
    if (segment.key.empty()) return invalid("a name is expected after '.'");
    text.remove_prefix(end);
    return segment;
}

Result<Path> parse_path(std::string_view text) {
    Path path;
    while (!text.empty()) {
        if (text[0] != '.' && text[0] != '[') {
            return invalid("'.' or '[' is expected before '" + std::string(text) + "'");
        }
        auto segment = text[0] == '.' ? take_name(text) : take_bracket(text);
        if (!segment.ok()) return std::move(segment).error();
        path.push_back(std::move(*segment));
        if (path.size() > kPathSegmentsMax) {
            return invalid("a path has at most " + std::to_string(kPathSegmentsMax) + " parts");
        }
    }
    return path;
}

Result<ParsedExpression> parse_frame(std::string_view rest) {
    ParsedExpression expression;
    const size_t end = rest.find(']');
    if (rest.empty() || rest[0] != '[' || end == rest.npos) {
        return invalid("a frame is written $frame[0]");
    }
    expression.frame = number_of<uint32_t>(rest.substr(1, end - 1));
    if (!expression.frame) {
        return invalid("'" + std::string(rest.substr(1, end - 1)) +
                       "' is no frame: a number from 0");
    }
    rest.remove_prefix(end + 1);
    expression.kind = rest.empty() ? ParsedExpression::Kind::kFrame : ParsedExpression::Kind::kPath;
    auto path = parse_path(rest);
    if (!path.ok()) return std::move(path).error();
    expression.path = std::move(*path);
    return expression;
}

Result<ParsedExpression> parse_peer(std::string_view name) {
    using Kind = ParsedExpression::Kind;
    ParsedExpression expression;
    if (name == ".user")
        expression.kind = Kind::kPeerUser;
    else if (name == ".identity")
        expression.kind = Kind::kPeerIdentity;
    else if (name == ".address")
        expression.kind = Kind::kPeerAddress;
    else
        return invalid("of a peer there are $peer.user, $peer.identity, $peer.address");
    return expression;
}

}  // namespace

Result<ParsedExpression> parse_expression(std::string_view text) {
    constexpr std::string_view kFrame = "$frame", kPeer = "$peer";
    ParsedExpression expression;
    if (!text.starts_with('$') || text.starts_with("$$")) {
        expression.literal = text.substr(text.starts_with("$$") ? 1 : 0);
        return expression;
    }
    if (text.starts_with(kFrame)) return parse_frame(text.substr(kFrame.size()));
    if (text.starts_with(kPeer)) return parse_peer(text.substr(kPeer.size()));
    if (text.size() > 1 && text[1] != '.' && text[1] != '[') {
        return invalid("$.name, $frame[0] or $peer.user is expected; a literal $ is written $$");
    }
    auto path = parse_path(text.substr(1));
    if (!path.ok()) return std::move(path).error();
    expression.kind = ParsedExpression::Kind::kPath;
    expression.path = std::move(*path);
    return expression;
}

}  // namespace zbridge::routing

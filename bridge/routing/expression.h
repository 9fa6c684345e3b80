// The text of a `set` value, taken apart: $.path, $frame[i], $frame[i].path,
// $peer.user|identity|address, or a literal.
//
//   $.order.lines[0].sku   a path into the frame that the route decodes; $ alone is all of it
//   $['any name'].x        a key with dots, brackets or blanks; a quote in it is doubled
//   $frame[1]              the bytes of the body's frame 1, counted from 0 after an envelope
//   $frame[1].x            a path into that frame, which is decoded as the route says
//   $$5                    the literal "$5"; a text that does not begin with $ is a literal as it
//   stands
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/result.h"

namespace zbridge::routing {

inline constexpr size_t kPathSegmentsMax = 64;  // a longer path is refused when it is read
inline constexpr size_t kFramePathsMax = 64;    // different ones into one frame, of one route

struct PathSegment {
    std::string key;                // of a map
    std::optional<uint64_t> index;  // of an array, instead

    bool operator==(const PathSegment&) const = default;
};
using Path = std::vector<PathSegment>;  // empty: the whole document

struct ParsedExpression {
    enum class Kind : uint8_t { kLiteral, kFrame, kPath, kPeerUser, kPeerIdentity, kPeerAddress };
    Kind kind = Kind::kLiteral;
    std::string literal;
    std::optional<uint32_t> frame;  // kFrame: which; kPath: none is the one the route decodes
    Path path;
};

// The error says what is wrong and what would be right.
Result<ParsedExpression> parse_expression(std::string_view text);

}  // namespace zbridge::routing

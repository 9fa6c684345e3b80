// What a route says about one message: which it takes, how it reads it, which attributes it sets.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace zbridge::routing {

enum class Codec : uint8_t { kNone, kJson, kMsgpack };

struct DecodeOptions {
    Codec as = Codec::kNone;
    std::optional<uint32_t>
        frame;  // of the body; none: frame 0 when there is one frame, else the last
};

// A `set` value: $.path, $frame[i], $frame[i].path, $peer.user|identity|address, else a literal; $$
// begins a literal $.
using Expression = std::string;

struct SetOptions {
    std::optional<Expression> id;
    std::vector<Expression> keys;
    std::optional<Expression> order_key, tag, deliver_at, delay;
    std::vector<std::pair<std::string, Expression>> properties;  // in the order of the file
    std::optional<Expression> priority;
};

struct ShapeOptions {
    std::optional<std::string> match_prefix;  // of the body's first frame
    std::optional<std::string>
        match_filter;  // SQL92 over the properties, and TAGS (bridge/base/sql92)
    DecodeOptions decode;
    SetOptions set;
    std::vector<std::string> required;  // names of attributes or properties that must be there
};

}  // namespace zbridge::routing

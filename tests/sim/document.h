// What a message says to a route that decodes it: a small document, written here byte by byte.
//
//   {"id": label, "n": 7, "kind": "a", "pad": "..."}      n and kind may be left out
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "bridge/routing/options.h"

namespace zbridge::sim {

struct Document {
    routing::Codec codec = routing::Codec::kNone;  // none: no document at all
    bool one_octet = false;                        // which msgpack takes for a number
    std::optional<uint32_t> n;                     // below 128
    std::optional<std::string> kind;
    size_t pad = 0;  // bytes of it

    bool read_as(routing::Codec as) const {
        return codec == as || (one_octet && as == routing::Codec::kMsgpack);
    }
    // The label is not longer than 31 bytes, and stands before anything that might look like one.
    std::string encode(const std::string& label) const;
};

}  // namespace zbridge::sim

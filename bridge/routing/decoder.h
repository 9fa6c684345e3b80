// Reads one encoded frame and tells a Selector what stands in it.
//
// Promise: the whole frame is checked, also what no path leads to: one value, nothing after it,
//          JSON in UTF-8 (RFC 8259). Any bytes are safe to give it. Numbers: an integer that fits
//          64 bits with sign stays one, every other number is a double (too large: undecodable) and
//          keeps its digits as text.
// Limits:  kFrameBytesMax a frame and Selector::kDepthMax: read() says false. What reading a frame
//          took is kept for the next one up to kKeptBytes of a frame; a larger one's memory (about
//          7 times its size) is given back by trim().
#pragma once

#include <memory>
#include <string_view>

#include "bridge/routing/options.h"
#include "bridge/routing/selector.h"

namespace zbridge::routing {

class Decoder {
 public:
    static constexpr size_t kFrameBytesMax = 2 << 20;
    static constexpr size_t kKeptBytes = 64 << 10;

    virtual ~Decoder() = default;
    // False: undecodable. What was found lives until the next read() or trim(), and as long as the
    // frame.
    virtual bool read(std::string_view frame, Selector& selector) = 0;
    virtual void trim() {}
};

std::unique_ptr<Decoder> make_json_decoder();
std::unique_ptr<Decoder> make_msgpack_decoder();
// REQUIRES: not kNone.
std::unique_ptr<Decoder> make_decoder(Codec codec);

}  // namespace zbridge::routing

// Messages as they stand on the wire, one after the other: where one ends.
//
// ZMTP 3 (RFC 23): a frame is a byte of flags, one byte of length or eight (big endian), its body.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "plugins/sdk/zbridge_engine.h"

namespace zbridge::durable {

struct WireSpan {
    uint64_t bytes = 0;
    uint32_t frames = 0;
    uint32_t messages = 0;
};

// The first messages of `wire`: at most `messages_max`, and no further one begins once `bytes_max`
// bytes are reached. None: it is no whole messages so far.
std::optional<WireSpan> span_of(std::string_view wire, uint32_t messages_max, uint64_t bytes_max);
// A run without its first messages; without what is behind so many, or about so many bytes. False:
// it is no whole messages.
[[nodiscard]] bool cut_front(zb_run& run, uint32_t messages);
[[nodiscard]] bool cut_back(zb_run& run, uint32_t messages_max, uint64_t bytes_max);
// The first frame's body, taken off the front with its head. REQUIRES: span_of() knew it.
std::string_view take_frame(std::string_view& wire);
// As take_frame() would take it. `more`: another one of the same message follows.
void append_frame(std::string& wire, std::string_view body, bool more);

}  // namespace zbridge::durable

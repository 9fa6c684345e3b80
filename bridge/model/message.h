// A message: the peer's frames kept exactly as they stood on the wire, headers included, shared and
// never copied.
//
// ZMTP 2.0, 3.0 and 3.1 frame messages alike (RFC 15, 23, 37), so that what one peer sent is what
// another receives.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/memory.h"

namespace zbridge {

// The octets of a frame's header: flags, then one octet of length or eight (big endian).
namespace frame_flags {
inline constexpr uint8_t kMore = 1;
inline constexpr uint8_t kLong = 2;
inline constexpr uint8_t kCommand = 4;
inline constexpr uint8_t kReserved = 0xf8;
}  // namespace frame_flags

struct Frame {
    std::string_view body;
    bool more = false;
    size_t start = 0;  // of its header, in the bytes it was read from
    size_t end = 0;    // one past its body
};

// Reads the frame at `offset` of bytes that are known to be whole, well-formed frames.
Frame frame_at(std::string_view wire, size_t offset);

// Where the message that begins at `offset` ends, of bytes that are known to be whole, well-formed
// messages.
struct MessageEnd {
    size_t end = 0;
    uint32_t frames = 0;
};
MessageEnd message_end(std::string_view wire, size_t offset);

// Appends a frame with its header.
void append_frame(std::string& wire, std::string_view body, bool more);

class Message {
 public:
    Message() = default;
    // `wire` is a whole message: `frames` frames, the last without MORE.
    Message(Slice wire, uint32_t frames) : wire_(std::move(wire)), frames_(frames) {}

    const Slice& wire() const { return wire_; }
    size_t size() const { return wire_.size(); }  // bytes, headers included
    uint32_t frames() const { return frames_; }

    Frame first() const { return frame_at(wire_.bytes(), 0); }
    std::vector<std::string_view> bodies() const;

    // The message without its first `bytes` bytes and `frames` frames.
    Message after(size_t bytes, uint32_t frames) const {
        return {wire_.from(bytes), frames_ - frames};
    }

 private:
    Slice wire_;
    uint32_t frames_ = 0;
};

// Where a request's envelope ends: everything up to and including the first empty frame (RFC 28).
struct Envelope {
    size_t bytes = 0;      // of the envelope, with the empty frame
    uint32_t frames = 0;   // likewise
    size_t delimiter = 0;  // where the empty frame's header begins
};

// None when no empty frame stands among the first `frames_max`, or nothing follows it.
std::optional<Envelope> find_envelope(const Message& message, uint32_t frames_max);

// Builds a message of these frames in the budget's memory: for tests and for what the bridge itself
// says.
Message make_message(MemoryBudget& memory, const std::vector<std::string_view>& frames);

}  // namespace zbridge

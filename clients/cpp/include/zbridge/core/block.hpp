// Application messages in a block, one behind the other, as ZMTP writes them.
//
// docs/PROTOCOL.md, "Messages"; its golden bytes are checked in tests/clients/cpp.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "../errors.hpp"

namespace zbridge::client::core {

// A block that came: its octets, and what keeps them.
struct Block {
    std::shared_ptr<const void> owner;
    std::string_view octets;
};

inline void append_big_endian(std::string& to, uint64_t number) {
    for (int shift = 56; shift >= 0; shift -= 8)
        to += static_cast<char>(number >> shift & 0xff);
}

inline uint64_t read_big_endian(std::string_view eight) {
    uint64_t number = 0;
    for (const char each : eight)
        number = number << 8 | static_cast<unsigned char>(each);
    return number;
}

// The octets of one frame in a block.
inline size_t part_size(std::string_view frame) {
    return frame.size() + (frame.size() < 256 ? 2 : 9);
}

// One frame of a message; `more`: others follow.
inline void append_part(std::string& block, std::string_view frame, bool more) {
    if (frame.size() < 256) {
        block += static_cast<char>(more ? 1 : 0);
        block += static_cast<char>(frame.size());
    } else {
        block += static_cast<char>(more ? 3 : 2);
        append_big_endian(block, frame.size());
    }
    block += frame;
}

// A message of at least one frame.
inline void append_message(std::string& block, const std::vector<std::string>& frames) {
    for (size_t at = 0; at < frames.size(); at++)
        append_part(block, frames[at], at + 1 < frames.size());
}

// One frame at the beginning of what is left of a block.
struct Part {
    std::string_view frame;
    size_t size = 0;  // with its flags and its length
    bool more = false;
};

inline Part read_part(std::string_view left) {
    const unsigned flags = static_cast<unsigned char>(left[0]);
    if (flags > 3) throw Violation("a block with other flags than there are");
    const size_t start = flags < 2 ? 2 : 9;
    if (left.size() < start) throw Violation("a block that ends in a length");
    const uint64_t length =
        flags < 2 ? static_cast<unsigned char>(left[1]) : read_big_endian(left.substr(1, 8));
    if (length > left.size() - start) throw Violation("a length that reaches beyond the block");
    const size_t size = static_cast<size_t>(length);
    return {left.substr(start, size), start + size, (flags & 1) != 0};
}

// The messages of a block, in turn: next(), then what there is to say of it.
class BlockReader {
 public:
    explicit BlockReader(std::string_view block) : left_(block) {}

    bool next() {
        if (left_.empty()) return false;
        size_t size = 0;
        for (bool more = true; more;) {
            if (size == left_.size()) throw Violation("a block that ends behind a part-more");
            const Part part = read_part(left_.substr(size));
            size += part.size;
            more = part.more;
            last_ = part.frame;
        }
        message_ = left_.substr(0, size);
        left_.remove_prefix(size);
        return true;
    }

    std::string_view message() const { return message_; }  // as it stands in the block
    std::string_view last() const { return last_; }        // its last frame

 private:
    std::string_view left_;
    std::string_view message_;
    std::string_view last_;
};

// The frames of one message as it stands in a block.
inline std::vector<std::string_view> frames_of(std::string_view message) {
    std::vector<std::string_view> frames;
    while (!message.empty()) {
        const Part part = read_part(message);
        frames.push_back(part.frame);
        message.remove_prefix(part.size);
    }
    return frames;
}

}  // namespace zbridge::client::core

#include "bridge/protocol/message_block.h"

#include "bridge/model/message.h"

namespace zbridge::protocol {

std::optional<uint32_t> count_messages(std::string_view block) {
    constexpr uint8_t kKnown = frame_flags::kMore | frame_flags::kLong;
    uint32_t messages = 0;
    bool more = false;
    for (size_t at = 0; at < block.size();) {
        const auto octet = [&](size_t i) { return static_cast<uint8_t>(block[at + i]); };
        const uint8_t flags = octet(0);
        const bool is_long = (flags & frame_flags::kLong) != 0;
        const size_t head = is_long ? 9 : 2;
        if ((flags & ~kKnown) != 0 || head > block.size() - at) return std::nullopt;
        uint64_t bytes = octet(1);
        for (size_t i = 2; is_long && i < head; i++)
            bytes = bytes << 8 | octet(i);
        if (bytes > block.size() - at - head) return std::nullopt;
        at += head + bytes;
        more = (flags & frame_flags::kMore) != 0;
        if (!more) messages++;
    }
    if (more) return std::nullopt;
    return messages;
}

}  // namespace zbridge::protocol

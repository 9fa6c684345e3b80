#include "plugins/durable/topics/wire.h"

#include <cstddef>

namespace zbridge::durable {

namespace {

constexpr uint8_t kMore = 1;
constexpr uint8_t kLong = 2;
constexpr size_t kLongHeadBytes = 9;

uint8_t byte_at(std::string_view wire, size_t at) {
    return static_cast<uint8_t>(wire[at]);
}

}  // namespace

std::optional<WireSpan> span_of(std::string_view wire, uint32_t messages_max, uint64_t bytes_max) {
    WireSpan span;
    size_t at = 0;
    while (span.messages < messages_max && at < bytes_max && at < wire.size()) {
        bool more = true;
        while (more) {
            if (wire.size() - at < 2) return std::nullopt;
            const uint8_t flags = byte_at(wire, at);
            more = (flags & kMore) != 0;
            uint64_t size = byte_at(wire, at + 1);
            size_t head = 2;
            if ((flags & kLong) != 0) {
                head = kLongHeadBytes;
                if (wire.size() - at < head) return std::nullopt;
                size = 0;
                for (size_t i = 1; i < head; i++)
                    size = size << 8 | byte_at(wire, at + i);
            }
            if (size > wire.size() - at - head) return std::nullopt;
            at += head + static_cast<size_t>(size);
            span.frames++;
        }
        span.messages++;
    }
    span.bytes = at;
    return span;
}

}  // namespace zbridge::durable

#include "plugins/durable/topics/wire.h"

#include <algorithm>
#include <cstddef>

namespace zbridge::durable {

namespace {

constexpr uint8_t kMore = 1;
constexpr uint8_t kLong = 2;
constexpr size_t kLongHeadBytes = 9;

uint8_t byte_at(std::string_view wire, size_t at) {
    return static_cast<uint8_t>(wire[at]);
}

struct Head {
    bool more = false;
    size_t bytes = 0;
    uint64_t body_bytes = 0;
};

std::optional<Head> head_at(std::string_view wire, size_t at) {
    const size_t left = wire.size() - at;
    if (left < 2) return std::nullopt;
    const uint8_t flags = byte_at(wire, at);
    Head head{(flags & kMore) != 0, 2, byte_at(wire, at + 1)};
    if ((flags & kLong) != 0) {
        head.bytes = kLongHeadBytes;
        if (left < head.bytes) return std::nullopt;
        head.body_bytes = 0;
        for (size_t i = 1; i < head.bytes; i++)
            head.body_bytes = head.body_bytes << 8 | byte_at(wire, at + i);
    }
    if (head.body_bytes > left - head.bytes) return std::nullopt;
    return head;
}

}  // namespace

std::optional<WireSpan> span_of(std::string_view wire, uint32_t messages_max, uint64_t bytes_max) {
    WireSpan span;
    size_t at = 0;
    while (span.messages < messages_max && at < bytes_max && at < wire.size()) {
        bool more = true;
        while (more) {
            const auto head = head_at(wire, at);
            if (!head) return std::nullopt;
            more = head->more;
            at += head->bytes + static_cast<size_t>(head->body_bytes);
            span.frames++;
        }
        span.messages++;
    }
    span.bytes = at;
    return span;
}

std::string_view take_frame(std::string_view& wire) {
    const Head head = head_at(wire, 0).value();
    const std::string_view body = wire.substr(head.bytes, static_cast<size_t>(head.body_bytes));
    wire.remove_prefix(head.bytes + body.size());
    return body;
}

void append_frame(std::string& wire, std::string_view body, bool more) {
    const bool is_long = body.size() > UINT8_MAX;
    wire += static_cast<char>((more ? kMore : 0) | (is_long ? kLong : 0));
    for (size_t bytes = is_long ? kLongHeadBytes - 1 : 1; bytes > 0; bytes--)
        wire += static_cast<char>(uint64_t{body.size()} >> 8 * (bytes - 1));
    wire += body;
}

bool cut_front(zb_run& run, uint32_t messages) {
    if (messages == 0) return true;
    const auto span = span_of({run.wire, run.bytes}, messages, UINT64_MAX);
    if (!span || span->messages != messages || span->frames >= run.frames) return false;
    run.wire += span->bytes;
    run.bytes -= span->bytes;
    run.frames -= span->frames;
    run.count -= messages;
    run.first_offset += messages;
    run.first_sequence += messages;
    return true;
}

bool cut_back(zb_run& run, uint32_t messages_max, uint64_t bytes_max) {
    if (run.count <= messages_max && run.bytes <= bytes_max) return true;
    const auto span = span_of({run.wire, run.bytes}, std::min(run.count, messages_max), bytes_max);
    if (!span) return false;
    run.bytes = span->bytes;
    run.frames = span->frames;
    run.count = span->messages;
    return true;
}

}  // namespace zbridge::durable

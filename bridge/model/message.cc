#include "bridge/model/message.h"

namespace zbridge {

Frame frame_at(std::string_view wire, size_t offset) {
    ZB_CHECK(offset + 2 <= wire.size(), offset, wire.size());
    const auto octet = [&](size_t i) { return static_cast<uint8_t>(wire[offset + i]); };
    const uint8_t flags = octet(0);
    size_t header = 2;
    uint64_t length = octet(1);
    if (flags & frame_flags::kLong) {
        header = 9;
        ZB_CHECK(offset + header <= wire.size(), offset, wire.size());
        length = 0;
        for (size_t i = 1; i <= 8; i++)
            length = length << 8 | octet(i);
    }
    ZB_CHECK(length <= wire.size() - offset - header, length, offset, wire.size());
    return {wire.substr(offset + header, length), (flags & frame_flags::kMore) != 0, offset,
            offset + header + length};
}

MessageEnd message_end(std::string_view wire, size_t offset) {
    MessageEnd message{offset, 0};
    for (bool more = true; more; message.frames++) {
        const Frame frame = frame_at(wire, message.end);
        message.end = frame.end;
        more = frame.more;
    }
    return message;
}

void append_frame(std::string& wire, std::string_view body, bool more) {
    const uint8_t flags = more ? frame_flags::kMore : 0;
    if (body.size() <= 255) {
        wire += static_cast<char>(flags);
        wire += static_cast<char>(body.size());
    } else {
        wire += static_cast<char>(flags | frame_flags::kLong);
        for (int shift = 56; shift >= 0; shift -= 8) {
            wire += static_cast<char>(static_cast<uint64_t>(body.size()) >> shift);
        }
    }
    wire += body;
}

std::vector<std::string_view> Message::bodies() const {
    std::vector<std::string_view> bodies;
    bodies.reserve(frames_);
    for (size_t at = 0; at < wire_.size();) {
        const Frame frame = frame_at(wire_.bytes(), at);
        bodies.push_back(frame.body);
        at = frame.end;
    }
    return bodies;
}

std::optional<Envelope> find_envelope(const Message& message, uint32_t frames_max) {
    const std::string_view wire = message.wire().bytes();
    Envelope envelope;
    for (size_t at = 0; at < wire.size() && envelope.frames < frames_max;) {
        const Frame frame = frame_at(wire, at);
        envelope.frames++;
        if (!frame.more) return std::nullopt;
        if (frame.body.empty()) {
            envelope.delimiter = frame.start;
            envelope.bytes = frame.end;
            return envelope;
        }
        at = frame.end;
    }
    return std::nullopt;
}

Message make_message(MemoryBudget& memory, const std::vector<std::string_view>& frames) {
    ZB_CHECK(!frames.empty());
    std::string wire;
    for (size_t i = 0; i < frames.size(); i++) {
        append_frame(wire, frames[i], i + 1 < frames.size());
    }
    return {memory.copy(wire), static_cast<uint32_t>(frames.size())};
}

}  // namespace zbridge

#include "bridge/net/zmtp/cut.h"

#include "bridge/model/message.h"

namespace zbridge::net::zmtp {

namespace {

constexpr uint64_t kCommandBytesMax = 64 * 1024;  // the largest real one is a READY with metadata

Cut refused(Refusal refusal) {
    Cut cut;
    cut.kind = Cut::Kind::kRefused;
    cut.refusal = refusal;
    return cut;
}

Cut partial(size_t needed) {
    Cut cut;
    cut.size = needed;
    return cut;
}

}  // namespace

Cut cut_next(std::string_view bytes, const PeerLimits& limits) {
    const auto* octets = reinterpret_cast<const unsigned char*>(bytes.data());
    size_t at = 0;
    uint32_t frames = 0;
    for (;;) {
        if (bytes.size() < at + 2) return partial(at + 2);
        const unsigned flags = octets[at];
        if (flags & frame_flags::kReserved) return refused(Refusal::kMalformed);
        size_t header = 2;
        uint64_t length = octets[at + 1];
        if (flags & frame_flags::kLong) {
            header = 9;
            if (bytes.size() < at + header) return partial(at + header);
            length = 0;
            for (size_t i = 1; i <= 8; i++) length = length << 8 | octets[at + i];
        }
        const bool command = (flags & frame_flags::kCommand) != 0;
        if (command && (flags & frame_flags::kMore)) return refused(Refusal::kMalformed);
        if (length > (command ? kCommandBytesMax : limits.frame_bytes_max)) {
            return refused(Refusal::kTooLarge);
        }
        const size_t end = at + header + length;
        if (!command) {
            if (end > limits.message_bytes_max) return refused(Refusal::kTooLarge);
            if (++frames > limits.frames_max) return refused(Refusal::kTooManyFrames);
        }
        if (bytes.size() < end) return partial(end);
        if (command) {
            Cut cut;
            cut.kind = frames == 0 ? Cut::Kind::kCommand : Cut::Kind::kInterleaved;
            cut.size = end;
            cut.command_start = at;
            cut.command_size = end - at;
            cut.command_body = at + header;
            return cut;
        }
        at = end;
        if (!(flags & frame_flags::kMore)) {
            Cut cut;
            cut.kind = Cut::Kind::kMessage;
            cut.size = end;
            cut.frames = frames;
            return cut;
        }
    }
}

}  // namespace zbridge::net::zmtp

#include "bridge/net/zmtp/cut.h"

#include <cstring>
#include <optional>

#include "bridge/model/message.h"

namespace zbridge::net::zmtp {

namespace {

constexpr uint64_t kCommandBytesMax = 64 * 1024;  // the largest real one is a READY with metadata

struct Header {
    unsigned flags = 0;
    size_t size = 2;
    uint64_t length = 0;  // of the body
    bool has(unsigned flag) const { return (flags & flag) != 0; }
    bool command() const { return has(frame_flags::kCommand); }
};

// Of the frame at `at`; none, and how many bytes it takes in `needed`, while it is not whole.
std::optional<Header> header_at(std::string_view bytes, size_t at, size_t& needed) {
    const auto octet = [&](size_t i) { return static_cast<unsigned char>(bytes[at + i]); };
    Header header;
    needed = at + header.size;
    if (bytes.size() < needed) return std::nullopt;
    header.flags = octet(0);
    header.length = octet(1);
    if (!header.has(frame_flags::kLong)) return header;
    header.size = 9;
    needed = at + header.size;
    if (bytes.size() < needed) return std::nullopt;
    header.length = 0;
    for (size_t i = 1; i <= 8; i++)
        header.length = header.length << 8 | octet(i);
    return header;
}

std::optional<Refusal> malformed(const Header& header) {
    if (header.has(frame_flags::kReserved)) return Refusal::kMalformed;
    if (!header.command()) return std::nullopt;
    if (header.has(frame_flags::kMore)) return Refusal::kMalformed;
    if (header.length > kCommandBytesMax) return Refusal::kTooLarge;
    return std::nullopt;
}

Cut refused(Refusal refusal) {
    Cut cut;
    cut.kind = Cut::Kind::kRefused;
    cut.refusal = refusal;
    return cut;
}

}  // namespace

Cut cut_next(std::string_view bytes, const PeerLimits& limits, CutFrom from) {
    Cut cut;
    for (cut.from = from;;) {
        const size_t at = cut.from.at;
        const auto header = header_at(bytes, at, cut.size);
        // The flags stand first: what is wrong with them need not wait for the rest.
        if (!header && bytes.size() > at &&
            (static_cast<unsigned char>(bytes[at]) & frame_flags::kReserved)) {
            return refused(Refusal::kMalformed);
        }
        if (!header) return cut;
        if (const auto wrong = malformed(*header)) return refused(*wrong);
        if (!header->command()) {
            if (header->length > limits.frame_bytes_max) return refused(Refusal::kTooLarge);
            if (cut.from.frames >= limits.frames_max) return refused(Refusal::kTooManyFrames);
        }
        const size_t end = at + header->size + header->length;
        if (!header->command() && end > limits.message_bytes_max)
            return refused(Refusal::kTooLarge);
        cut.size = end;
        if (bytes.size() < end) return cut;
        if (header->command()) {
            cut.kind = cut.from.frames == 0 ? Cut::Kind::kCommand : Cut::Kind::kInterleaved;
            cut.command_body = at + header->size;
            return cut;
        }
        cut.from = {end, cut.from.frames + 1};
        if (!header->has(frame_flags::kMore)) {
            cut.kind = Cut::Kind::kMessage;
            cut.frames = cut.from.frames;
            return cut;
        }
    }
}

size_t take_out_commands(char* bytes, size_t size, size_t at,
                         const std::function<bool(std::string_view)>& on_command) {
    const std::string_view all(bytes, size);
    size_t kept = at, needed = 0;
    for (bool more = true; more;) {
        const auto header = header_at(all, at, needed);
        if (!header || malformed(*header) || header->length > size - at - header->size) break;
        const size_t end = at + header->size + header->length;
        if (header->command()) {
            if (!on_command(all.substr(at + header->size, header->length))) return size;
        } else {
            std::memmove(bytes + kept, bytes + at, end - at);
            kept += end - at;
            more = header->has(frame_flags::kMore);
        }
        at = end;
    }
    std::memmove(bytes + kept, bytes + at, size - at);
    return kept + size - at;
}

}  // namespace zbridge::net::zmtp

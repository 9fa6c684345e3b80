#include "bridge/rpc/frames.h"

#include <algorithm>
#include <array>
#include <string>

namespace zbridge::rpc {

std::optional<RequestFrames> read_request(const Message& message, bool raw) {
    if (raw) return RequestFrames{.delimited = false};
    // The whole message may be searched: the endpoint has limited its frames already.
    const auto envelope = find_envelope(message, message.frames());
    if (!envelope) return std::nullopt;
    return RequestFrames{.envelope_bytes = envelope->bytes,
                         .body_from = envelope->delimiter,
                         .envelope_frames = envelope->frames};
}

WorkerFrames read_worker(const Slice& wire, size_t offset) {
    const Frame first = frame_at(wire.bytes(), offset);
    WorkerFrames frames{.corr = Corr::decode(first.body), .reply = std::nullopt};
    if (!frames.corr || !first.more) return frames;
    const Frame delimiter = frame_at(wire.bytes(), first.end);
    if (!delimiter.body.empty() || !delimiter.more) return frames;
    frames.reply = ReplyFrames{wire, delimiter.start, delimiter.end};
    return frames;
}

Slice head_for_worker(MemoryBudget& memory, std::string_view worker_envelope, const Corr& corr,
                      bool delimited) {
    constexpr size_t kCorrFrame = 2 + Corr::kBytes;
    std::array<char, kCorrFrame + 2> head{static_cast<char>(frame_flags::kMore), Corr::kBytes};
    const auto bytes = corr.encode();
    std::copy(bytes.begin(), bytes.end(), head.begin() + 2);
    head[kCorrFrame] = static_cast<char>(frame_flags::kMore);  // and a length of 0: the empty frame
    const std::string_view corr_frames(head.data(), delimited ? kCorrFrame : head.size());
    if (worker_envelope.empty()) return memory.copy(corr_frames);
    std::string with_envelope(worker_envelope);
    with_envelope += corr_frames;
    return memory.copy(with_envelope);
}

}  // namespace zbridge::rpc

// The frames of a service, as they stand on the wire (RFC 28 for the envelope):
//
//   client -> bridge   [envelope...][""][body...]            raw: [body...]
//   bridge -> worker   [corr][""][body...]                   a REQ worker: its own envelope first
//   worker -> bridge   the same
//   bridge -> client   [envelope...][""][reply...]           raw: [reply...]
// Bodies are shared, never copied: what goes out is a new head and the rest of what came in.
#pragma once

#include <optional>
#include <string_view>

#include "bridge/model/corr.h"
#include "bridge/model/message.h"
#include "bridge/rpc/request.h"

namespace zbridge::rpc {

// Where the parts of a client's message are.
struct RequestFrames {
    size_t envelope_bytes = 0;     // up to and including the empty frame
    size_t body_from = 0;          // where the empty frame begins; raw: 0
    uint32_t envelope_frames = 0;  // with the empty one
    bool delimited = true;
    Duration timeout{};  // how long its client waits for the answer; 0: it does not say
};

// None: there is no empty frame, or no body behind it. `raw` takes all of it as body.
std::optional<RequestFrames> read_request(const Message& message, bool raw);

struct WorkerFrames {
    std::optional<Corr> corr{};               // of the first frame; none: this is no reply
    std::optional<ReplyFrames> reply{};       // none: no empty frame or no body behind it
    std::optional<std::string_view> error{};  // or: why it could not be done
};

// Reads a worker's message from `offset` on, which is behind a REQ worker's envelope.
WorkerFrames read_worker(const Slice& wire, size_t offset);

// What stands before a request's own bytes when it goes to a worker.
Slice head_for_worker(MemoryBudget& memory, std::string_view worker_envelope, const Corr& corr,
                      bool delimited);

}  // namespace zbridge::rpc

// Refusal: what the bridge answers to a peer's mistake or a full limit. Named, counted, on the
// wire, never silent.
//
// The one table of codes: counters, log lines, error templates of services and the docs use these
// names.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace zbridge {

// X(enumerator, name on the wire and in counters, what it means)
#define ZB_REFUSALS(X)                                                                            \
    X(kMalformed, "malformed", "bytes or frames that the protocol does not allow")                \
    X(kTooLarge, "too_large", "a frame or message above the endpoint's limit")                    \
    X(kTooManyFrames, "too_many_frames", "a message of more frames than the endpoint's limit")    \
    X(kVersion, "version", "a version of the protocol that is not served")                        \
    X(kMechanism, "mechanism", "a security mechanism that the endpoint does not serve")           \
    X(kWrongType, "wrong_type", "a socket type that the endpoint does not serve")                 \
    X(kHandshakeTimeout, "handshake_timeout", "the handshake did not end in time")                \
    X(kTooManyPeers, "too_many_peers", "the endpoint or the bridge has as many peers as allowed") \
    X(kIdentityTaken, "identity_taken", "another peer has this identity")                         \
    X(kReplaced, "replaced", "a newer connection of the same peer took its identity")             \
    X(kSubscriptions, "subscriptions_full", "more subscriptions, or bytes of them, than allowed") \
    X(kHeartbeat, "heartbeat_timeout", "the peer was silent for longer than it had promised")     \
    X(kUnreachable, "unreachable", "the peer's machine no longer acknowledges what it is sent")   \
    X(kStalled, "stalled", "the peer stopped in the middle of a message while memory was short")  \
    X(kMemory, "memory", "the bridge's memory budget is used up")                                 \
    X(kOutboxFull, "outbox_full", "the peer takes its messages too slowly")                       \
    X(kLineFull, "line_full", "as many messages wait as allowed")                                 \
    X(kReturned, "undeliverable", "nobody is left who could take it")                             \
    X(kNoRoute, "no_route", "no route takes messages from this endpoint")                         \
    X(kNoMatch, "no_match", "the message matches no route of this endpoint")                      \
    X(kUndecodable, "undecodable", "the message is not what the route's decode says")             \
    X(kMissing, "missing", "an attribute that the route requires is missing")                     \
    X(kStepRefused, "refused", "a step of the route refused the message")                         \
    X(kStepFailed, "step_failed", "a step of the route could not do its work")                    \
    X(kRejected, "rejected", "the sink will never take the message")                              \
    X(kNoEnvelope, "no_envelope", "a request without an empty frame before its body")             \
    X(kBusy, "busy", "the service's line is full")                                                \
    X(kNoWorker, "no_worker", "no worker took the request in time")                               \
    X(kTimeout, "timeout", "no reply in time")                                                    \
    X(kWorkerLost, "worker_lost", "the worker went away with the request")                        \
    X(kFailed, "failed", "the worker could not do what was asked")                                \
    X(kClientGone, "client_gone", "the client went away before its answer")                       \
    X(kSuperseded, "superseded", "the client sent another request instead of waiting")            \
    X(kLateReply, "late_reply", "a reply whose request has ended")                                \
    X(kStale, "stale", "a settlement whose token is of no delivery that is open")                 \
    X(kDenied, "denied", "the peer may not do this")                                              \
    X(kUnsupported, "unsupported", "a command or feature that this bridge does not serve")        \
    X(kOutOfState, "out_of_state", "a command that may not come now")                             \
    X(kOutOfRange, "out_of_range", "a number outside of what is allowed")                         \
    X(kNotFound, "not_found", "there is nothing of that name")                                    \
    X(kTopicFull, "topic_full", "the topic holds as much as it may")                              \
    X(kUnconfigured, "unconfigured", "the topic is kept, but it is not in the file any more")     \
    X(kUnable, "unable", "the topic cannot do what the message asks for")                         \
    X(kStoreFailed, "store_failed", "the store can no longer promise to keep anything")           \
    X(kStoreFull, "store_full", "the store has no room")                                          \
    X(kUnresumable, "unresumable", "nobody can be told apart as the one to answer")               \
    X(kShuttingDown, "shutting_down", "the bridge is ending")                                     \
    X(kKicked, "kicked", "somebody who runs the bridge ended the connection")

enum class Refusal : uint8_t {
#define ZB_X(id, name, text) id,
    ZB_REFUSALS(ZB_X)
#undef ZB_X
};

inline constexpr size_t kRefusalCount = 0
#define ZB_X(id, name, text) +1
    ZB_REFUSALS(ZB_X)
#undef ZB_X
    ;

std::string_view name_of(Refusal refusal);     // "too_large"
std::string_view meaning_of(Refusal refusal);  // a sentence for people

// How often each refusal was given at one place.
class RefusalCounts {
 public:
    void add(Refusal refusal, uint64_t times = 1) {
        counts_[static_cast<size_t>(refusal)] += times;
    }
    uint64_t of(Refusal refusal) const { return counts_[static_cast<size_t>(refusal)]; }
    uint64_t total() const;

 private:
    std::array<uint64_t, kRefusalCount> counts_{};
};

}  // namespace zbridge

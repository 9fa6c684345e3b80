// What a service looks like from outside: counts since it began, and what is there now.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "bridge/model/ids.h"
#include "bridge/model/refusal.h"
#include "bridge/model/socket_type.h"

namespace zbridge::rpc {

// Why a worker's reply went to nobody. X(enumerator, name in counters)
#define ZB_LATE_REASONS(X)                                                                     \
    X(kEnded, "ended")                 /* its request has ended, one way or another */         \
    X(kDuplicate, "duplicate")         /* its request has been answered already */             \
    X(kOtherAttempt, "other_attempt")  /* it went on to another worker, and has ended since */ \
    X(kSuperseded, "superseded")       /* the client sent another request instead */           \
    X(kUndeliverable, "undeliverable") /* the client has gone */                               \
    X(kEarlierLife, "earlier_life")    /* asked before the bridge was started again */         \
    X(kUnknown, "unknown")             /* never asked */

enum class LateReason : uint8_t {
#define ZB_X(id, name) id,
    ZB_LATE_REASONS(ZB_X)
#undef ZB_X
};

inline constexpr size_t kLateReasonCount = 0
#define ZB_X(id, name) +1
    ZB_LATE_REASONS(ZB_X)
#undef ZB_X
    ;

std::string_view name_of(LateReason reason);

// How often each reason was given.
class LateCounts {
 public:
    void add(LateReason reason) { counts_[static_cast<size_t>(reason)]++; }
    uint64_t of(LateReason reason) const { return counts_[static_cast<size_t>(reason)]; }
    uint64_t total() const;

 private:
    std::array<uint64_t, kLateReasonCount> counts_{};
};

struct ServiceStatus {
    // now
    size_t waiting = 0;     // in the line, or being stored
    size_t in_work = 0;     // with a worker, or their reply may still come
    size_t joined = 0;      // repeats that wait for another's reply
    size_t unanswered = 0;  // of all these: those that a client waits for
    size_t clients = 0, clients_away = 0;
    size_t workers = 0, workers_free = 0;
    size_t kept_answers = 0;  // replies for clients that are away
    size_t dedup_entries = 0;
    uint64_t dedup_bytes = 0;  // of keys and stored replies

    // Since the service began; what was recovered counts as accepted. Each accepted request ends
    // once:
    // accepted = answered + ended.total() + unanswered + kept_answers.
    uint64_t accepted = 0;
    uint64_t answered = 0;      // a reply was put into the client's outbox
    RefusalCounts ended;        // accepted, and ended without one
    RefusalCounts refused;      // not accepted; and what workers did wrong
    uint64_t recovered = 0;     // of accepted: by a life before
    uint64_t timed_out = 0;     // of ended: at their deadline
    uint64_t retried = 0;       // deliveries after the first
    uint64_t returned = 0;      // never reached their worker, and went to the next one
    uint64_t settled_late = 0;  // of answered: by a worker that was lost or too slow
    LateCounts late;            // replies that went to nobody
    // Answers, errors among them, that were in a client's outbox or kept of one, and that it did
    // not take before it went for good or asked anew. Counted as answered or ended before.
    uint64_t dropped_gone = 0;
    uint64_t dedup_repeats = 0;  // of accepted: joined one that ran, or got a stored reply
    uint64_t dedup_dropped = 0;  // entries that went before their window was over

    bool paused = false;  // workers are given nothing, as was asked for
};

struct WorkerStatus {
    PeerId peer;
    SocketType type = SocketType::kRep;
    size_t held = 0;  // requests it has not replied to
    uint32_t credit = 1;
    bool free = false;
    uint64_t answered = 0;
};

}  // namespace zbridge::rpc

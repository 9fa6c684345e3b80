// What the application wants delivered: a subscription that goes on, a fetch that is answered once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lent.hpp"

namespace zbridge::client::core {

// How long messages are lent, and for how long leases are kept up.
struct Lease {
    std::optional<uint64_t> lease_ms;  // none: the group's
    uint64_t auto_extend_ms = 0;       // from the delivery on; 0: not at all
};

// What is delivered under it and waits for the application.
struct Subscription {
    uint64_t sub = 0;
    uint32_t group = 0;
    uint64_t credit = 0;
    Lease lease;
    bool attributes = false;  // are delivered with them
    bool asked = false;       // SUBSCRIBE is said on this connection
    bool is_open = false;     // SUBSCRIBED is heard on it
    bool is_left = false;     // UNSUBSCRIBE is said on it
    Failure failure;          // closed, or refused
    std::deque<LentPtr> buffer;
};

using SubscriptionPtr = std::shared_ptr<Subscription>;

// A RECEIVE: what came, at most `max`; nothing where nothing came until the deadline.
struct Fetch {
    uint32_t group = 0;
    uint64_t max = 1;
    uint64_t deadline_ms = 0;
    Lease lease;
    bool attributes = false;
    // What the bridge knows it by over connections: another for each time it is not the same again.
    uint64_t attempt = 0;
    bool again = false;  // it was asked on a connection that is lost, and its answer never came
    bool done = false;
    Failure failure;
    std::vector<LentPtr> lent;

    void finish(const Failure& why) {
        if (done) return;
        done = true;
        failure = why;
    }
};

using FetchPtr = std::shared_ptr<Fetch>;

}  // namespace zbridge::client::core

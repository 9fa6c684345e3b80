// Deadlines of those requests whose clients wait for less than the service's timeout: each its own, in a
// set. The others are in a DueLine, which costs less.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <utility>

#include "bridge/base/clock.h"
#include "bridge/base/timers.h"
#include "bridge/rpc/request.h"

namespace zbridge::rpc {

class OwnDeadlines {
 public:
    // `on_due` gets each request when it is due; it is out of the set by then.
    OwnDeadlines(const Clock& clock, Timers& timers, std::function<void(Request&)> on_due)
        : clock_(clock), on_due_(std::move(on_due)), timer_(timers, [this] { run(); }) {}

    // REQUIRES: it has no deadline.
    void add(Request& request, Instant due) {
        request.deadline = due;
        request.own_deadline = true;
        requests_.insert({due, request.number, &request});
        if (!timer_.armed() || due < timer_.due()) timer_.arm(due);
    }
    // REQUIRES: it is here.
    void remove(Request& request) {
        request.own_deadline = false;
        requests_.erase({request.deadline, request.number, &request});
    }

 private:
    struct Entry {
        Instant due{};
        uint64_t number = 0;
        Request* request = nullptr;
        bool operator<(const Entry& other) const {
            return std::pair(due, number) < std::pair(other.due, other.number);
        }
    };

    // The timer is not moved when a request ends in time: it fires once for nothing.
    void run() {
        while (!requests_.empty() && requests_.begin()->due <= clock_.now()) {
            Request& request = *requests_.begin()->request;
            remove(request);
            on_due_(request);  // may add, remove and end requests
        }
        if (!requests_.empty()) timer_.arm(requests_.begin()->due);
    }

    const Clock& clock_;
    std::function<void(Request&)> on_due_;
    std::set<Entry> requests_;
    Timer timer_;
};

}  // namespace zbridge::rpc

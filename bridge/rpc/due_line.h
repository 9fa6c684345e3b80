// Items that are all due the same time after they were put in: a deadline for each of many
// thousands, one Timer for all.
//
// The timer is not moved when the first item is taken out early: it fires once for nothing and is
// armed anew. So an item that comes and goes in time costs two list operations and no work on the
// timers' heap.
#pragma once

#include <functional>
#include <utility>

#include "bridge/base/clock.h"
#include "bridge/base/timers.h"
#include "bridge/rpc/linked_list.h"

namespace zbridge::rpc {

template <class T, Link<T> T::*kLink, Instant T::*kDue>
class DueLine {
    using List = LinkedList<T, kLink>;

 public:
    // `on_due` gets each item when it is due; it is out of the line by then.
    DueLine(const Clock& clock, Timers& timers, std::function<void(T&)> on_due)
        : clock_(clock), on_due_(std::move(on_due)), timer_(timers, [this] { run(); }) {}

    bool empty() const { return list_.empty(); }
    size_t size() const { return list_.size(); }
    T* front() const { return list_.front(); }

    // REQUIRES: due is not before that of any item in the line.
    void push(T& item, Instant due) {
        ZB_CHECK(list_.empty() || list_.back()->*kDue <= due);
        item.*kDue = due;
        list_.push_back(item);
        if (!timer_.armed()) timer_.arm(due);
    }
    // The same for a due time of a life before, which is not after that of a push() now.
    void insert(T& item, Instant due) {
        T* behind = nullptr;  // those of a life before are nearly in order: its place is near
        for (T* last = list_.back(); last != nullptr && last->*kDue > due;) {
            behind = last;
            last = List::before(*last);
        }
        item.*kDue = due;
        list_.insert(behind, item);
        if (!timer_.armed() || due < timer_.due()) timer_.arm(due);
    }
    void remove(T& item) { list_.remove(item); }

 private:
    void run() {
        const Instant now = clock_.now();
        while (T* first = list_.front()) {
            if (first->*kDue > now) break;
            list_.remove(*first);
            on_due_(*first);  // may put in, take out and end items
        }
        if (list_.front() != nullptr) timer_.arm(list_.front()->*kDue);
    }

    const Clock& clock_;
    std::function<void(T&)> on_due_;
    List list_;
    Timer timer_;
};

}  // namespace zbridge::rpc

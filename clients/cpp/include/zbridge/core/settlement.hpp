// What is common to SETTLE and EXTEND: who waits for the answer, ranges of tokens, what was stale.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "../options.hpp"
#include "heard.hpp"
#include "lent.hpp"

namespace zbridge::client::core {

// One call of a verb, for one delivery or several. Its failure is `stale` where not all were settled
// by it.
class Settlement {
 public:
    Settlement(std::shared_ptr<Waiter> waiter, size_t count)
        : waiter_(std::move(waiter)), left_(count) {}

    // Of one of its deliveries.
    void learn(bool stale, bool certain, const Failure& failure) {
        left_--;
        stale_ += stale && certain ? 1 : 0;
        unsure_ += stale && !certain ? 1 : 0;
        if (failure) return waiter_->finish(failure);
        if (left_ > 0) return;
        if (stale_ > 0)
            waiter_->finish({"stale",
                             std::to_string(stale_) + " no longer open, " +
                                 std::to_string(unsure_) + " perhaps",
                             true});
        else if (unsure_ > 0)
            waiter_->finish({"stale", std::to_string(unsure_) + " perhaps no longer open", false});
        else
            waiter_->finish({});
    }
    void fail(const Failure& failure) { waiter_->finish(failure); }

 private:
    std::shared_ptr<Waiter> waiter_;
    size_t left_;
    size_t stale_ = 0;
    size_t unsure_ = 0;
};

// Neighbours in one range: how many of these each range has, and how many there are in all of them;
// what is above the limits of a command is left. REQUIRES: in the order of tokens.
template <class Each, class TokenOf>
size_t ranges_of(const std::vector<Each>& sorted, TokenOf token_of, const Limits& limits,
                 std::vector<size_t>& ranges) {
    Place expected;
    for (size_t at = 0; at < sorted.size(); at++) {
        const Place token = token_of(sorted[at]);
        if (at > 0 && at == limits.settle_messages) return at;
        if (at == 0 || token != expected) {
            if (at > 0 && ranges.size() == limits.ranges) return at;
            ranges.push_back(0);
        }
        ranges.back()++;
        expected = token.behind(1);
    }
    return sorted.size();
}

template <class Each, class TokenOf>
void say_ranges(Command& command, const std::vector<Each>& sorted, TokenOf token_of,
                const std::vector<size_t>& ranges) {
    command.value("ranges", [&](Packer& packer) {
        packer.pack_array(static_cast<uint32_t>(ranges.size()));
        size_t at = 0;
        for (const size_t count : ranges) {
            packer.pack_array(2);
            pack_octets(packer, token_of(sorted[at]).octets());
            packer.pack_uint64(count);
            at += count;
        }
    });
}

// Of SETTLED: for each range so many that were not open.
inline List stale_of(const Fields& fields, size_t ranges) {
    const List found = fields.list("stale");
    if (found.size != ranges) throw Violation("SETTLED with another number of ranges");
    for (const Value& each : found)
        number_of(each);
    return found;
}

}  // namespace zbridge::client::core

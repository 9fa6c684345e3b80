#include "bridge/protocol/receipts.h"

#include <algorithm>
#include <utility>

namespace zbridge::protocol {

void Receipts::add_stored(uint64_t seq, uint64_t number, MessageId id, bool duplicate) {
    waiting_++;
    if (!entries_.empty() && !duplicate) {
        Entry& last = entries_.back();
        Outcome& its = last.outcome;
        const bool follows = !its.why && !its.duplicate && !its.token &&
                             its.seq + its.count == seq && last.number + its.count == number &&
                             its.id.epoch == id.epoch && its.id.sequence + its.count == id.sequence;
        if (follows) {
            its.count++;
            return;
        }
    }
    entries_.push_back({{.seq = seq, .id = id, .duplicate = duplicate}, number});
}

void Receipts::add_prepared(uint64_t seq, uint64_t number, MessageId id, TransactionToken token) {
    waiting_++;
    entries_.push_back({{.seq = seq, .id = id, .token = token}, number});
}

void Receipts::add_refused(uint64_t seq, uint64_t count, Refusal why, std::string_view text) {
    waiting_ += count;
    if (!entries_.empty()) {
        Outcome& its = entries_.back().outcome;
        if (its.why == why && its.seq + its.count == seq && its.text == text) {
            its.count += count;
            return;
        }
    }
    entries_.push_back({{.seq = seq, .count = count, .why = why, .text = std::string(text)}, 0});
}

std::vector<Outcome> Receipts::take(uint64_t committed) {
    std::vector<Outcome> known;
    while (!entries_.empty()) {
        Entry& first = entries_.front();
        Outcome& its = first.outcome;
        if (!its.why && first.number > committed) break;
        const uint64_t count =
            its.why ? its.count : std::min(its.count, committed - first.number + 1);
        waiting_ -= count;
        if (count == its.count) {
            known.push_back(std::move(its));
            entries_.pop_front();
            continue;
        }
        known.push_back(its);
        known.back().count = count;
        its.seq += count;
        its.count -= count;
        its.id.sequence += count;
        first.number += count;
    }
    return known;
}

std::vector<Outcome> Receipts::fail(uint64_t committed, Refusal why, std::string_view text) {
    std::vector<Outcome> known = take(committed);
    for (; !entries_.empty(); entries_.pop_front()) {
        Outcome& its = entries_.front().outcome;
        if (!its.why)
            its = {.seq = its.seq, .count = its.count, .why = why, .text = std::string(text)};
        known.push_back(std::move(its));
    }
    waiting_ = 0;
    return known;
}

}  // namespace zbridge::protocol

// What became of the messages that a session has published, in their order: told once it is known of all
// before.
//
// Flow:    publish() -> add() -> [the engine commits] -> take() -> RECEIPT
// Limits:  kReceiptsMax messages wait: whoever adds looks first. Those that follow each other in every
//          respect are one entry.
#pragma once

#include <cstdint>
#include <deque>
#include <string_view>
#include <vector>

#include "bridge/protocol/answer.h"

namespace zbridge::protocol {

class Receipts {
 public:
    // `number`: that must be committed before.
    void add_stored(uint64_t seq, uint64_t number, MessageId id, bool duplicate);
    void add_prepared(uint64_t seq, uint64_t number, MessageId id, TransactionToken token);
    void add_refused(uint64_t seq, uint64_t count, Refusal why, std::string_view text);

    // Messages that wait.
    uint64_t waiting() const { return waiting_; }
    bool empty() const { return entries_.empty(); }
    // Those that are known by now.
    std::vector<Outcome> take(uint64_t committed);
    // All: what is not known to be committed is refused.
    std::vector<Outcome> fail(uint64_t committed, Refusal why, std::string_view text);

 private:
    struct Entry {
        Outcome outcome;
        uint64_t number = 0;  // stored: of the first; those behind it have the next ones
    };

    std::deque<Entry> entries_;
    uint64_t waiting_ = 0;
};

}  // namespace zbridge::protocol

// What the application has said for good of messages that the bridge may deliver again, because it
// has not heard it yet, or heard it too late.
//
// Promise: a message that this client has acked or rejected is not handed out by it again.
// Limits:  kRememberedMax verdicts that came too late, for kRememberedMs each: beyond them a message
//          may be handed out once more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <utility>

#include "lent.hpp"

namespace zbridge::client::core {

class Verdicts {
 public:
    static constexpr size_t kRememberedMax = 10'000;
    static constexpr uint64_t kRememberedMs = 600'000;

    // A SETTLE is to say it; each is answered by learn().
    void add(const Key& message, const Sentence& said) {
        Open& open = open_.try_emplace(message, Open{said, 0}).first->second;
        open.settles++;
    }

    // Of one SETTLE that said it. Stale, and none that says so under a newer token: the message may
    // be delivered here again.
    void learn(const Key& message, bool stale, uint64_t now_ms) {
        const auto found = open_.find(message);
        if (found == open_.end()) return;
        Open& open = found->second;
        open.settles--;
        if (stale && open.settles > 0) return;
        if (stale)
            remember(message, std::move(open.said), now_ms);
        else
            late_.erase(message);
        open_.erase(found);
    }

    // What was said of a message that is delivered again.
    std::optional<Sentence> of(const Key& message, uint64_t now_ms) {
        if (const auto late = late_.empty() ? late_.end() : late_.find(message);
            late != late_.end()) {
            const Late found = std::move(late->second);
            late_.erase(late);
            if (now_ms - found.at_ms < kRememberedMs) return found.said;
        }
        const auto open = open_.find(message);
        if (open == open_.end()) return std::nullopt;
        return open->second.said;
    }

    void clear() {
        open_.clear();
        late_.clear();
        order_.clear();
    }

 private:
    struct Open {
        Sentence said;
        size_t settles = 0;  // without an answer
    };
    struct Late {
        Sentence said;
        uint64_t at_ms = 0;
    };

    void remember(const Key& message, Sentence said, uint64_t now_ms) {
        late_[message] = {std::move(said), now_ms};
        order_.push_back(message);
        // Some of them are remembered no more, or stand there twice: both go when their turn comes.
        while (order_.size() > kRememberedMax) {
            late_.erase(order_.front());
            order_.pop_front();
        }
    }

    std::unordered_map<Key, Open, KeyHash> open_;
    std::unordered_map<Key, Late, KeyHash> late_;
    std::deque<Key> order_;  // of late_, the oldest first
};

}  // namespace zbridge::client::core

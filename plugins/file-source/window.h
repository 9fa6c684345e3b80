// What has been read and has no outcome yet, in the order of the file. Outcomes come in any order;
// the position moves when everything before it is settled.
//
// Limits:  kWaitingMax: full() says to read no further until the oldest one is settled.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

#include "plugins/file-source/position.h"

namespace zbridge::file_source {

class Window {
 public:
    static constexpr size_t kWaitingMax = 100'000;

    explicit Window(const Position& position = {}) : position_(position) {}

    bool full() const { return waiting_.size() >= kWaitingMax; }
    bool empty() const { return waiting_.empty(); }
    uint64_t next_cookie() const { return first_ + waiting_.size(); }
    // next_cookie() was delivered: behind it the file goes on at `end`.
    void add(const Position& end) { waiting_.push_back({end, false}); }
    // Nobody is to have what ends here.
    void skip(const Position& end) {
        waiting_.push_back({end, true});
        advance();
    }
    // What is unknown, or settled already, is ignored.
    void settle(uint64_t cookie) {
        if (cookie < first_ || cookie >= next_cookie()) return;
        waiting_[cookie - first_].settled = true;
        advance();
    }
    // Everything before it is settled.
    const Position& position() const { return position_; }

 private:
    struct Waiting {
        Position end;
        bool settled = false;
    };
    void advance() {
        while (!waiting_.empty() && waiting_.front().settled) {
            position_ = waiting_.front().end;
            waiting_.pop_front();
            first_++;
        }
    }

    Position position_;
    std::deque<Waiting> waiting_;
    uint64_t first_ = 1;  // cookie of the first of them
};

}  // namespace zbridge::file_source

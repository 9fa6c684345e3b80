// Which life of the bridge this is, and the numbers of its requests: what a corr says beside the
// attempt.
#pragma once

#include <cstdint>

#include "bridge/base/clock.h"
#include "bridge/model/ids.h"

namespace zbridge::rpc {

struct Life {
    Epoch epoch;
    bool clean_start = true;  // the life before ended in order, or there was none
    Instant started{};
};

// Shared by all services of one bridge: a number names one request of one life, whichever service
// it is of. It also is the key of the request's notes in the store: so where requests of a life
// before are known still, this life's numbers go on above theirs.
class RequestNumbers {
 public:
    // Before the first take().
    void go_on_above(uint64_t highest) { first_ = next_ = highest + 1; }
    uint64_t take() { return next_++; }
    bool taken(uint64_t number) const { return number >= first_ && number < next_; }

 private:
    uint64_t first_ = 1;
    uint64_t next_ = 1;
};

}  // namespace zbridge::rpc

// Messages that a group's floor passes although they are not settled: they wait for a retry, for
// their key, or for a consumer that takes long.
//
// Limits:  about kBytes a message. Whoever puts asks first whether that is too many.
#pragma once

#include <absl/container/btree_map.h>
#include <absl/container/btree_set.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "plugins/durable/groups/range_set.h"

namespace zbridge::durable {

// On the disk, in GROUP records of another version.
enum class Why : uint8_t {
    kRetry = 1,   // again, when it is due
    kParked = 2,  // its key is busy
    kLease = 3,   // leased, for longer than the span of a group allows
    kDying = 4,   // on its way to the dead letters; in memory alone
    kHeld = 5,    // there, and what is of its key waits until it is done with
};

struct Exception {
    static constexpr uint64_t kDueEnd = uint64_t{1} << 44;  // of ms since 1970: the year 2527

    uint64_t due_ms : 44 = 0;   // of kHeld: the offset of its dead letter
    uint64_t attempts : 8 = 0;  // that were made
    uint64_t why : 3 = 0;       // a Why
    uint64_t taken : 1 = 0;     // a consumer has it
    uint64_t level : 4 = 0;     // its priority and one; 0: its message tells
    uint32_t key = 0;           // of its order; 0: it has none
    uint32_t segment = 0;       // where its record lies; 0: it is on its way

    Why reason() const { return static_cast<Why>(why); }
    bool waits() const { return reason() == Why::kRetry && taken == 0; }
};

class Exceptions {
 public:
    static constexpr size_t kBytes = 48;

    const Exception* find(Offset offset) const;
    // In place of what was there.
    void put(Offset offset, const Exception& exception);
    void set_taken(Offset offset, bool taken);
    void set_segment(Offset offset, uint32_t segment);
    // The first one of a range.
    std::optional<Offset> first_of(OffsetRange range) const;
    // REQUIRES: it is there.
    Exception remove(Offset offset);

    // The first one that waits for a retry, behind (due, offset) of one before.
    using Due = std::pair<uint64_t, Offset>;
    std::optional<Due> next_due(const Due& behind = {0, {0}}) const;
    std::optional<Offset> lowest() const;
    size_t size() const { return all_.size(); }
    // By their dead letters: of this one, none; the first one.
    std::optional<Offset> held_by(Offset letter) const;
    std::optional<Offset> lowest_held() const;
    size_t held() const { return held_.size(); }
    size_t parked() const { return parked_; }
    size_t taken() const { return taken_; }  // that consumers have, or that are dying

    // visit(letter, offset), in the order of letters, as long as it answers true.
    template <class Visit>
    void each_held(Visit visit) const {
        for (const auto& [letter, offset] : held_) {
            if (!visit(Offset{letter}, Offset{offset})) return;
        }
    }
    template <class Visit>
    void each(Visit visit) const {
        for (const auto& [offset, exception] : all_)
            visit(Offset{offset}, exception);
    }

 private:
    Exception& at(Offset offset);
    void count(Offset offset, const Exception& exception, bool here);

    absl::btree_map<uint64_t, Exception> all_;                // by offset
    absl::btree_set<std::pair<uint64_t, uint64_t>> waiting_;  // (due, offset)
    absl::btree_set<std::pair<uint64_t, uint64_t>> held_;     // (dead letter, offset)
    size_t parked_ = 0, taken_ = 0;
};

}  // namespace zbridge::durable

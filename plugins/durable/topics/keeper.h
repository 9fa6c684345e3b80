// What is still needed of a segment and is no message: who has such records says so, and they are
// written again at the log's end, so that none pins a segment for long.
//
// Flow:    the cleaner has moved the messages of the oldest segment -> needed_in() -> [its records are
//          read] -> write_again() -> [all of them committed, in one batch] -> on_written_again()
// Promise: at a start the new records are found behind the old ones, or instead of them: their owner
//          must come to the same state either way.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plugins/durable/record.h"
#include "plugins/durable/store.h"

namespace zbridge::durable {

struct RecordPlace {
    Place batch;
    uint32_t position = 0;  // in the body
    uint32_t bytes = 0;
};

// What belongs together; `key` is its owner's.
struct Needed {
    uint64_t key = 0;
    std::vector<RecordPlace> records;  // in their order; none: its owner has all of it in memory
};

struct NewRecord {
    RecordType type{};
    uint8_t version = 0;
    std::string payload;
};

class Keeper {
 public:
    virtual ~Keeper() = default;
    // Something of this segment that is needed, and is not on its way already. None: nothing is.
    virtual std::optional<Needed> needed_in(uint64_t segment) const = 0;
    // What is to be there instead of these, which are what needed_in() named: on its way from now on.
    virtual std::vector<NewRecord> write_again(uint64_t key,
                                               const std::vector<Record>& records) = 0;
    // Durable; and there they are.
    virtual void on_written_again(uint64_t key, const std::vector<RecordPlace>& records) = 0;
    // It cannot be read any more, or is larger than a batch: it stays where it is.
    virtual void give_up(uint64_t key) = 0;
};

}  // namespace zbridge::durable

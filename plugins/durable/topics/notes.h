// Which notes of the bridge are open, and where they lie.
//
// Flow:    on_taken() -> a batch is committed -> on_written(); at the start: on_replayed() ..., then
//          take_open()
// Promise: the segments of an open note stay, or its notes are written again behind them: all of a key
//          at once, the first of them saying that those before it count no more.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/durable/record.h"
#include "plugins/durable/topics/keeper.h"
#include "plugins/durable/topics/payload.h"
#include "plugins/durable/topics/segments.h"

namespace zbridge::durable {

class Notes final : public Keeper {
 public:
    // `segments` outlives it.
    explicit Notes(Segments& segments) : segments_(segments) {}

    // It is in a batch, which is not committed yet.
    void on_taken(uint64_t key) { on_the_way_[key]++; }
    void on_written(uint64_t key, bool closes, const RecordPlace& at);
    void on_replayed(const Note& note, RecordType kind, const RecordPlace& at);
    // What was replayed and is open: those of a key in the order in which they were written; what was
    // written again stands where it stands now. Their bytes go.
    using Visit = std::function<void(uint64_t key, RecordType kind, std::string_view bytes)>;
    void take_open(const Visit& visit);

    std::optional<Needed> needed_in(uint64_t segment) const override;
    std::vector<NewRecord> write_again(uint64_t key, const std::vector<Record>& records) override;
    void on_written_again(uint64_t key, const std::vector<RecordPlace>& records) override;
    void give_up(uint64_t key) override;

    size_t open() const { return open_.size(); }

 private:
    struct Replayed {
        uint64_t key = 0;
        RecordType kind{};
        std::string bytes;
    };
    struct Open {
        std::vector<RecordPlace> records;
        std::vector<uint64_t> replayed;  // keys of replayed_
        bool stays = false;              // it cannot be written again
    };

    void add(uint64_t key, const RecordPlace& at);
    void forget(uint64_t key);
    void arrive(uint64_t key);

    Segments& segments_;
    std::map<uint64_t, Open> open_;
    std::set<std::pair<uint64_t, uint64_t>> lies_in_;  // segment, key: of those that may be moved
    std::map<uint64_t, uint32_t> on_the_way_;          // by key: what is not committed yet
    std::map<uint64_t, Replayed> replayed_;            // by the order of writing
    uint64_t next_ = 0;
};

}  // namespace zbridge::durable

// Which notes of the bridge are open, and where they lie.
//
// Flow:    a batch is committed -> on_written(); at the start: on_replayed() ..., then take_open()
// Promise: the segments of an open note stay.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/durable/record.h"
#include "plugins/durable/topics/segments.h"

namespace zbridge::durable {

class Notes {
 public:
    // `segments` outlives it.
    explicit Notes(Segments& segments) : segments_(segments) {}

    void on_written(uint64_t key, bool closes, uint64_t segment);
    void on_replayed(uint64_t key, RecordType kind, bool closes, std::string_view bytes,
                     uint64_t segment);
    // What was replayed and is open, in the order in which it was written. Their bytes go.
    using Visit = std::function<void(uint64_t key, RecordType kind, std::string_view bytes)>;
    void take_open(const Visit& visit);

    size_t open() const { return open_.size(); }

 private:
    struct Replayed {
        uint64_t key = 0;
        RecordType kind{};
        std::string bytes;
    };
    struct Open {
        std::vector<uint64_t> segments;
        std::vector<uint64_t> replayed;  // keys of replayed_
    };

    Segments& segments_;
    std::map<uint64_t, Open> open_;
    std::map<uint64_t, Replayed> replayed_;  // by the order of writing
    uint64_t next_ = 0;
};

}  // namespace zbridge::durable

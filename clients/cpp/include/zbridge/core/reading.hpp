// Topics that are read, without a group: every message from a place on, in order.
//
// Flow:    SUBSCRIBE (topic) ... DELIVER -> [reading] -> Record; CREDIT as the application takes them
// Promise: each message is taken once, in order, over lost connections and restarts: it goes on behind
//          the last one that was taken.
// Limits:  Reading.credit offsets ahead of what was taken.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "../attributes.hpp"
#include "streams.hpp"

namespace zbridge::client::core {

// A message that was read.
struct RecordPart {
    uint64_t offset = 0;
    std::shared_ptr<const void> owner;  // of the octets below
    std::string_view message;           // as it stands in the block
    std::string_view body;              // its last frame
    AttributesPtr attributes;           // where they were asked for
};

struct Reading : Stream<RecordPart> {
    std::string topic;
    uint64_t credit = 0;
    bool attributes = false;
    // Where it begins: one of these, or what comes from then on.
    bool earliest = false;
    std::optional<uint64_t> offset;  // of one that has begun: where it goes on
    std::optional<uint64_t> time_ms;
    uint64_t told = 0;  // the bridge, by SUBSCRIBE or CREDIT: all below is done with

    void write(Command& command) const {
        command.text("topic", topic).number("credit", credit);
        if (offset)
            command.number("offset", *offset);
        else if (time_ms)
            command.number("time", *time_ms);
        else if (earliest)
            command.text("start", "earliest");
        command.flag_if("attributes", attributes);
    }
};

using ReadingPtr = std::shared_ptr<Reading>;

class Readings : public Streams<Reading, uint64_t{1} << 28> {
 public:
    using Streams::Streams;

    std::optional<RecordPart> take(Reading& reading) {
        if (reading.buffer.empty()) return std::nullopt;
        RecordPart found = std::move(reading.buffer.front());
        reading.buffer.pop_front();
        reading.offset = found.offset + 1;
        if (*reading.offset - reading.told >= std::max<uint64_t>(reading.credit / 2, 1)) {
            reading.told = *reading.offset;
            say(Command("CREDIT")
                    .number("sub", reading.sub)
                    .number("credit", reading.credit)
                    .number("offset", reading.told));
        }
        return found;
    }

    void on_subscribed(const Fields& fields) {
        Reading* reading = of(fields.number("sub"));
        if (reading == nullptr) return;
        reading->offset = reading->told = fields.number("offset");
    }

    void on_deliver(const Heard& heard) {
        Reading* reading = of(heard.fields.number("sub"));
        if (reading == nullptr) return;
        const uint64_t first = heard.fields.number("offset"), count = heard.fields.number("count");
        // One entry, for all of them.
        const List all = heard.fields.list_or_empty("attributes");
        const AttributesPtr attributes = all.size == 0 ? nullptr : attributes_of(all[0]);
        BlockReader block(heard.block.octets);
        uint64_t at = 0;
        for (; block.next(); at++)
            reading->buffer.push_back(
                {first + at, heard.block.owner, block.message(), block.last(), attributes});
        if (at != count) throw Violation("a DELIVER with another count than its block");
    }
};

}  // namespace zbridge::client::core

// What reads a topic without a group: every message from a place on, in order. Nothing is settled;
// whoever reads keeps the place itself: Record::offset().
//
// Thread:  as Client; several threads may take from one reader, each record is for one of them.
// Promise: each record once, in order, over lost connections and restarts of the bridge. What
//          retention has removed is left out.
// Limits:  ReaderOptions.credit offsets ahead of what was taken.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client.hpp"
#include "message.hpp"

namespace zbridge::client {

// Where a reader begins.
class Start {
 public:
    // With what comes from now on.
    static Start latest() { return {}; }
    static Start earliest() {
        Start made;
        made.earliest_ = true;
        return made;
    }
    static Start at(uint64_t offset) {
        if (offset >= uint64_t{1} << 48) throw Invalid("offset: 48 bits");
        Start made;
        made.offset_ = offset;
        return made;
    }
    // With the first one that was stored then, or later.
    static Start since(WallClock::time_point time) {
        Start made;
        made.time_ms_ = core::milliseconds_since_1970(time);
        return made;
    }

    void write_to(core::Reading& reading) const {
        reading.earliest = earliest_;
        reading.offset = offset_;
        reading.time_ms = time_ms_;
    }

 private:
    bool earliest_ = false;
    std::optional<uint64_t> offset_;
    std::optional<uint64_t> time_ms_;
};

struct ReaderOptions {
    Start start;
    uint32_t credit = 1000;
    bool attributes = false;  // are read with them
};

// A message of a topic.
class Record {
 public:
    explicit Record(core::RecordPart part) : part_(std::move(part)) {}

    uint64_t offset() const { return part_.offset; }
    // The message where it has one frame, else the last of them: frames() has all. Both stay as long
    // as a copy of this record does.
    std::string_view body() const { return part_.body; }
    std::vector<std::string_view> frames() const { return core::frames_of(part_.message); }
    const AttributesPtr& attributes() const { return part_.attributes; }

 private:
    core::RecordPart part_;
};

class Reader {
 public:
    Reader(const Client& client, const std::string& topic, const ReaderOptions& options = {})
        : engine_(client.engine()), reading_(std::make_shared<core::Reading>()) {
        check_name(topic, "topic");
        if (options.credit == 0) throw Invalid("credit: at least 1");
        reading_->topic = topic;
        reading_->credit = options.credit;
        reading_->attributes = options.attributes;
        options.start.write_to(*reading_);
        engine_->enter([this](core::Core& core, uint64_t) {
            core.check_open();
            core.need("topics");
            core.readings.add(reading_);
        });
    }
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;
    ~Reader() { close(); }

    // The next; none: nothing came in time. Throws Closed, or what the bridge refused it with.
    std::optional<Record> read(std::optional<milliseconds> timeout = std::nullopt) const {
        auto found =
            engine_->enter_until(Engine::deadline_in(timeout), [this](core::Core& core, uint64_t) {
                auto next = core.readings.take(*reading_);
                if (!next && reading_->failure) raise(reading_->failure);
                return next;
            });
        if (!found) return std::nullopt;
        return Record(std::move(*found));
    }

    void close() const {
        engine_->enter([this](core::Core& core, uint64_t) { core.readings.close(*reading_); });
        engine_->stir();
    }

 private:
    std::shared_ptr<Engine> engine_;
    core::ReadingPtr reading_;
};

}  // namespace zbridge::client

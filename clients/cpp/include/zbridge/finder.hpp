// What looks for messages, takes one back, and moves a group: docs/PROTOCOL.md, "Finding messages".
//
// Thread:  as Client.
// Failure: over a lost connection a query is asked again; recall and reset end as `in_doubt`, since a
//          second time might do something else.
#pragma once

#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client.hpp"
#include "message.hpp"

namespace zbridge::client {

// Which messages are looked for: by one of these ways.
class Query {
 public:
    static constexpr uint32_t kMaxMax = 1000;

    static Query by_key(const std::string& key) {
        return Query([key](core::Command& command) { command.text("key", key); }, key);
    }
    static Query by_id(MessageId id) {
        return Query([id](core::Command& command) { command.octets("id", id.octets()); }, {});
    }
    // By that of its producer, or the printed form of the bridge's.
    static Query by_id(const std::string& id) {
        return Query([id](core::Command& command) { command.text("id", id); }, id);
    }
    // Those stored between these two; one of them may be left out.
    static Query by_time(std::optional<WallClock::time_point> from,
                         std::optional<WallClock::time_point> to = std::nullopt) {
        if (!from && !to) throw Invalid("a query by time has a beginning, or an end");
        std::optional<uint64_t> from_ms, to_ms;
        if (from) from_ms = core::milliseconds_since_1970(*from);
        if (to) to_ms = core::milliseconds_since_1970(*to);
        return Query(
            [from_ms, to_ms](core::Command& command) {
                command.number_if("from", from_ms).number_if("to", to_ms);
            },
            {});
    }

    // At most so many; 20 if it is not said. About 1 MiB is found at most: ask on behind the last.
    Query max(uint32_t messages) const {
        if (messages < 1 || messages > kMaxMax) throw Invalid("max: 1 to 1000");
        Query made = *this;
        made.max_ = messages;
        return made;
    }

    void write_to(core::Command& command) const {
        way_(command);
        command.number_if("max", max_);
    }

 private:
    Query(std::function<void(core::Command&)> way, const std::string& text) : way_(std::move(way)) {
        core::checked(text, "key, id");
    }

    std::function<void(core::Command&)> way_;
    std::optional<uint64_t> max_;
};

// A message that a query has found.
struct Found {
    uint64_t offset = 0;
    MessageId id;
    WallClock::time_point stored;
    AttributesPtr attributes;
    std::vector<std::string> frames;

    // The message where it has one frame, else the last of them.
    const std::string& body() const { return frames.back(); }
};

namespace core {

class FoundPromise final : public AskWaiter {
 public:
    std::future<std::vector<Found>> future() { return promise_.get_future(); }
    void on_answered(const Heard& heard, uint64_t) override {
        BlockReader block(heard.block.octets);
        std::vector<Found> found;
        for (const Value& each : heard.fields.list("messages")) {
            const List entry = list_of(each, 4);
            if (!block.next()) throw Violation("a FOUND with more messages than its block");
            Found one{number_of(entry[0]),
                      MessageId(Place::read(octets_of(entry[1]))),
                      time_of(entry[2]),
                      attributes_of(entry[3]),
                      {}};
            for (const std::string_view frame : frames_of(block.message()))
                one.frames.emplace_back(frame);
            found.push_back(std::move(one));
        }
        if (block.next()) throw Violation("a FOUND with fewer messages than its block");
        promise_.set_value(std::move(found));
    }
    void on_failed(const Failure& failure) override {
        promise_.set_exception(exception_of(failure));
    }

 private:
    std::promise<std::vector<Found>> promise_;
};

class DonePromise final : public AskWaiter {
 public:
    std::future<void> future() { return promise_.get_future(); }
    void on_answered(const Heard&, uint64_t) override { promise_.set_value(); }
    void on_failed(const Failure& failure) override {
        promise_.set_exception(exception_of(failure));
    }

 private:
    std::promise<void> promise_;
};

inline Ask query_of(const std::string& topic, const Query& which) {
    check_name(topic, "topic");
    return {"QUERY",
            "FOUND",
            [topic, which](Command& command) {
                command.text("topic", topic);
                which.write_to(command);
            },
            true,
            nullptr,
            0};
}

inline Ask recall_of(MessageId id) {
    return {"RECALL", "DONE",  [id](Command& command) { command.octets("id", id.octets()); },
            false,    nullptr, 0};
}

// `to` writes where the group goes on.
inline Ask reset_of(const std::string& group, std::function<void(Command&)> to) {
    check_name(group, "group");
    return {"RESET",
            "DONE",
            [group, to = std::move(to)](Command& command) {
                command.text("group", group);
                to(command);
            },
            false,
            nullptr,
            0};
}

}  // namespace core

class Finder {
 public:
    explicit Finder(const Client& client) : engine_(client.engine()) {}

    // In the order of the topic.
    std::future<std::vector<Found>> query(const std::string& topic, const Query& which) const {
        return ask<core::FoundPromise>(core::query_of(topic, which), "query");
    }

    // Takes back a message that waits for its `deliver_at`, as its receipt named it; once that is
    // durable. `not_found`: too late.
    std::future<void> recall(MessageId id) const {
        return ask<core::DonePromise>(core::recall_of(id), "recall");
    }

    // The group goes on from there, and forgets what was delivered; once that is durable.
    std::future<void> reset_to_earliest(const std::string& group) const {
        return reset(group, [](core::Command& command) { command.text("to", "earliest"); });
    }
    std::future<void> reset_to_latest(const std::string& group) const {
        return reset(group, [](core::Command& command) { command.text("to", "latest"); });
    }
    std::future<void> reset(const std::string& group, uint64_t offset) const {
        if (offset >= uint64_t{1} << 48) throw Invalid("offset: 48 bits");
        return reset(group, [offset](core::Command& command) { command.number("offset", offset); });
    }
    std::future<void> reset(const std::string& group, WallClock::time_point time) const {
        const uint64_t ms = core::milliseconds_since_1970(time);
        return reset(group, [ms](core::Command& command) { command.number("time", ms); });
    }

 private:
    std::future<void> reset(const std::string& group,
                            std::function<void(core::Command&)> to) const {
        return ask<core::DonePromise>(core::reset_of(group, std::move(to)), "reset");
    }

    template <class Promise>
    decltype(std::declval<Promise>().future()) ask(core::Ask ask, const char* feature) const {
        auto waiter = std::make_shared<Promise>();
        auto future = waiter->future();
        ask.waiter = std::move(waiter);
        engine_->enter([&](core::Core& core, uint64_t) {
            core.check_open();
            core.need(feature);
            core.asking.ask(std::move(ask));
        });
        return future;
    }

    std::shared_ptr<Engine> engine_;
};

}  // namespace zbridge::client

// A bridge in memory and in virtual time, with crashes to order, for tests of the client's core.
//
// It takes the commands as docs/PROTOCOL.md has them, and keeps what a real one keeps: topics with
// dedup, one group of the same name over each topic, leases, what a session of a name held. What is
// stored or settled is durable, and told, with commit(). What a client may not do is a
// std::logic_error.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>
#include <zbridge/core/core.hpp>

namespace zbridge::client::tests {

// Throws what a test is to say.
inline void demand(bool kept, const std::string& promise) {
    if (!kept) throw std::logic_error("not true: " + promise);
}

struct FakeConnection {
    std::string name;
    bool is_open = false;
    bool said_bye = false;
    bool ending = false;
    std::deque<core::Said> out;

    struct Sub {
        std::string group;
        uint64_t credit;
        uint64_t lease_ms;
    };
    struct Fetch {
        std::string group;
        uint64_t max;
        uint64_t until_ms;
        uint64_t lease_ms;
        uint64_t attempt;
    };
    std::map<uint64_t, Sub> subs;
    std::map<uint64_t, Fetch> fetches;
    uint64_t seq = 0;
    // The token of what was delivered under a subscription and not settled, and its number.
    std::map<core::Place, uint64_t> used;

    void say(const core::Command& command) { out.push_back(command.said()); }
};

using ConnectionPtr = std::shared_ptr<FakeConnection>;

struct FakeMessage {
    enum class State : uint8_t { kReady, kLeased, kSettling, kSettled };

    uint64_t offset = 0;
    std::string body;  // as it stands in a block
    core::Place id;
    State state = State::kReady;
    uint64_t attempt = 0;
    uint64_t grant = 0;
    uint64_t due_ms = 0;
    uint64_t lease_ends_ms = 0;
    uint64_t fetched_by = 0;  // the attempt of the RECEIVE that it was given to; 0: to none
    // Who holds it: a connection, or a name that may come back; neither: of before a crash.
    ConnectionPtr holder;
    std::string holder_name;

    void free(bool counted = true, uint64_t at_ms = 0) {
        state = State::kReady;
        holder = nullptr;
        holder_name.clear();
        fetched_by = 0;
        due_ms = at_ms;
        if (!counted) attempt--;
    }
};

struct FakeTopic {
    uint64_t number = 0;
    bool dedup = false;
    std::deque<FakeMessage> stored;
    std::map<std::string, uint64_t> ids;  // of dedup: the offset
};

class FakeBridge {
 public:
    static constexpr uint64_t kGraceMs = 2000;
    static constexpr uint64_t kResumeMs = 5000;
    static constexpr uint64_t kLeaseMs = 10'000;
    static constexpr uint64_t kBatchMessages = 50;
    static constexpr uint64_t kReceipts = 120;
    static constexpr uint64_t kReceives = 2;
    static constexpr uint64_t kRanges = 5;
    static constexpr uint64_t kSettleMessages = 20;

    // The topics, and whether they have dedup.
    explicit FakeBridge(const std::map<std::string, bool>& topics);

    // --- its life

    ConnectionPtr connect();
    bool has(const ConnectionPtr& connection) const;
    void disconnect(const ConnectionPtr& connection);
    // kill -9: of what was not committed the first `keeps` had reached the disk, and nobody was
    // told.
    void kill(size_t keeps = 0);
    void bye();
    void close_ending();
    void commit();
    void advance(uint64_t ms);
    void hear(const ConnectionPtr& connection, const core::Said& said);

    std::map<std::string, FakeTopic> topics;
    std::vector<ConnectionPtr> connections;
    uint64_t now_ms = 0;
    uint64_t epoch = 1;
    std::optional<size_t> held_ranges = 1000;  // that WELCOME lists at most; none: it has no list
    std::string refused;                       // a code that PUBLISH gets now

 private:
    // What becomes durable with the next commit, and what is told of it then.
    struct Commit {
        std::function<void()> done;
        std::function<void()> told;
    };

    void on_hello(const ConnectionPtr& connection, const core::Fields& fields);
    void say_welcome(const ConnectionPtr& connection, uint64_t heartbeat_ms, uint64_t resumed,
                     bool replaced);
    void on_publish(const ConnectionPtr& connection, const core::Fields& fields,
                    std::string_view block);
    void store(const ConnectionPtr& connection, const std::string& topic, const std::string& body,
               const std::string& id, uint64_t seq);
    void on_subscribe(const ConnectionPtr& connection, const core::Fields& fields);
    void on_receive(const ConnectionPtr& connection, const core::Fields& fields);
    void on_settle(const ConnectionPtr& connection, const core::Fields& fields);
    void settle(FakeMessage& message, const core::Fields& fields);
    void on_extend(const ConnectionPtr& connection, const core::Fields& fields);
    void on_bye(const ConnectionPtr& connection);

    void deliver();
    std::vector<FakeMessage*> give(const ConnectionPtr& connection, FakeTopic& topic, uint64_t most,
                                   uint64_t lease_ms);
    // What it was given for this before, and holds yet, is given again.
    std::vector<FakeMessage*> give_again(const ConnectionPtr& connection,
                                         const FakeConnection::Fetch& fetch);
    void say_deliver(const ConnectionPtr& connection, const char* to, uint64_t number,
                     const FakeTopic& topic, const std::vector<FakeMessage*>& given);
    static core::Place token_of(const FakeTopic& topic, const FakeMessage& message);
    static FakeMessage* open(FakeTopic& topic, core::Place token);
    // Of all topics, those that this is true of.
    std::vector<FakeMessage*> all(const std::function<bool(const FakeMessage&)>& wanted);
    FakeTopic& topic_of(std::string_view name);

    std::map<std::string, uint64_t> lost_names_;  // until when
    std::vector<Commit> commits_;
};

}  // namespace zbridge::client::tests

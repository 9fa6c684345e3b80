// A core in virtual time, and the wire between it and a fake bridge: the test says when anything goes
// over it.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <zbridge/message.hpp>
#include <zbridge/producer.hpp>

#include "tests/clients/cpp/fake_bridge.h"

namespace zbridge::client::tests {

// What became of one published message.
struct Fate final : core::PublishWaiter {
    bool done = false;
    Published published;
    void on_stored(const Receipt& receipt) override { tell({receipt, {}}); }
    void on_refused(const Refusal& refusal) override {
        tell({{refusal.seq, {}, false}, refusal.failure});
    }
    void tell(Published outcome) {
        demand(!std::exchange(done, true), "a message has one outcome");
        published = std::move(outcome);
    }
};

// What became of a verdict, or of an extension.
struct Told final : core::Waiter {
    bool done = false;
    Failure failure;

 private:
    void on_finished(const Failure& why) override {
        done = true;
        failure = why;
    }
};

using FatePtr = std::shared_ptr<Fate>;
using ToldPtr = std::shared_ptr<Told>;

// Drives a core as the client's thread does.
class Program {
 public:
    explicit Program(FakeBridge& with, Options options = {}, uint64_t seed = 1)
        : core(std::move(options), with.now_ms, 1'000'000, seed), bridge_(with) {}

    // --- the application's side

    FatePtr submit(const std::string& topic, const Message& message, bool once = false,
                   std::optional<uint64_t> seq = std::nullopt) {
        auto fate = std::make_shared<Fate>();
        core::Publication made = core::publication_of(message, core.outbox.topics.number_of(topic));
        made.once = once;
        made.waiter = fate;
        core.publish(std::move(made), seq, bridge_.now_ms);
        return fate;
    }
    core::SubscriptionPtr subscribe(const std::string& group, uint64_t credit,
                                    const core::Lease& lease = {}) {
        return core.demands.subscribe(core.groups.number_of(group), credit, lease);
    }
    core::FetchPtr fetch(const std::string& group, uint64_t max, uint64_t wait_ms = 0) {
        auto made = std::make_shared<core::Fetch>();
        made->group = core.groups.number_of(group);
        made->max = max;
        made->deadline_ms = bridge_.now_ms + wait_ms;
        core.demands.fetch(made);
        return made;
    }
    ToldPtr settle(const std::vector<core::LentPtr>& lent, Verdict verdict = Verdict::kAck) {
        auto told = std::make_shared<Told>();
        core.inbox.settle(lent, {0, verdict, {}, {}},
                          std::make_shared<core::Settlement>(told, lent.size()), bridge_.now_ms);
        return told;
    }

    // --- the wire

    // What the client's thread does in one round, but for the wire.
    void turn() {
        core.tick(bridge_.now_ms);
        std::vector<core::Said> output = core.take_output(bridge_.now_ms);
        if (core.link_number() != link_) {
            cut(0);
            link_ = core.link_number();
            connection = link_ == 0 ? nullptr : bridge_.connect();
        }
        for (core::Said& each : output)
            to_bridge.push_back(std::move(each));
        core::Calls due;
        due.swap(core.calls);
        due.make();
    }

    // One message to the bridge.
    void carry_out() {
        if (to_bridge.empty() || !bridge_.has(connection)) return;
        const core::Said said = std::move(to_bridge.front());
        to_bridge.pop_front();
        note(said);
        bridge_.hear(connection, said);
    }

    // One message from it.
    void carry_in() {
        if (!connection || connection->out.empty()) return;
        const core::Said said = std::move(connection->out.front());
        connection->out.pop_front();
        const core::Heard heard(said.header);
        if (heard.name == "SETTLED") {
            const auto found = settles_.find(heard.fields.number("ref"));
            if (found != settles_.end()) told_.insert(found->second.begin(), found->second.end());
        }
        receive(said);
    }

    void receive(const core::Said& said) {
        core::Block block;
        if (said.block) {
            const auto kept = std::make_shared<const std::string>(*said.block);
            block = {kept, *kept};
        }
        core.received(said.header, block, bridge_.now_ms);
    }

    void carry_all() {
        for (int rounds = 0; rounds < 1000; rounds++) {
            turn();
            if (to_bridge.empty() && (!connection || connection->out.empty())) return;
            carry_out();
            carry_in();
        }
        demand(false, "there is an end to what they say");
    }

    // The connection is lost: of what was on its way the first few had reached the bridge.
    void cut(size_t reached) {
        for (size_t n = 0; n < reached; n++)
            carry_out();
        to_bridge.clear();
        if (connection) bridge_.disconnect(connection);
        connection = nullptr;
    }

    // The thread sees that its connection has gone.
    void notice() {
        if (link_ == 0 || bridge_.has(connection)) return;
        to_bridge.clear();
        connection = nullptr;
        if (core.link_number() == link_) core.lost("cut", bridge_.now_ms);
    }

    // Whether a SETTLE that the bridge has heard names it.
    bool has_settled(core::Place token) const {
        for (const auto& each : settles_)
            if (each.second.count(token) > 0) return true;
        return false;
    }

    core::Core core;
    ConnectionPtr connection;
    std::deque<core::Said> to_bridge;

 private:
    void note(const core::Said& said) {
        const core::Heard heard(said.header);
        if (heard.name != "SETTLE") return;
        std::set<core::Place>& tokens = settles_[heard.fields.number("ref")];
        for (const core::Value& each : heard.fields.list("ranges")) {
            const core::List range = core::list_of(each, 2);
            const auto first = core::Place::read(core::octets_of(range[0]));
            for (uint64_t n = 0; n < core::number_of(range[1]); n++) {
                demand(told_.count(first.behind(n)) == 0,
                       "nothing is settled that the bridge has said SETTLED of");
                tokens.insert(first.behind(n));
            }
        }
    }

    FakeBridge& bridge_;
    uint64_t link_ = 0;
    std::map<uint64_t, std::set<core::Place>> settles_;  // by ref
    std::set<core::Place> told_;
};

}  // namespace zbridge::client::tests

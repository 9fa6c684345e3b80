// The plugin `durable` with a group `g` of topic `t`, and what its consumers do.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/unit/plugins/durable/engine_rig.h"

namespace zbridge::durable {

struct Got {
    uint64_t offset = 0;
    std::string body;
    zb_token token{};
    uint32_t attempt = 0;
};

class GroupsRig : public EngineRig {
 public:
    explicit GroupsRig(Options its = {}, uint64_t seed = 1) : EngineRig(seed) {
        topic("t");
        its.emplace_back("topic", "t");
        group("g", std::move(its));
    }

    void put(const std::string& body, const std::string& order_key = "",
             const std::string& tag = "") {
        zb_attributes attributes{};
        attributes.size = sizeof(attributes);
        attributes.order_key = view_of(order_key);
        attributes.tag = view_of(tag);
        const bool has = !order_key.empty() || !tag.empty();
        ZB_CHECK(publish("t", body, has ? &attributes : nullptr) == ZB_TAKEN, body);
        EngineRig::settle();
    }
    void put_at(uint32_t priority, const std::string& body, const std::string& tag = "") {
        zb_attributes attributes{};
        attributes.size = sizeof(attributes);
        attributes.priority = priority;
        attributes.tag = view_of(tag);
        ZB_CHECK(publish("t", body, &attributes) == ZB_TAKEN, body);
    }
    void put_many(uint64_t from, uint64_t to) {
        for (uint64_t i = from; i < to; i++)
            ZB_CHECK(publish("t", std::to_string(i)) == ZB_TAKEN, i);
        EngineRig::settle();
    }

    uint32_t id(const std::string& name = "g") { return engine->group(self(), view_of(name)); }
    // What is received and settled from now on is this named consumer's. False: why_not says why.
    bool join(const std::string& consumer, bool attends = true) {
        zb_view reason{};
        asking = engine->join(self(), id(), view_of(consumer), &reason);
        why_not.assign(reason.data == nullptr ? "" : reason.data, reason.size);
        if (asking != ZB_NO_GROUP && attends) engine->attend(self(), asking, 1);
        return asking != ZB_NO_GROUP;
    }
    void leave() { engine->attend(self(), asking, 0); }
    uint32_t asked() { return asking == ZB_NO_GROUP ? id() : asking; }
    Group& g() { return *border::self<Engine>(self()).plugin->groups().find("g"); }

    // What a consumer is given now, or once the disk has been read.
    std::vector<Got> take(uint32_t messages = 1, uint64_t consumer = 1, int64_t lease_ms = 0) {
        for (int tries = 0;; tries++) {
            auto got = take_now(messages, consumer, lease_ms);
            if (!got.empty() || tries == 20) return got;
            turn();
        }
    }
    std::vector<Got> take_now(uint32_t messages, uint64_t consumer = 1, int64_t lease_ms = 0) {
        std::vector<zb_delivery> deliveries(16);
        const zb_receive wanted{sizeof(zb_receive), messages, 1 << 20, lease_ms,
                                consumer,           nullptr,  0,       0};
        const uint32_t count = engine->receive(self(), asked(), &wanted, deliveries.data(), 16);
        std::vector<Got> all;
        for (uint32_t i = 0; i < count; i++) {
            const zb_run& run = deliveries[i].run;
            zb_token token = deliveries[i].token;
            uint64_t offset = run.first_offset;
            for (std::string& body : bodies_of({run.wire, run.bytes})) {
                all.push_back({offset++, std::move(body), token, deliveries[i].attempt});
                token.low++;
            }
        }
        return all;
    }
    Got take_one(uint64_t consumer = 1) {
        const auto got = take(1, consumer);
        return got.empty() ? Got() : got.front();
    }
    // "" : nothing.
    std::string take_body(uint64_t consumer = 1) { return take_one(consumer).body; }

    zb_taken settle(uint32_t verdict, const Got& got, int64_t delay_ms = -1,
                    const std::string& reason = "", uint64_t cookie = 0) {
        zb_settlement settlement{};
        settlement.size = sizeof(settlement);
        settlement.verdict = verdict;
        settlement.token = got.token;
        settlement.count = 1;
        settlement.delay_ms = delay_ms;
        settlement.reason = view_of(reason);
        settlement.cookie = cookie;
        last = {};
        return engine->settle(self(), asked(), &settlement, nullptr, 0, &last);
    }
    zb_taken ack(const Got& got) { return settle(ZB_SETTLE_ACK, got); }

    // All written, all durable.
    void commit() {
        clock.advance(Groups::kAckLinger);
        turn();
        EngineRig::settle();
    }
    void restart_clean() {
        commit();
        stop();
        start();
    }
    void kill() {
        was_clean = false;
        die();
        start();
    }
    void wait(Duration time) {
        clock.advance(time);
        turn();
    }

    zb_settled last{};
    uint32_t asking = ZB_NO_GROUP;
    std::string why_not;
};

}  // namespace zbridge::durable

// When a group has something to do by itself.
#include <doctest/doctest.h>

#include "plugins/durable/groups/groups.h"
#include "tests/unit/plugins/durable/topics_rig.h"

using namespace zbridge;
using namespace zbridge::durable;

namespace {

// As a real one: no two calls tell the same.
class MovingClock final : public Clock {
 public:
    Instant now() const override {
        asked++;
        return its.now() + std::chrono::nanoseconds(asked);
    }
    int64_t wall_us() const override { return its.wall_us(); }

    ManualClock its;
    mutable uint64_t asked = 0;
};

struct Listener final : GroupsListener {
    void on_ready(GroupId) override {}
    void on_not_settled(uint64_t, const std::string&) override {}
    void warn(const std::string&) override {}
};

}  // namespace

TEST_CASE("leases that came and went are not looked at when their time would have come") {
    constexpr int kMessages = 1'000;
    MovingClock clock;
    TopicsRig rig({"t"});
    Listener listener;
    GroupsOptions options;
    options.groups.push_back({"g", "t", {}});
    options.groups.back().options.start = ZB_START_EARLIEST;
    rig.topics = std::make_unique<Topics>(
        rig.options, TopicsWorld{&clock, &rig.random, &rig.memory, 1}, rig.told);
    Groups groups(options, *rig.topics, clock, listener);
    rig.topics->attach(groups, groups);
    REQUIRE(rig.topics->serve(rig.store, true).ok());
    rig.commit();
    const GroupId id = groups.find("g")->id();
    for (int i = 0; i < kMessages; i++)
        REQUIRE(rig.publish("t", std::to_string(i)) == ZB_TAKEN);
    rig.commit();
    for (int i = 0; i < kMessages; i++) {
        zb_delivery delivery{};
        const zb_receive wanted{sizeof(zb_receive), 1, 1 << 20, 0, 1, nullptr, 0, 0};
        REQUIRE(groups.receive(id, wanted, &delivery, 1) == 1);
        (void)groups.next_due();
        zb_settlement settlement{};
        settlement.size = sizeof(settlement);
        settlement.verdict = ZB_SETTLE_ACK;
        settlement.token = delivery.token;
        settlement.count = 1;
        zb_settled settled{};
        REQUIRE(groups.settle(id, settlement, nullptr, 0, settled) == ZB_TAKEN);
        (void)groups.next_due();
    }
    clock.its.advance(std::chrono::hours(1));
    const uint64_t before = clock.asked;
    groups.run_due();
    CHECK(clock.asked - before < 20);
    rig.topics.reset();
}

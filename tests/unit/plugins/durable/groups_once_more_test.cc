// What a consumer was given before, given once more: zb_receive.again.
#include <doctest/doctest.h>

#include "tests/unit/plugins/durable/groups_rig.h"

using namespace zbridge;
using namespace zbridge::durable;
using std::chrono::seconds;

namespace {

using With = GroupsRig::Options;
using Bodies = std::vector<std::string>;

class Rig : public GroupsRig {
 public:
    explicit Rig(With its = {}) : GroupsRig(with(std::move(its))) {}

    // Of all of these; or else what a consumer is given.
    Bodies again(const std::vector<Got>& before, uint32_t messages = 10) {
        std::vector<zb_lent> lent;
        for (const Got& each : before)
            lent.push_back({each.token, 1, 0});
        std::vector<zb_delivery> deliveries(16);
        const zb_receive wanted{sizeof(zb_receive),
                                messages,
                                1 << 20,
                                0,
                                1,
                                lent.data(),
                                static_cast<uint32_t>(lent.size()),
                                0};
        const uint32_t count = engine->receive(self(), asked(), &wanted, deliveries.data(), 16);
        Bodies bodies;
        tokens.clear();
        for (uint32_t i = 0; i < count; i++) {
            zb_token token = deliveries[i].token;
            for (std::string& body : bodies_of({deliveries[i].run.wire, deliveries[i].run.bytes})) {
                bodies.push_back(std::move(body));
                tokens.push_back(token);
                token.low++;
            }
        }
        return bodies;
    }
    bool has_tokens_of(const std::vector<Got>& before) const {
        bool same = tokens.size() == before.size();
        for (size_t i = 0; same && i < before.size(); i++)
            same = tokens[i].high == before[i].token.high && tokens[i].low == before[i].token.low;
        return same;
    }

    std::vector<zb_token> tokens;

 private:
    static With with(With more) {
        more.emplace_back("start", "earliest");
        more.emplace_back("retry.backoff", "1s");
        return more;
    }
};

}  // namespace

TEST_CASE("what is open is given once more, under the same tokens, and nothing new") {
    Rig rig;
    rig.start();
    rig.put_many(0, 5);
    const auto before = rig.take(3);
    REQUIRE(before.size() == 3);
    CHECK(rig.again(before) == Bodies{"0", "1", "2"});
    CHECK(rig.has_tokens_of(before));
    CHECK(rig.g().in_flight() == 3);
    CHECK(rig.g().counters().given == 3);
    CHECK(rig.take_body() == "3");  // they are nobody else's
    for (const Got& each : before)
        CHECK(rig.ack(each) == ZB_TAKEN);
    CHECK(rig.again(before) == Bodies{"4"});
}

TEST_CASE("of what is settled by then the rest is given; a retry too, and one of a key") {
    Rig rig(With{{"order", "per_key"}});
    rig.start();
    for (const char* each : {"a1", "b1", "c1"})
        rig.put(each, std::string(1, each[0]));
    rig.put("b2", "b");
    auto before = rig.take(3);
    REQUIRE(before.size() == 3);
    CHECK(rig.ack(before[0]) == ZB_TAKEN);
    CHECK(rig.settle(ZB_SETTLE_RETRY, before[1]) == ZB_TAKEN);
    CHECK(rig.again(before) == Bodies{"c1"});
    rig.wait(seconds(1));
    const Got retried = rig.take_one();
    CHECK(retried.body == "b1");
    CHECK(rig.again({retried}) == Bodies{"b1"});
    CHECK(rig.ack(retried) == ZB_TAKEN);
    CHECK(rig.take_body() == "b2");
}

TEST_CASE("its lease begins anew, and ends as any") {
    Rig rig(With{{"lease", "10s"}});
    rig.start();
    rig.put("one");
    const auto before = rig.take(1);
    rig.wait(seconds(6));
    CHECK(rig.again(before) == Bodies{"one"});
    rig.wait(seconds(6));
    CHECK(rig.g().in_flight() == 1);
    rig.wait(seconds(4));
    CHECK(rig.g().in_flight() == 0);
    CHECK(rig.again(before) == Bodies{"one"});  // as any consumer, by another token
    CHECK_FALSE(rig.has_tokens_of(before));
}

TEST_CASE("tokens of a life before, and of nobody, are none") {
    Rig rig;
    rig.start();
    rig.put_many(0, 2);
    const auto before = rig.take(1);
    rig.restart_clean();
    (void)rig.take(1);
    CHECK(rig.again(before) == Bodies{"1"});
    CHECK(rig.again({Got{}}).empty());
}

TEST_CASE("what lies on the disk alone is waited for, all of it") {
    Rig rig(With{{"max_in_flight", "1000"}});
    rig.option("hot_memory", "1MiB");
    rig.option("read_memory", "1MiB");
    rig.start();
    std::vector<Got> before;
    const std::string filler(100 << 10, 'x');
    for (int i = 0; i < 2; i++) {
        rig.put(std::to_string(i));
        before.push_back(rig.take_one());
        for (int n = 0; n < 40; n++) {
            for (zb_taken taken = ZB_LATER; taken != ZB_TAKEN; rig.turn())
                taken = rig.publish("t", filler);
            rig.EngineRig::settle();
            CHECK(rig.ack(rig.take_one()) == ZB_TAKEN);
        }
    }
    rig.put("new");
    Bodies got = rig.again(before);
    CHECK(got.empty());
    for (int i = 0; i < 100 && got.empty(); i++) {
        rig.turn();
        if (rig.ready.empty()) continue;
        rig.ready.clear();
        got = rig.again(before);
    }
    CHECK(got == Bodies{"0", "1"});
    CHECK(rig.has_tokens_of(before));
}

// Messages that are to be visible later.
#include <doctest/doctest.h>

#include "plugins/durable/topics/attributes.h"
#include "tests/unit/plugins/durable/groups_rig.h"

using namespace zbridge;
using namespace zbridge::durable;
using std::chrono::hours, std::chrono::milliseconds, std::chrono::seconds;

namespace {

class DelayRig : public GroupsRig {
 public:
    using GroupsRig::GroupsRig;

    zb_taken put_at(const std::string& body, Duration in, const std::string& producer_id = "") {
        zb_attributes attributes{};
        attributes.size = sizeof(attributes);
        attributes.id = view_of(producer_id);
        attributes.deliver_at_ms =
            clock.wall_us() / 1000 + std::chrono::duration_cast<milliseconds>(in).count();
        return publish("t", body, &attributes);
    }
    std::vector<std::string> there() {
        std::vector<std::string> bodies;
        for (auto& [offset, body] : read_all("t"))
            bodies.push_back(std::move(body));
        return bodies;
    }
    const Delays* delays() { return border::self<Engine>(self()).plugin->groups().delayed(); }
};

using Bodies = std::vector<std::string>;

}  // namespace

TEST_CASE("a message is visible at its time, not before, behind what is there by then") {
    DelayRig rig;
    rig.start();
    CHECK(rig.put_at("later", seconds(10)) == ZB_TAKEN);
    rig.commit();
    rig.put("now");
    rig.wait(seconds(10) - milliseconds(11));
    CHECK(rig.there() == Bodies{"now"});
    rig.wait(milliseconds(1));
    rig.commit();
    CHECK(rig.there() == Bodies{"now", "later"});
    CHECK(rig.delays()->delivered() == 1);
    CHECK(rig.take(10).size() == 2);
}

TEST_CASE("messages that are due come in the order of their times, each under its own id") {
    DelayRig rig;
    rig.start();
    std::vector<uint64_t> ids;
    for (const int in : {3, 1, 2}) {
        CHECK(rig.put_at(std::to_string(in), seconds(in)) == ZB_TAKEN);
        ids.push_back(rig.receipt.id_sequence);
    }
    rig.commit();
    rig.wait(hours(1));
    rig.commit();
    CHECK(rig.there() == Bodies{"1", "2", "3"});
    std::vector<zb_run> runs(8);
    uint32_t count = 0;
    REQUIRE(rig.engine->read(rig.self(), rig.handle("t"), 0, 1000, runs.data(), 8, &count) ==
            ZB_TAKEN);
    REQUIRE(count == 3);
    CHECK(runs[0].first_sequence == ids[1]);
    CHECK(runs[2].first_sequence == ids[0]);
    CHECK(text_in({runs[0].attributes.data, runs[0].attributes.size}, AttributeKind::kTarget)
              .empty());
}

TEST_CASE("what waits survives kill and loss of power, and is delivered once") {
    DelayRig rig;
    rig.start();
    for (int i = 0; i < 20; i++)
        CHECK(rig.put_at(std::to_string(i), seconds(i + 1)) == ZB_TAKEN);
    rig.commit();
    SUBCASE("killed") {
        rig.kill();
    }
    SUBCASE("without power") {
        rig.lose_power();
        rig.start();
    }
    for (int i = 0; i < 20; i++) {
        rig.wait(seconds(1));
        if (i % 5 == 4) {
            rig.commit();
            rig.kill();
        }
    }
    rig.wait(seconds(1));
    rig.commit();
    Bodies expected;
    for (int i = 0; i < 20; i++)
        expected.push_back(std::to_string(i));
    CHECK(rig.there() == expected);
    CHECK(rig.delays()->group().exceptions().size() == 0);
}

TEST_CASE("a time that is over by then: at once after the start") {
    DelayRig rig;
    rig.start();
    CHECK(rig.put_at("a", seconds(5)) == ZB_TAKEN);
    rig.commit();
    rig.stop();
    rig.clock.advance(hours(24 * 365));
    rig.start();
    rig.commit();
    CHECK(rig.there() == Bodies{"a"});
}

TEST_CASE("a producer's id is known while its message waits, and over a restart") {
    DelayRig rig;
    rig.topics.front().second = {{"dedup.window", "1h"}};
    rig.start();
    CHECK(rig.put_at("a", seconds(60), "id") == ZB_TAKEN);
    CHECK(rig.put_at("b", seconds(60), "id") == ZB_TAKEN);
    CHECK(rig.receipt.duplicate == 1);
    rig.commit();
    rig.kill();
    CHECK(rig.put_at("c", seconds(60), "id") == ZB_TAKEN);
    CHECK(rig.receipt.duplicate == 1);
    rig.wait(seconds(60));
    rig.commit();
    CHECK(rig.there() == Bodies{"a"});
}

TEST_CASE("no more wait than may: a further one is refused") {
    DelayRig rig;
    rig.option("max_delayed", "2");
    rig.start();
    CHECK(rig.put_at("a", seconds(1)) == ZB_TAKEN);
    CHECK(rig.put_at("b", seconds(1)) == ZB_TAKEN);
    CHECK(rig.put_at("c", seconds(1)) == ZB_TOPIC_FULL);
    CHECK(std::string(rig.receipt.reason.data, rig.receipt.reason.size) ==
          "t: as many messages wait for their time as may");
    rig.wait(seconds(1));
    rig.commit();
    CHECK(rig.put_at("c", seconds(1)) == ZB_TAKEN);
}

TEST_CASE("many in random order are read together, from the disk too, and come in order") {
    constexpr size_t kMessages = 20'000;
    DelayRig rig;
    rig.option("hot_memory", "1MiB");
    rig.option("read_memory", "1MiB");
    rig.groups.clear();
    rig.start();
    SeededRandom chance(7);
    std::map<uint64_t, Bodies> by_due;
    for (size_t i = 0; i < kMessages; i++) {
        const uint64_t in_ms = 1000 + chance.below(30'000);
        by_due[in_ms].push_back(std::to_string(i) + std::string(400, '.'));
        while (rig.engine->has_room(rig.self()) == 0)
            rig.turn();
        REQUIRE(rig.put_at(by_due[in_ms].back(), milliseconds(in_ms)) == ZB_TAKEN);
        if (i % 100 == 0) rig.turn();
    }
    rig.commit();
    SUBCASE("as they come due") {}
    SUBCASE("all at once") {
        rig.clock.advance(seconds(60));
    }
    SUBCASE("after a kill") {
        rig.kill();
    }
    for (int i = 0; i < 10'000 && rig.delays()->group().exceptions().size() > 0; i++)
        rig.wait(milliseconds(20));
    rig.commit();
    Bodies expected;
    for (const auto& [due, bodies] : by_due)
        expected.insert(expected.end(), bodies.begin(), bodies.end());
    CHECK(rig.there() == expected);
    const DueMessages& soon = rig.delays()->group().soon();
    CHECK(soon.passes() < kMessages / 50);
    CHECK(soon.bytes() == 0);
}

TEST_CASE("a message due in a year does not hold what came and went since") {
    DelayRig rig;
    rig.option("segment_bytes", "1MiB");
    rig.topics.front().second = {{"retention.count", "1"}};
    rig.groups.clear();
    rig.start();
    CHECK(rig.put_at("in a year", hours(24 * 365)) == ZB_TAKEN);
    rig.commit();
    for (int i = 0; i < 60; i++) {
        CHECK(rig.put_at(std::string(200'000, '.'), seconds(1)) == ZB_TAKEN);
        rig.wait(seconds(1));
        rig.commit();
    }
    for (int i = 0; i < 60; i++)
        rig.wait(seconds(1));
    const auto files = rig.disk.list("/data/journal");
    REQUIRE(files.ok());
    const auto segments = static_cast<size_t>(std::count_if(
        files->begin(), files->end(), [](const auto& name) { return name.ends_with(".seg"); }));
    CHECK(segments <= 5);  // of 24 MB that were written
    rig.kill();
    rig.clock.advance(hours(24 * 365));
    rig.commit();
    rig.commit();
    const auto there = rig.there();
    REQUIRE_FALSE(there.empty());
    CHECK(there.back() == "in a year");
}

// What an operator does with messages that wait for their time: looks, takes them back, moves them.
#include "plugins/durable/admin/delays_admin.h"

#include <doctest/doctest.h>

#include "tests/unit/plugins/durable/admin_rig.h"

using namespace zbridge;
using namespace zbridge::durable;
using std::chrono::hours, std::chrono::seconds;

using Bodies = std::vector<std::string>;
using Said = AdminRig::Said;

namespace {

class DelaysRig : public AdminRig {
 public:
    DelaysRig() { topic("u"); }

    // Its id.
    std::string put_in(Duration in, const std::string& body, const std::string& to = "t") {
        zb_attributes attributes{};
        attributes.size = sizeof(attributes);
        attributes.tag = view_of(tag);
        attributes.deliver_at_ms =
            now_ms() + std::chrono::duration_cast<seconds>(in).count() * 1000;
        ZB_CHECK(publish(to, body, &attributes) == ZB_TAKEN, body);
        EngineRig::settle();
        return MessageId{receipt.id_epoch, receipt.id_sequence}.text();
    }
    // One publication to both topics.
    std::string put_both_in(Duration in, const std::string& body) {
        zb_attributes attributes{};
        attributes.size = sizeof(attributes);
        attributes.deliver_at_ms =
            now_ms() + std::chrono::duration_cast<seconds>(in).count() * 1000;
        const std::string wire = wire_of(body);
        const zb_publication both[] = {{handle("t"), 1, view_of(wire), &attributes},
                                       {handle("u"), 1, view_of(wire), &attributes}};
        receipt = {};
        ZB_CHECK(engine->publish(self(), both, 2, &receipt) == ZB_TAKEN, body);
        EngineRig::settle();
        return MessageId{receipt.id_epoch, receipt.id_sequence}.text();
    }
    // Then all that is due is there, also what has to be read from the disk.
    void pass(Duration time) {
        wait(time);
        for (int i = 0; i < 50; i++)
            turn();
        commit();
    }
    int64_t now_ms() const { return clock.wall_us() / 1000; }
    Said recall(const std::string& id) { return ask("delay recall", {{"id", id}}); }
    Said reschedule(const std::string& id, uint64_t in_s) {
        return ask("delay reschedule", {{"id", id}, {"in_ms", in_s * 1000}});
    }
    // Of one `delay ls` after the other.
    Bodies waiting(const std::string& of = "t", uint64_t max = 1000) {
        Bodies bodies;
        uint64_t due_ms = 0, offset = 0;
        for (bool done = false; !done;) {
            const Said said = ask(
                "delay ls", {{"topic", of}, {"due_ms", due_ms}, {"offset", offset}, {"max", max}});
            ZB_CHECK(said.result == ZB_OK, said.body);
            for (const msgpack::object& each : said.list("messages")) {
                const auto frames = Said::at(each, "frames").as<std::vector<std::vector<char>>>();
                bodies.emplace_back(frames.back().begin(), frames.back().end());
            }
            due_ms = said.number("due_ms");
            offset = said.number("offset");
            done = said.flag("done");
            pieces++;
        }
        return bodies;
    }
    Bodies there(const std::string& of = "t") {
        Bodies bodies;
        for (auto& [offset, body] : read_all(of))
            bodies.push_back(std::move(body));
        return bodies;
    }

    std::string tag;
    size_t pieces = 0;
};

}  // namespace

TEST_CASE("messages that wait are listed for their topic, the next ones first, in pieces") {
    DelaysRig rig;
    rig.start();
    CHECK(rig.waiting().empty());  // nor did any ever
    rig.tag = "x";
    const std::string id = rig.put_in(seconds(30), "c");
    rig.put_in(seconds(10), "a");
    rig.put_in(seconds(15), "other", "u");
    rig.put_in(seconds(20), "b");
    CHECK(rig.waiting() == Bodies{"a", "b", "c"});
    CHECK(rig.waiting("t", 1) == Bodies{"a", "b", "c"});
    CHECK(rig.waiting("u") == Bodies{"other"});
    const Said said = rig.ask("delay ls", {{"topic", std::string("t")}});
    const msgpack::object last = said.list("messages").back();
    CHECK(Said::at(last, "id").as<std::string>() == id);
    CHECK(Said::at(last, "due_ms").as<int64_t>() == rig.now_ms() + 30'000);
    CHECK(Said::at(last, "stored_ms").as<int64_t>() == rig.now_ms());
    CHECK(Said::at(last, "tag").as<std::string>() == "x");
    rig.kill();
    CHECK(rig.waiting() == Bodies{"a", "b", "c"});
    rig.pass(seconds(10));
    CHECK(rig.waiting() == Bodies{"b", "c"});
}

TEST_CASE("a message that was recalled is never there, over kill and loss of power") {
    DelaysRig rig;
    rig.start();
    const std::string a = rig.put_in(seconds(10), "a");
    const std::string b = rig.put_in(seconds(10), "b");
    rig.put_in(seconds(10), "c");
    const Said said = rig.recall(b);
    REQUIRE_MESSAGE(said.result == ZB_OK, said.body);
    CHECK(said.text("id") == b);
    CHECK(said.number("recalled") == 1);
    CHECK(said.at("topics").as<Bodies>() == Bodies{"t"});
    SUBCASE("at once") {}
    SUBCASE("killed") {
        rig.kill();
    }
    SUBCASE("without power") {
        rig.lose_power();
        rig.start();
    }
    SUBCASE("ended in order") {
        rig.restart_clean();
    }
    CHECK(rig.waiting() == Bodies{"a", "c"});
    CHECK(rig.recall(b).result == ZB_NOT_FOUND);
    rig.pass(seconds(10));
    CHECK(rig.there() == Bodies{"a", "c"});
    const Said late = rig.recall(a);
    CHECK(late.result == ZB_NOT_FOUND);
    CHECK(late.body.find(a) != std::string::npos);
    rig.kill();
    rig.commit();
    CHECK(rig.there() == Bodies{"a", "c"});
}

TEST_CASE("one that nobody waits for: what is wrong is said") {
    DelaysRig rig;
    rig.start();
    const std::string never = MessageId{77, 1}.text();
    CHECK(rig.recall(never).body ==
          "no message " + never +
              " waits for its time: it never did, or was delivered or recalled before");
    const std::string a = rig.put_in(seconds(10), "a");
    const std::string b = rig.put_in(seconds(20), "b");
    CHECK(rig.recall(never).result == ZB_NOT_FOUND);
    CHECK(rig.recall(MessageId{}.text()).result == ZB_NOT_FOUND);
    CHECK(rig.recall("o-17").body == "`o-17` is no id of a receipt: it has 26 characters");
    CHECK(rig.recall("o-17").result == ZB_INVALID);
    CHECK(rig.ask("delay recall", {}).result == ZB_INVALID);
    CHECK(rig.ask("delay reschedule", {{"id", a}}).body == "its new time is not said");
    CHECK(rig.ask("delay reschedule", {{"id", a}, {"time_ms", UINT64_MAX}}).body ==
          "its new time is too far ahead: at most in the year 2527");
    CHECK(rig.ask("delay ls", {{"topic", std::string("none")}}).result == ZB_NOT_FOUND);
    CHECK(rig.ask("delay kick", {}).result == ZB_UNSUPPORTED);
    CHECK(rig.recall(b).result == ZB_OK);
    CHECK(rig.recall(b).body == "too late: " + b + " was delivered, or recalled, before");
    CHECK(rig.waiting() == Bodies{"a"});
}

TEST_CASE("a message that was rescheduled is there at its new time, over kill and loss of power") {
    DelaysRig rig;
    rig.start();
    const std::string a = rig.put_in(seconds(10), "a");
    const std::string b = rig.put_in(seconds(20), "b");
    const int64_t begin_ms = rig.now_ms();
    const Said later = rig.reschedule(a, 30);
    REQUIRE_MESSAGE(later.result == ZB_OK, later.body);
    CHECK(later.number("rescheduled") == 1);
    CHECK(later.at("due_ms").as<int64_t>() == begin_ms + 30'000);
    CHECK(rig.ask("delay reschedule",
                  {{"id", b}, {"time_ms", static_cast<uint64_t>(begin_ms + 5'000)}})
              .result == ZB_OK);
    SUBCASE("at once") {}
    SUBCASE("killed") {
        rig.kill();
    }
    SUBCASE("without power") {
        rig.lose_power();
        rig.start();
    }
    CHECK(rig.waiting() == Bodies{"b", "a"});
    rig.pass(seconds(5));
    CHECK(rig.there() == Bodies{"b"});
    rig.pass(seconds(24));
    CHECK(rig.there() == Bodies{"b"});
    rig.pass(seconds(1));
    CHECK(rig.there() == Bodies{"b", "a"});
    CHECK(rig.reschedule(a, 1).result == ZB_NOT_FOUND);
}

TEST_CASE("rescheduled to a time that is over: it is there at once") {
    DelaysRig rig;
    rig.start();
    const std::string a = rig.put_in(hours(24), "a");
    const std::string b = rig.put_in(hours(24), "b");
    CHECK(rig.ask("delay reschedule", {{"id", a}, {"time_ms", 0UL}}).result == ZB_OK);
    CHECK(rig.ask("delay reschedule", {{"id", b}, {"in_ms", 0UL}}).result == ZB_OK);
    rig.pass(seconds(0));
    CHECK(rig.there() == Bodies{"a", "b"});
}

TEST_CASE("what was published as one, for several topics, is recalled and rescheduled as one") {
    DelaysRig rig;
    rig.start();
    rig.put_both_in(seconds(10), "a");
    const std::string b = rig.put_both_in(seconds(10), "b");
    const std::string c = rig.put_both_in(seconds(10), "c");
    rig.put_both_in(seconds(10), "d");
    const Said said = rig.recall(b);
    CHECK(said.number("recalled") == 2);
    CHECK(said.at("topics").as<Bodies>() == Bodies{"t", "u"});
    CHECK(rig.reschedule(c, 20).number("rescheduled") == 2);
    rig.kill();
    rig.pass(seconds(10));
    CHECK(rig.there("t") == Bodies{"a", "d"});
    CHECK(rig.there("u") == Bodies{"a", "d"});
    rig.pass(seconds(10));
    CHECK(rig.there("t") == Bodies{"a", "d", "c"});
    CHECK(rig.there("u") == Bodies{"a", "d", "c"});
}

TEST_CASE(
    "killed at each moment of a recall and a reschedule: done or not, and told only if done") {
    for (uint64_t seed = 1; seed <= 60; seed++) {
        CAPTURE(seed);
        DelaysRig rig;
        rig.option("segment_bytes", "1MiB");
        rig.random = SeededRandom(seed);
        rig.start();
        const std::string a = rig.put_both_in(seconds(10), "a");
        const std::string b = rig.put_both_in(seconds(10), "b");
        rig.put_both_in(seconds(10), "c");
        ValueWriter recall;
        recall.begin_map(1);
        recall.entry("id", a);
        rig.engine->admin(rig.self(), view_of("delay recall"), view_of(recall.take()), 901);
        ValueWriter reschedule;
        reschedule.begin_map(2);
        reschedule.entry("id", b);
        reschedule.entry("in_ms", 60'000);
        rig.engine->admin(rig.self(), view_of("delay reschedule"), view_of(reschedule.take()), 902);
        for (uint64_t turns = seed % 6; turns > 0; turns--)
            rig.turn();
        const bool recalled = rig.answers.count(901) > 0, moved = rig.answers.count(902) > 0;
        if (seed % 2 == 0) {
            rig.kill();
        } else {
            rig.lose_power();
            rig.start();
        }
        rig.pass(seconds(10));
        const Bodies t = rig.there("t");
        CHECK(t == rig.there("u"));
        if (recalled) CHECK(std::count(t.begin(), t.end(), "a") == 0);
        if (moved) CHECK(std::count(t.begin(), t.end(), "b") == 0);
        CHECK(std::count(t.begin(), t.end(), "c") == 1);
        rig.pass(seconds(60));
        const Bodies after = rig.there("t");
        CHECK(std::count(after.begin(), after.end(), "b") == 1);
        CHECK(after == rig.there("u"));
    }
}

TEST_CASE("one among many is found by its id, also where they have to be read from the disk") {
    DelaysRig rig;
    rig.option("segment_bytes", "1MiB");
    rig.option("hot_memory", "1MiB");
    rig.option("read_memory", "1MiB");
    rig.start();
    std::vector<std::string> ids;
    for (int i = 0; i < 300; i++) {
        ids.push_back(rig.put_in(hours(1) + seconds(i), std::string(20'000, 'x')));
        rig.publish("t", "between");
        if (i == 150) rig.kill();
    }
    rig.kill();
    for (const int each : {0, 1, 149, 150, 151, 299}) {
        CAPTURE(each);
        CHECK(rig.recall(ids[static_cast<size_t>(each)]).result == ZB_OK);
    }
    CHECK(rig.waiting().size() == 294);
    CHECK(rig.pieces >= 294 / DelaysAdmin::kListMax);
    for (const std::string& each : ids)
        rig.recall(each);
    CHECK(rig.waiting().empty());
}

TEST_CASE("a list looks at so many that are for others, and goes on in the next piece") {
    DelaysRig rig;
    rig.start();
    zb_attributes attributes{};
    attributes.size = sizeof(attributes);
    attributes.deliver_at_ms = rig.now_ms() + 10'000;
    for (size_t i = 0; i < DelaysAdmin::kLooksMax + 10; i++)
        ZB_CHECK(rig.publish("u", "", &attributes) == ZB_TAKEN, i);
    rig.put_in(seconds(20), "a");
    const Said first = rig.ask("delay ls", {{"topic", std::string("t")}});
    CHECK(first.list("messages").empty());
    CHECK_FALSE(first.flag("done"));
    CHECK(rig.waiting() == Bodies{"a"});
    CHECK(rig.pieces == 2);
}

TEST_CASE("more that wait for the disk than may: one is refused") {
    DelaysRig rig;
    rig.option("hot_memory", "1MiB");
    rig.start();
    std::string id;
    for (int i = 0; i < 200; i++)
        id = rig.put_in(hours(1), std::string(20'000, 'x'));
    rig.kill();
    ValueWriter writer;
    writer.begin_map(1);
    writer.entry("topic", std::string("t"));
    const std::string asked = writer.take();
    const size_t all = DelaysAdmin::kPiecesMax + 1;
    for (uint64_t i = 0; i < all; i++)
        rig.engine->admin(rig.self(), view_of("delay ls"), view_of(asked), 1000 + i);
    CHECK(rig.answers.at(1000 + all - 1).first == ZB_FULL);
    for (int i = 0; i < 1000; i++)
        rig.turn();
    for (uint64_t i = 0; i + 1 < all; i++)
        CHECK(rig.answers.at(1000 + i).first == ZB_OK);
}

TEST_CASE("a recall gives its room back, and may follow where no more could wait") {
    DelaysRig rig;
    rig.option("max_delayed", "1");
    rig.start();
    const std::string a = rig.put_in(seconds(10), "a");
    zb_attributes attributes{};
    attributes.size = sizeof(attributes);
    attributes.deliver_at_ms = rig.now_ms() + 10'000;
    CHECK(rig.publish("t", "b", &attributes) == ZB_TOPIC_FULL);
    CHECK(rig.recall(a).result == ZB_OK);
    CHECK(rig.publish("t", "b", &attributes) == ZB_TAKEN);
}

TEST_CASE("a purge of what waits for its time is refused: it takes back nothing by accident") {
    DelaysRig rig;
    rig.start();
    (void)rig.put_in(hours(1), "later");
    const Said said = rig.ask("topic purge", {{"topic", std::string("%delayed")}});
    CHECK(said.result == ZB_WRONG_STATE);
    CHECK(said.body ==
          "`%delayed` is the bridge's own, and holds what waits for its time: zbridge delay recall "
          "takes it back");
    rig.pass(hours(1));
    CHECK(rig.there() == Bodies{"later"});
}

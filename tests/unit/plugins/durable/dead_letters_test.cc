// What an operator does with dead letters: looks, publishes again, edits, removes.
#include "plugins/durable/admin/dead_letters.h"

#include <doctest/doctest.h>

#include "tests/unit/plugins/durable/admin_rig.h"

using namespace zbridge;
using namespace zbridge::durable;

using Bodies = std::vector<std::string>;
using With = AdminRig::Options;

namespace {

const std::string g = "g";

uint64_t left(AdminRig& rig) {
    return rig.show().number("dead");
}

}  // namespace

TEST_CASE("dead letters are listed with what they died of") {
    AdminRig rig;
    rig.start();
    CHECK(rig.dead().empty());  // nor is there a topic yet
    rig.let_die("one", "no such customer");
    rig.let_die("two", "bad");
    const auto said = rig.ask("dead ls", {{"group", g}});
    const auto letters = said.list("letters");
    REQUIRE(letters.size() == 2);
    using Said = AdminRig::Said;
    CHECK(Said::at(letters[0], "origin").as<std::string>() == "t");
    CHECK(Said::at(letters[0], "group").as<std::string>() == "g");
    CHECK(Said::at(letters[0], "reason").as<std::string>() == "no such customer");
    CHECK(Said::at(letters[0], "attempts").as<int>() == 1);
    CHECK(Said::at(letters[0], "id").as<std::string>() !=
          Said::at(letters[0], "origin_id").as<std::string>());
    CHECK(Said::at(letters[0], "properties").via.map.size == 0);
    CHECK(rig.dead() == Bodies{"one", "two"});
    CHECK(rig.dead("", 1) == Bodies{"one", "two"});
    CHECK(left(rig) == 2);
    const std::string id = Said::at(letters[1], "origin_id").as<std::string>();
    CHECK(rig.ask("dead ls", {{"group", g}, {"id", id}}).list("letters").size() == 1);
    CHECK(rig.ask("dead ls", {{"group", g}, {"offset", 1UL}}).list("letters").size() == 1);
    CHECK(rig.ask("dead ls", {{"group", g}, {"offset", 2UL}}).list("letters").empty());
}

TEST_CASE("of dead letters those are taken that a condition holds of") {
    AdminRig rig;
    rig.start();
    rig.let_die("one", "bad", "a");
    rig.let_die("two", "worse", "b");
    CHECK(rig.dead("reason = 'worse'") == Bodies{"two"});
    CHECK(rig.dead("attempts > 1") == Bodies{});
    CHECK(rig.dead("a || c") == Bodies{"one"});
    const auto wrong = rig.ask("dead ls", {{"group", g}, {"where", std::string("a = = b")}});
    CHECK(wrong.result == ZB_INVALID);
    CHECK(wrong.body.find("column") != std::string::npos);
}

TEST_CASE("what is published again goes to its topic, and is no dead letter any more") {
    AdminRig rig;
    rig.start();
    rig.let_die("one");
    rig.let_die("two");
    const auto dry = rig.ask("dead redrive", {{"group", g}, {"dry_run", true}});
    CHECK(dry.number("matched") == 2);
    CHECK(dry.number("redriven") == 0);
    CHECK(rig.dead().size() == 2);

    const auto said =
        rig.ask("dead redrive", {{"group", g}, {"where", std::string("origin IS NOT NULL")}});
    CHECK(said.number("redriven") == 2);
    CHECK(said.flag("done"));
    CHECK(rig.dead().empty());
    CHECK(left(rig) == 0);
    CHECK(rig.ask("dead redrive", {{"group", g}}).number("redriven") == 0);
    SUBCASE("at once") {}
    SUBCASE("after a restart") {
        rig.restart_clean();
    }
    SUBCASE("after a loss of power") {
        rig.lose_power();
        rig.start();
        rig.wait(std::chrono::seconds(2));
    }
    CHECK(rig.dead().empty());
    CHECK(rig.ask("dead redrive", {{"group", g}}).number("redriven") == 0);
    CHECK(rig.take_body() == "one");
    CHECK(rig.take_body() == "two");
    CHECK(rig.take_body() == "");
    // It takes no room any more.
    CHECK(rig.read_all("g-dead").empty());
}

TEST_CASE("it tells where it comes from, and how often; its own attributes stay") {
    AdminRig rig;
    rig.start();
    rig.let_die("one", "bad", "express");
    for (uint64_t times = 1; times <= 2; times++) {
        REQUIRE(rig.ask("dead redrive", {{"group", g}}).number("redriven") == 1);
        zb_run run{};
        uint32_t count = 0;
        REQUIRE(rig.engine->read(rig.self(), rig.handle("t"), times, 1 << 20, &run, 1, &count) ==
                ZB_TAKEN);
        REQUIRE(count == 1);
        const std::string_view bytes{run.attributes.data, run.attributes.size};
        CHECK(text_in(bytes, AttributeKind::kTag) == "express");
        CHECK(property_in(bytes, "redriven.times").integer == static_cast<int64_t>(times));
        const zb_view from = property_in(bytes, "redriven.from").text;
        CHECK(std::string_view(from.data, from.size) == "g");
        CHECK(property_in(bytes, "redriven.id").text.size == 26);
        CHECK(property_in(bytes, "dead.reason").kind == ZB_NOTHING);
        const Got got = rig.take_one();
        REQUIRE(got.body == "one");
        rig.settle(ZB_SETTLE_REJECT, got, -1, "again");
        rig.commit();
    }
    CHECK(rig.dead("redriven = 2") == Bodies{"one"});
}

TEST_CASE("a producer's id that was seen lately is no reason to lose what is published again") {
    AdminRig rig(With{{"retry.attempts", "0"}});
    rig.topics.front().second = {{"dedup.window", "1h"}};
    rig.topic("g-dead", {{"dedup.window", "1h"}});
    rig.start();
    zb_attributes attributes{};
    attributes.size = sizeof(attributes);
    attributes.id = view_of("o-1");
    for (int times = 0; times < 3; times++) {
        if (times == 0)
            rig.publish("t", "one", &attributes);
        else
            REQUIRE(rig.ask("dead redrive", {{"group", g}}).number("redriven") == 1);
        rig.EngineRig::settle();
        const Got got = rig.take_one();
        REQUIRE(got.body == "one");
        rig.settle(ZB_SETTLE_REJECT, got);
        rig.commit();
        CHECK(rig.dead() == Bodies{"one"});
    }
    rig.publish("t", "again", &attributes);
    CHECK(rig.receipt.duplicate == 1);
    CHECK(rig.ask("dead ls", {{"group", g}, {"id", std::string("o-1")}}).list("letters").size() ==
          1);
}

TEST_CASE("a crash in the middle publishes none twice, and loses none") {
    for (uint64_t seed = 1; seed <= 40; seed++) {
        AdminRig rig({}, seed);
        rig.option("segment_bytes", "1MiB");
        rig.start();
        // The oldest one stays: what is done with is known by its marks alone. The others are more
        // than a batch.
        rig.let_die("stays", "other");
        for (int i = 0; i < 6; i++)
            rig.let_die(std::to_string(i) + std::string(200'000, 'x'));
        ValueWriter writer;
        writer.begin_map(2);
        writer.entry("group", g);
        writer.entry("where", "reason = 'bad'");
        const std::string request = writer.take();
        rig.engine->admin(rig.self(), view_of("dead redrive"), view_of(request), 900);
        for (uint64_t turns = 0; turns < seed % 8; turns++)
            rig.turn();
        rig.lose_power();
        rig.start();
        rig.wait(std::chrono::seconds(2));
        for (bool done = false; !done;)
            done = rig.ask("dead redrive", {{"group", g}, {"where", std::string("reason = 'bad'")}})
                       .flag("done");
        std::string got;
        for (std::string body = rig.take_body(); !body.empty(); body = rig.take_body())
            got += body[0];
        std::sort(got.begin(), got.end());
        CHECK_MESSAGE(got == "012345", seed);
        CHECK(rig.dead() == Bodies{"stays"});
    }
}

TEST_CASE("what is removed is never told of again; the oldest ones give back their room") {
    AdminRig rig;
    rig.start();
    for (const std::string body : {"0", "1", "2", "3"})
        rig.let_die(body);
    CHECK(rig.ask("dead rm", {{"group", g}, {"offset", 1UL}}).number("removed") == 1);
    CHECK(rig.ask("dead rm", {{"group", g}, {"offset", 1UL}}).number("removed") == 0);
    CHECK(rig.dead() == Bodies{"0", "2", "3"});
    CHECK(rig.read_all("g-dead").size() == 4);
    CHECK(left(rig) == 3);
    rig.lose_power();
    rig.start();
    CHECK(rig.dead() == Bodies{"0", "2", "3"});
    CHECK(left(rig) == 3);
    const Groups& groups = border::self<Engine>(rig.self()).plugin->groups();
    CHECK(groups.marks_of(TopicId(rig.handle("g-dead")))->in_doubt() == 0);
    CHECK(rig.ask("dead rm", {{"group", g}, {"offset", 0UL}}).number("removed") == 1);
    CHECK(rig.read_all("g-dead").size() == 2);
    CHECK(left(rig) == 2);
    CHECK(rig.ask("dead rm", {{"group", g}}).number("removed") == 2);
    CHECK(rig.read_all("g-dead").empty());
    rig.let_die("4");
    CHECK(rig.dead() == Bodies{"4"});
    CHECK(rig.take_body() == "");
}

TEST_CASE("what another group has not read of the dead letters stays") {
    AdminRig rig;
    rig.topic("g-dead");
    rig.group("mourners", {{"topic", "g-dead"}});
    rig.start();
    rig.let_die("one");
    CHECK(rig.ask("dead rm", {{"group", g}}).number("removed") == 1);
    CHECK(rig.dead().empty());
    CHECK(rig.read_all("g-dead") == Messages{{0, "one"}});
    CHECK(left(rig) == 0);
}

TEST_CASE("of groups that share a topic of dead letters each has its own") {
    AdminRig rig(With{{"dead_letter", "all-dead"}});
    rig.group("h", {{"topic", "t"}, {"dead_letter", "all-dead"}});
    rig.start();
    rig.let_die("one");
    CHECK(rig.dead() == Bodies{"one"});
    CHECK(rig.ask("dead ls", {{"group", std::string("h")}}).list("letters").empty());
    CHECK(rig.ask("dead rm", {{"group", std::string("h")}}).number("removed") == 0);
    CHECK(rig.dead() == Bodies{"one"});
}

TEST_CASE("an edited one is published with its new body, the old one is done with") {
    AdminRig rig;
    rig.start();
    rig.let_die("0");
    rig.let_die("1");
    const std::string body(300, 'x');
    const auto edit = [&](uint64_t offset) {
        return rig.ask("dead edit", {{"group", g}, {"offset", offset}, {"body", body}});
    };
    CHECK(edit(1).number("redriven") == 1);
    CHECK(edit(1).number("matched") == 0);
    CHECK(rig.dead() == Bodies{"0"});
    CHECK(rig.take_body() == body);
    CHECK(rig.ask("dead edit", {{"group", g}, {"offset", 0UL}}).result == ZB_INVALID);
}

TEST_CASE("what cannot be published again is told, and stays") {
    AdminRig rig;
    rig.start();
    rig.let_die("one");
    SUBCASE("its topic is not in the file any more") {
        rig.stop();
        rig.topics.clear();
        rig.topic("u");
        rig.groups.clear();
        rig.group("h", {{"topic", "u"}});
        rig.start();
        const auto said = rig.ask("dead redrive", {{"group", g}});
        CHECK(said.number("refused") == 1);
        CHECK(said.text("reason") == "offset 0: t: it is not in the file any more");
        CHECK(said.flag("done"));
    }
    SUBCASE("its topic was removed") {
        rig.stop();
        rig.topics.clear();
        rig.topic("u");
        rig.groups.clear();
        rig.group("h", {{"topic", "u"}});
        rig.start();
        CHECK(rig.ask("group rm", {{"group", g}}).result == ZB_OK);
        CHECK(rig.ask("topic rm", {{"topic", std::string("t")}}).result == ZB_OK);
        const auto said = rig.ask("dead redrive", {{"group", g}});
        CHECK(said.number("refused") == 1);
        CHECK(said.text("reason") == "offset 0: its topic `t` is not there any more");
    }
    CHECK(rig.dead() == Bodies{"one"});
}

TEST_CASE("a topic that is full ends it, and says so") {
    AdminRig rig;
    rig.topics.front().second = {{"retention.size", "1KiB"}};
    rig.start();
    rig.let_die("one");
    rig.let_die("two");
    rig.put(std::string(2000, 'x'));
    rig.wait(std::chrono::seconds(1));
    const auto said = rig.ask("dead redrive", {{"group", g}});
    CHECK(said.flag("stopped"));
    CHECK(said.number("redriven") == 0);
    CHECK(said.text("reason").find("reached") != std::string::npos);
    CHECK(rig.dead() == Bodies{"one", "two"});
}

TEST_CASE("groups and verbs that are none are refused with a sentence") {
    AdminRig rig;
    rig.start();
    const auto none = rig.ask("dead ls", {{"group", std::string("no")}});
    CHECK(none.result == ZB_NOT_FOUND);
    CHECK(none.body == "there is no group `no`");
    CHECK(rig.ask("dead bury", {{"group", g}}).result == ZB_UNSUPPORTED);
    rig.disk.fail(SimDisk::Operation::kSyncData, Code::kIo);
    rig.publish("t", "x");
    for (int i = 0; i < 100 && rig.told.failures.empty(); i++)
        rig.turn();
    CHECK(rig.ask("dead redrive", {{"group", g}}).result == ZB_FAILED);
}

TEST_CASE("of too many that wait for the disk one is refused") {
    AdminRig rig;
    rig.start();
    rig.let_die("one");
    rig.stop();
    rig.start();
    ValueWriter writer;
    writer.begin_map(1);
    writer.entry("group", g);
    const std::string request = writer.take();
    const size_t before = rig.answers.size();
    for (size_t i = 0; i <= DeadLetters::kPiecesMax; i++)
        rig.engine->admin(rig.self(), view_of("dead ls"), view_of(request), 500 + i);
    CHECK(rig.answers.size() == before + 1);
    CHECK(rig.answers.begin()->second.first == ZB_FULL);
    for (int i = 0; i < 100; i++)
        rig.turn();
    CHECK(rig.answers.size() == before + DeadLetters::kPiecesMax + 1);
}

TEST_CASE("marks here and there are limited; whole runs of them are not") {
    EngineRig rig;
    rig.topic("t");
    rig.start();
    rig.publish("t", "x");
    rig.settle();
    Groups& groups = border::self<Engine>(rig.self()).plugin->groups();
    Group& marks = *groups.make_marks(TopicId(rig.handle("t")));
    zb_receipt receipt{};
    for (uint64_t i = 0; i < Group::kMarkPagesMax; i++)
        REQUIRE(marks.mark({1 + i * SettledBits::kPageBits}, nullptr, 0, receipt) == ZB_TAKEN);
    const Offset next{1 + Group::kMarkPagesMax * SettledBits::kPageBits};
    CHECK(marks.mark(next, nullptr, 0, receipt) == ZB_STORE_FULL);
    CHECK(receipt.reason.size > 0);
    CHECK(marks.mark({2}, nullptr, 0, receipt) == ZB_TAKEN);
    CHECK(marks.marked({0}) == Group::kMarkPagesMax + 1);
    CHECK(marks.marked({2}) == Group::kMarkPagesMax);
    CHECK(marks.marked({SettledBits::kPageBits + 1}) == Group::kMarkPagesMax - 1);
    CHECK(marks.marked({SettledBits::kPageBits + 2}) == Group::kMarkPagesMax - 2);
    CHECK_FALSE(marks.is_marked({0}));
}

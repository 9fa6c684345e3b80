// on_dead: what stands behind a dead letter passes, or waits until that is done with.
#include <doctest/doctest.h>

#include <map>
#include <set>

#include "tests/unit/plugins/durable/admin_rig.h"

using namespace zbridge;
using namespace zbridge::durable;
using std::chrono::seconds;

namespace {

using With = AdminRig::Options;
using Said = AdminRig::Said;
const std::string g = "g";

With parking(With more = {}) {
    more.emplace_back("order", "per_key");
    more.emplace_back("on_dead", "park");
    more.emplace_back("start", "earliest");
    more.emplace_back("retry.backoff", "1s");
    return more;
}

void reject(AdminRig& rig, const std::string& body) {
    const Got got = rig.take_one();
    REQUIRE(got.body == body);
    CHECK(rig.settle(ZB_SETTLE_REJECT, got, -1, "bad") == ZB_TAKEN);
    rig.commit();
}

// a1 is a dead letter, a2 and a3 are behind it.
void begin(AdminRig& rig) {
    rig.start();
    for (const char* each : {"a1", "a2", "a3"})
        rig.put(each, "a");
    reject(rig, "a1");
}

std::string drink(AdminRig& rig) {
    std::string all;
    for (Got got = rig.take_one(); !got.body.empty(); got = rig.take_one()) {
        CHECK(rig.ack(got) == ZB_TAKEN);
        all += (all.empty() ? "" : " ") + got.body;
    }
    rig.commit();
    return all;
}

Said ask(AdminRig& rig, const std::string& verb) {
    return rig.ask(verb, {{"group", g}});
}

// As the process ends and begins again.
void end_and_begin(AdminRig& rig, int how) {
    if (how == 1) {
        rig.restart_clean();
    } else if (how > 1) {
        if (how == 2)
            rig.kill();
        else
            rig.lose_power(), rig.start();
        rig.wait(seconds(2));
    }
}

}  // namespace

TEST_CASE("without on_dead, and with `pass`, a key goes on behind its dead letter") {
    AdminRig rig(With{{"order", "per_key"}, {"start", "earliest"}});
    begin(rig);
    CHECK(drink(rig) == "a2 a3");
    CHECK(rig.show().text("on_dead") == "pass");
}

TEST_CASE("what is of a dead letter's key waits until it is given again, over every end") {
    for (int how = 0; how < 4; how++) {
        CAPTURE(how);
        AdminRig rig(parking());
        begin(rig);
        rig.put("b1", "b");
        rig.put("none");
        end_and_begin(rig, how);
        CHECK(drink(rig) == "b1 none");
        const Said shown = rig.show();
        CHECK(shown.text("on_dead") == "park");
        CHECK(shown.number("dead_that_hold_keys") == 1);
        CHECK(shown.number("dead") == 1);
        CHECK(shown.number("parked") == 2);
        CHECK(shown.number("retries") == 0);
        CHECK(shown.number("lag") == 2);
        CHECK(Said::at(ask(rig, "dead ls").list("letters")[0], "holds_key").as<bool>());
        end_and_begin(rig, how);

        const Said said = ask(rig, "dead redrive");
        CHECK(said.number("redriven") == 1);
        CHECK(rig.dead().empty());
        end_and_begin(rig, how);
        const Got again = rig.take_one();
        CHECK(again.body == "a1");
        CHECK(again.offset == 0);  // where it stood
        CHECK(again.attempt == 1);
        CHECK(rig.take_now(1).empty());
        CHECK(rig.ack(again) == ZB_TAKEN);
        CHECK(drink(rig) == "a2 a3");
        CHECK(rig.show().number("lag") == 0);
        CHECK(rig.show().number("dead_that_hold_keys") == 0);
        CHECK(rig.g().floor() == rig.g().cursor());
        end_and_begin(rig, how);
        CHECK(drink(rig).empty());
    }
}

TEST_CASE("one that was retried too often holds its key too; it may die again") {
    AdminRig rig(parking({{"retry.attempts", "1"}}));
    rig.start();
    rig.put("a1", "a");
    rig.put("a2", "a");
    for (int life = 0; life < 2; life++) {
        for (int i = 0; i < 2; i++) {
            CHECK(rig.settle(ZB_SETTLE_RETRY, rig.take_one()) == ZB_TAKEN);
            rig.wait(seconds(1));
        }
        rig.commit();
        CHECK(rig.take_now(1).empty());
        CHECK(rig.dead() == std::vector<std::string>{"a1"});
        CHECK(ask(rig, "dead redrive").number("redriven") == 1);
    }
    CHECK(drink(rig) == "a1 a2");
}

TEST_CASE("removed, its key goes on") {
    for (int how = 0; how < 4; how++) {
        CAPTURE(how);
        AdminRig rig(parking());
        begin(rig);
        CHECK(drink(rig).empty());
        CHECK(ask(rig, "dead rm").number("removed") == 1);
        end_and_begin(rig, how);
        CHECK(drink(rig) == "a2 a3");
        CHECK(rig.dead().empty());
        CHECK(rig.show().number("lag") == 0);
    }
}

TEST_CASE("edited, it comes again behind those that wait") {
    for (int how = 0; how < 4; how++) {
        CAPTURE(how);
        AdminRig rig(parking());
        begin(rig);
        CHECK(drink(rig).empty());
        const auto said =
            rig.ask("dead edit", {{"group", g}, {"offset", 0UL}, {"body", std::string("a4")}});
        CHECK(said.number("redriven") == 1);
        end_and_begin(rig, how);
        CHECK(drink(rig) == "a2 a3 a4");
        CHECK(rig.dead().empty());
        CHECK(rig.show().number("lag") == 0);
    }
}

TEST_CASE(
    "wherever the power goes while it is done with: its key goes on, or the letter is there") {
    for (const char* verb : {"dead rm", "dead redrive"}) {
        bool all = false;
        for (uint64_t cut = 1; !all; cut++) {
            CAPTURE(verb);
            CAPTURE(cut);
            REQUIRE(cut < 200);
            AdminRig rig(parking());
            begin(rig);
            CHECK(drink(rig).empty());
            const uint64_t last = rig.disk.operations() + cut;
            rig.disk.cut_power_at(last);
            ValueWriter writer;
            writer.begin_map(1);
            writer.entry("group", g);
            rig.engine->admin(rig.self(), view_of(std::string(verb)), view_of(writer.take()), 1);
            for (int i = 0; i < 20; i++)
                rig.turn();
            all = rig.disk.operations() < last;
            rig.lose_power();
            rig.start();
            rig.wait(seconds(2));
            if (!rig.dead().empty()) {
                CHECK(drink(rig).empty());
                CHECK(ask(rig, verb).result == ZB_OK);
            }
            CHECK(drink(rig) == (verb == std::string("dead rm") ? "a2 a3" : "a1 a2 a3"));
        }
    }
}

TEST_CASE("letters that are gone hold nothing") {
    AdminRig rig(parking());
    begin(rig);
    CHECK(drink(rig).empty());
    const std::string letters = "g-dead";
    SUBCASE("purged") {
        CHECK(rig.ask("topic purge", {{"topic", letters}}).result == ZB_OK);
        border::self<Engine>(rig.self()).plugin->groups().tick();
    }
    SUBCASE("purged, and the bridge was killed") {
        CHECK(rig.ask("topic purge", {{"topic", letters}}).result == ZB_OK);
        rig.kill();
        rig.wait(seconds(2));
    }
    SUBCASE("with their topic") {
        CHECK(rig.ask("topic rm", {{"topic", letters}}).result == ZB_OK);
    }
    CHECK(drink(rig) == "a2 a3");
    CHECK(rig.show().number("dead_that_hold_keys") == 0);
}

TEST_CASE(
    "where the message itself is gone its letter is published again, behind those that wait") {
    AdminRig rig(parking());
    begin(rig);
    CHECK(drink(rig).empty());
    CHECK(rig.ask("topic purge", {{"topic", std::string("t")}, {"below", 1UL}}).result == ZB_OK);
    CHECK(ask(rig, "dead redrive").number("redriven") == 1);
    CHECK(drink(rig) == "a2 a3 a1");
}

TEST_CASE("it keeps its message: retention with `unread: keep` waits for it") {
    AdminRig rig(parking());
    rig.topics.front().second = {{"retention.count", "1"}};
    begin(rig);
    rig.put("b1", "b");
    CHECK(drink(rig) == "b1");
    rig.wait(seconds(1));
    CHECK(rig.engine->bounds(rig.self(), rig.handle("t")).floor == 0);
    CHECK(ask(rig, "dead redrive").number("redriven") == 1);
    CHECK(drink(rig) == "a1 a2 a3");
}

TEST_CASE("a file that says `pass` by now lets its keys go on") {
    AdminRig rig(parking());
    begin(rig);
    CHECK(drink(rig).empty());
    rig.commit();
    rig.stop();
    rig.groups.clear();
    rig.group("g", {{"topic", "t"}, {"order", "per_key"}, {"start", "earliest"}});
    rig.start();
    CHECK(drink(rig) == "a2 a3");
    CHECK(rig.dead() == std::vector<std::string>{"a1"});
    CHECK(rig.show().number("lag") == 0);
}

TEST_CASE("at max_parked nothing new is given, and it is said why") {
    AdminRig rig(parking({{"max_parked", "2"}}));
    begin(rig);
    rig.put("b1", "b");
    CHECK(rig.take_now(1).empty());
    CHECK(rig.show().text("held") == "too many wait for their key");
    CHECK(ask(rig, "dead rm").number("removed") == 1);
    CHECK(drink(rig) == "a2 a3 b1");
}

TEST_CASE("on_dead: park is of groups in order per key") {
    AdminRig rig(With{{"on_dead", "park"}});
    CHECK_THROWS_WITH(rig.start(), doctest::Contains("expected `order: per_key` with it"));
}

namespace {

// Consumers, an operator and the power, by chance. A body is its key and its place in that.
class Chance {
 public:
    explicit Chance(uint64_t seed) : rig_(parking(), seed), chance_(seed) { rig_.start(); }

    void run() {
        for (int step = 0; step < 150; step++) {
            live();
            if (chance_.below(30) == 0) end();
        }
        while (!out_.empty())
            settle(ZB_SETTLE_ACK);
        // All that is left is worked off, and each letter is given again, until there is none.
        for (int i = 0; i < 200 && (rig_.g().lag() > 0 || !rig_.dead().empty()); i++) {
            while (take())
                settle(ZB_SETTLE_ACK);
            rig_.commit();
            (void)ask(rig_, "dead redrive");
            rig_.wait(seconds(2));
        }
        rig_.commit();
        CHECK(rig_.g().lag() == 0);
        CHECK(rig_.show().number("dead_that_hold_keys") == 0);
        for (const auto& each : published_) {
            for (uint64_t n = 0; n < each.second; n++) {
                INFO(each.first << n);
                CHECK(done_.count({each.first, n}) == 1);
            }
        }
    }
    uint64_t letters = 0;

 private:
    using Name = std::pair<std::string, uint64_t>;  // key, place

    void live() {
        switch (chance_.below(11)) {
            case 0:
            case 1: {
                const std::string key(1, static_cast<char>('a' + chance_.below(3)));
                rig_.put(key + std::to_string(published_[key]++), key);
                return;
            }
            case 2:
                return settle(ZB_SETTLE_REJECT);
            case 3:
                return settle(ZB_SETTLE_RETRY);
            case 4:
                return operate();
            case 5:
                return rig_.wait(seconds(1));
            case 6:
            case 7:
                return settle(ZB_SETTLE_ACK);
            default:
                (void)take();
        }
    }
    bool take() {
        const auto got = rig_.take_now(1);
        if (got.empty()) return false;
        const Name its = name_of(got.front().body);
        // Of its key all before it are settled.
        for (uint64_t n = 0; n < its.second; n++) {
            INFO(got.front().body << " before " << its.first << n);
            REQUIRE(done_.count({its.first, n}) == 1);
        }
        out_.push_back(got.front());
        return true;
    }
    void settle(uint32_t verdict) {
        if (out_.empty()) return;
        const Got got = out_.back();
        out_.pop_back();
        if (rig_.settle(verdict, got) != ZB_TAKEN) return;
        if (verdict == ZB_SETTLE_ACK) done_.insert(name_of(got.body));
    }
    void operate() {
        rig_.commit();
        const auto letters_now = rig_.dead();
        letters += letters_now.size();
        if (chance_.below(2) == 0) {
            (void)ask(rig_, "dead redrive");
        } else {
            (void)ask(rig_, "dead rm");
            for (const std::string& body : letters_now)
                done_.insert(name_of(body));
        }
        // In doubt it is neither: the power goes right behind.
        if (chance_.below(3) == 0) end();
    }
    void end() {
        const uint64_t how = chance_.below(3);
        // Only what is durable counts for the model: all of it is.
        rig_.commit();
        out_.clear();
        end_and_begin(rig_, static_cast<int>(how) + 1);
    }
    static Name name_of(const std::string& body) {
        return {body.substr(0, 1), std::stoull(body.substr(1))};
    }

    AdminRig rig_;
    SeededRandom chance_;
    std::map<std::string, uint64_t> published_;
    std::set<Name> done_;  // acked, or a letter that was removed
    std::vector<Got> out_;
};

}  // namespace

TEST_CASE("keys keep their order behind dead letters, whatever ends when; none is stuck") {
    uint64_t letters = 0;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        CAPTURE(seed);
        Chance chance(seed);
        chance.run();
        letters += chance.letters;
    }
    CHECK(letters > 0);
}

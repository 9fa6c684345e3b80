// Prepared messages of which nobody says what becomes of them.
#include <doctest/doctest.h>

#include "plugins/durable/groups/dead_letter.h"
#include "tests/unit/plugins/durable/transactions_rig.h"

using namespace zbridge;
using namespace zbridge::durable;
using std::chrono::hours, std::chrono::milliseconds, std::chrono::seconds;

using Bodies = std::vector<std::string>;

namespace {

// As many as there are in that time, each told as it is due.
void pass(TransactionsRig& rig, Duration time, Duration step = seconds(1)) {
    for (Duration passed{}; passed < time; passed += step) {
        rig.clock.advance(step);
        for (int i = 0; i < 10; i++)
            rig.turn();  // what is read from the disk is there
        rig.EngineRig::settle();
    }
}

// After the next start nobody is asked at once.
void begin(TransactionsRig& rig) {
    rig.start();
    rig.prepared("first");
    rig.checks.clear();
    CHECK(rig.roll_back(rig.transaction).taken == ZB_TAKEN);
    pass(rig, seconds(7));
    REQUIRE(rig.checks.empty());
}

}  // namespace

TEST_CASE("what nobody resolves is asked for after 6 s, each 30 s, 15 times, and then parked") {
    TransactionsRig rig;
    begin(rig);
    const zb_transaction token = rig.prepared("a");
    pass(rig, milliseconds(5'500), milliseconds(500));
    CHECK(rig.checks.empty());
    pass(rig, milliseconds(500), milliseconds(500));
    REQUIRE(rig.checks.size() == 1);
    CHECK(rig.checks[0].check == 1);
    CHECK(rig.checks[0].body == "a");
    CHECK(rig.checks[0].checker == "shop");
    CHECK(rig.checks[0].transaction.high == token.high);
    CHECK(rig.checks[0].transaction.low == token.low);
    pass(rig, seconds(29));
    CHECK(rig.checks.size() == 1);
    pass(rig, seconds(1));
    CHECK(rig.checks.size() == 2);
    pass(rig, seconds(30 * 13));
    CHECK(rig.checks.size() == 15);
    CHECK(rig.checks.back().check == 15);
    CHECK(rig.its().prepared() == 1);
    pass(rig, seconds(30));
    CHECK(rig.checks.size() == 15);
    CHECK(rig.its().prepared() == 0);
    CHECK(rig.its().counters().checks == 15);
    CHECK(rig.its().counters().unresolved == 1);
    CHECK(rig.there().empty());
    CHECK(rig.there("t-unresolved") == Bodies{"a"});
    const auto late = rig.commit_it(token);
    CHECK(late.taken == ZB_STALE);
    CHECK(late.reason == "nobody resolved it in time: it was rolled back");
    rig.kill();
    CHECK(rig.its().prepared() == 0);
    CHECK(rig.there("t-unresolved") == Bodies{"a"});
}

TEST_CASE("what was parked says why, and an operator can publish it after all") {
    TransactionsRig rig;
    rig.option("max_checks", "1");
    begin(rig);
    rig.prepared("a");
    pass(rig, seconds(40));
    const auto said = rig.ask("dead ls", {{"group", std::string("t-unresolved")}});
    REQUIRE(said.result == ZB_OK);
    const auto letters = said.list("letters");
    REQUIRE(letters.size() == 1);
    CHECK(AdminRig::Said::at(letters[0], "origin").as<std::string>() == "t");
    CHECK(AdminRig::Said::at(letters[0], "reason").as<std::string>() ==
          "prepared, and not resolved after 1 checks");
    CHECK(AdminRig::Said::at(letters[0], "attempts").as<int>() == 1);
    CHECK(rig.ask("dead redrive", {{"group", std::string("t-unresolved")}}).number("redriven") ==
          1);
    CHECK(rig.there() == Bodies{"a"});
}

TEST_CASE("an answer to a check ends the asking") {
    TransactionsRig rig;
    begin(rig);
    const zb_transaction kept = rig.prepared("a"), gone = rig.prepared("b");
    pass(rig, seconds(6));
    REQUIRE(rig.checks.size() == 2);
    CHECK(rig.commit_it(kept).taken == ZB_TAKEN);
    CHECK(rig.roll_back(gone).taken == ZB_TAKEN);
    pass(rig, seconds(60));
    CHECK(rig.checks.size() == 2);
    CHECK(rig.there() == Bodies{"a"});
}

TEST_CASE("where nobody is there to be asked, that is counted, and the checks go on") {
    TransactionsRig rig;
    rig.option("max_checks", "3");
    begin(rig);
    rig.checker_is_there = false;
    rig.prepared("a");
    pass(rig, seconds(37));
    CHECK(rig.its().counters().checks == 2);
    CHECK(rig.its().counters().unasked == 2);
    rig.checker_is_there = true;
    pass(rig, seconds(30));
    REQUIRE(rig.checks.size() == 1);
    CHECK(rig.checks[0].check == 3);
}

TEST_CASE("checks that were made are known after a kill, and the next one waits for who is asked") {
    TransactionsRig rig;
    rig.option("check_after", "2s");
    rig.option("check_every", "10s");
    rig.option("max_checks", "4");
    rig.start();
    rig.prepared("a");
    pass(rig, seconds(13));
    CHECK(rig.checks.size() == 2);
    rig.clock.advance(hours(1));  // it is long due
    rig.kill();
    rig.checks.clear();
    pass(rig, seconds(1));
    CHECK(rig.checks.empty());
    pass(rig, seconds(2));
    REQUIRE(rig.checks.size() == 1);
    CHECK(rig.checks[0].check == 3);
    CHECK(rig.checks[0].body == "a");
    pass(rig, seconds(10));
    CHECK(rig.checks.back().check == 4);
    pass(rig, seconds(11));
    CHECK(rig.there("t-unresolved") == Bodies{"a"});
}

TEST_CASE("many are asked for, also more than at once") {
    TransactionsRig rig;
    begin(rig);
    for (size_t i = 0; i < Transactions::kChecksMax + 500; i++)
        REQUIRE(rig.prepare(std::to_string(i)) == ZB_TAKEN);
    rig.EngineRig::settle();
    pass(rig, seconds(7));
    CHECK(rig.checks.size() == Transactions::kChecksMax + 500);
    CHECK(rig.its().prepared() == Transactions::kChecksMax + 500);
}

TEST_CASE("what was prepared for a topic that is removed ends when it is due") {
    TransactionsRig rig;
    begin(rig);
    REQUIRE(rig.ask("topic create", {{"topic", std::string("own")}}).result == ZB_OK);
    CHECK(rig.prepare("a", "", "own") == ZB_TAKEN);
    rig.EngineRig::settle();
    const zb_transaction token = rig.transaction;
    REQUIRE(rig.ask("topic rm", {{"topic", std::string("own")}}).result == ZB_OK);
    CHECK(rig.commit_it(token).taken == ZB_UNCONFIGURED);
    pass(rig, seconds(7));
    CHECK(rig.its().prepared() == 0);
    CHECK(rig.its().counters().dropped == 1);
    CHECK(rig.checks.empty());
}

TEST_CASE("a message that is prepared for a year does not hold what came and went since") {
    TransactionsRig rig;
    rig.option("segment_bytes", "1MiB");
    rig.option("check_after", "7d");
    rig.topics.front().second = {{"retention.count", "1"}};
    rig.groups.clear();
    rig.start();
    const zb_transaction token = rig.prepared("for long");
    for (int i = 0; i < 60; i++) {
        CHECK(rig.commit_it(rig.prepared(std::string(200'000, '.'))).taken == ZB_TAKEN);
        pass(rig, seconds(1));
    }
    pass(rig, seconds(60));
    CHECK(rig.segment_bytes() <= 5 << 20);  // of 24 MB that were written
    rig.kill();
    CHECK(rig.commit_it(token).taken == ZB_TAKEN);
    CHECK(rig.there().back() == "for long");
}

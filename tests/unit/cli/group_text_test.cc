// Groups and dead letters, as a terminal shows them.
#include "bridge/cli/group_text.h"

#include <doctest/doctest.h>

using namespace zbridge;
using telemetry::Report;

namespace {

Report group(const std::string& name, uint64_t lag) {
    Report its = Report::map();
    its.add("name", name);
    its.add("topic", "orders");
    its.add("state", "configured");
    its.add("held", "");
    its.add("lag", lag);
    its.add("oldest_age_s", lag > 0 ? Report(uint64_t{75}) : Report());
    for (const std::string count : {"in_flight", "retries", "parked", "dead"})
        its.add(count, uint64_t{0});
    return its;
}

Report letter(const std::string& reason, const std::string& body) {
    Report its = Report::map();
    its.add("offset", uint64_t{7});
    its.add("origin", "orders");
    its.add("reason", reason);
    its.add("attempts", uint64_t{17});
    its.add("died_ms", uint64_t{1'700'000'000'000});
    Report& frames = its.add("frames", Report::list());
    frames.add("head");
    frames.add(body);
    return its;
}

Report list_of(Report one) {
    Report list = Report::list();
    list.add(std::move(one));
    return list;
}

}  // namespace

TEST_CASE("groups: a row each, with why it is held and what it has lost") {
    CHECK(cli::groups_text(Report::list(), 0).empty());
    Report held = group("logistics", 12);
    held.add("dropped_retention", uint64_t{3});
    Report groups = list_of(std::move(held));
    groups.add(group("billing", 0));
    CHECK(cli::groups_text(groups, 0) ==
          "GROUP      TOPIC   STATE       LAG  OLDEST          IN FLIGHT  RETRIES  PARKED  DEAD  "
          "NOTE\n"
          "logistics  orders  configured   12  1 min 15 s ago          0        0       0     0  3 "
          "lost\n"
          "billing    orders  configured    0                          0        0       0     0\n");
}

TEST_CASE("pending: what is given and what waits, in one table") {
    CHECK(cli::pending_text(Report::map(), 0).empty());
    Report pending = Report::map();
    Report lease = Report::map();
    lease.add("offset", uint64_t{4});
    lease.add("count", uint64_t{2});
    lease.add("consumer", uint64_t{9});
    lease.add("attempt", uint64_t{1});
    lease.add("until_ms", uint64_t{1'700'000'000'000});
    Report parked = Report::map();
    parked.add("offset", uint64_t{6});
    parked.add("attempts", uint64_t{0});
    pending.add("leased", list_of(lease));
    pending.add("parked", list_of(parked));
    CHECK(cli::pending_text(pending, 0) ==
          "WHAT    OFFSET  COUNT  ATTEMPTS  CONSUMER  WHEN\n"
          "leased       4      2         1         9  until 2023-11-14 22:13:20.000Z\n"
          "parked       6      1         0            behind its order key\n");
}

TEST_CASE("dead letters: what they died of, and the beginning of their last frame") {
    CHECK(cli::letters_text(Report::list(), 0).empty());
    const std::string long_body(50, 'x');
    CHECK(cli::letters_text(list_of(letter("no such\ncustomer", long_body)), 0) ==
          "OFFSET  ORIGIN  REASON               ATTEMPTS  DIED                      SIZE  BODY\n"
          "     7  orders  no such\\x0acustomer        17  2023-11-14 22:13:20.000Z  54 B  " +
              long_body.substr(0, 40) + "...\n");
}

TEST_CASE("a letter is a line; bytes that are no text are there as hex too") {
    CHECK(cli::letter_line(letter("bad", "one")) ==
          R"({"offset":7,"origin":"orders","reason":"bad","attempts":17,)"
          R"("died_ms":1700000000000,"frames":["head","one"]})"
          "\n");
    const std::string line = cli::letter_line(letter("bad", "\xff\x01"));
    CHECK(line.find(R"("frames_hex":["68656164","ff01"])") != std::string::npos);
}

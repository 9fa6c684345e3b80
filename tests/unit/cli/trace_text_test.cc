// What became of a message, as a terminal shows it.
#include "bridge/cli/trace_text.h"

#include <doctest/doctest.h>

#include "bridge/cli/message_text.h"

using namespace zbridge;
using telemetry::Report;

namespace {

constexpr uint64_t kNow = 1'700'000'000'000;  // 2023-11-14 22:13:20

Report copy(const std::string& kind, const std::string& topic, uint64_t offset) {
    Report its = Report::map();
    its.add("kind", kind);
    its.add("topic", topic);
    its.add("offset", offset);
    its.add("id", "0000000001000000000000000A");
    its.add("producer_id", kind == "message" ? "o-17" : "");
    its.add("stored_ms", kNow + offset);
    its.add("kept", true);
    its.add("reason", kind == "dead_letter" ? "no such customer" : "");
    return its;
}

Report event(const std::string& what, uint64_t of_copy, uint64_t at_ms, Report became = {}) {
    Report its = Report::map();
    its.add("at_ms", at_ms);
    its.add("batch", uint64_t{1003});
    its.add("segment", uint64_t{7});
    its.add("what", what);
    its.add("copy", of_copy);
    its.add("became", std::move(became));
    return its;
}

Report of_group(Report event, const std::string& group, uint64_t attempts) {
    event.add("group", group);
    event.add("attempts", attempts);
    event.add("due_ms", kNow + 10'000);
    return event;
}

Report state(const std::string& what, const std::string& group) {
    Report its = Report::map();
    its.add("copy", uint64_t{0});
    its.add("group", group);
    its.add("state", what);
    return its;
}

Report trace_of(std::vector<Report> copies, std::vector<Report> events, std::vector<Report> now) {
    Report its = Report::map();
    for (auto& [name, all] : {std::pair{"copies", &copies}, {"events", &events}, {"now", &now}}) {
        Report& list = its.add(name, Report::list());
        for (Report& each : *all)
            list.add(std::move(each));
    }
    its.add("left_out", uint64_t{0});
    return its;
}

const std::string kHonest =
    "Times are UTC. Deliveries are not recorded: who had it before, and has it no\n"
    "more, is not known; what is settled was acked, or not for the group.\n";

}  // namespace

TEST_CASE("a trace tells what happened by the day, and how it stands now") {
    Report leased = state("leased", "logistics");
    leased.add("consumer", uint64_t{12});
    leased.add("attempt", uint64_t{2});
    leased.add("since_ms", kNow);
    leased.add("until_ms", kNow + 60'000);
    const Report trace = trace_of({copy("message", "orders", 17)},
                                  {event("stored", 0, kNow + 20),
                                   of_group(event("retry", 0, kNow + 86'400'000), "logistics", 1)},
                                  {leased, state("settled", "billing")});
    CHECK(cli::trace_text(trace, 0) ==
          "message 0000000001000000000000000A of orders, offset 17, its producer's o-17\n"
          "2023-11-14\n"
          "22:13:20.017  accepted\n"
          "22:13:20.020  stored       orders 17: segment 7, batch 1003\n"
          "2023-11-15\n"
          "22:13:20.000  retry        logistics: attempt 1 is over, again at 2023-11-14\n"
          "                           22:13:30.000Z\n"
          "now           leased       logistics: attempt 2, to consumer 12, since\n"
          "                           2023-11-14 22:13:20.000Z, until 2023-11-14\n"
          "                           22:14:20.000Z\n"
          "now           settled      billing\n" +
              kHonest);
}

TEST_CASE("a time of the day that a trace is at stands without its day") {
    Report leased = state("leased", "g");
    leased.add("consumer", uint64_t{1});
    leased.add("attempt", uint64_t{2});
    leased.add("since_ms", kNow + 50);
    leased.add("until_ms", kNow + 86'400'000);
    const std::string text =
        cli::trace_text(trace_of({copy("message", "orders", 17)},
                                 {of_group(event("retry", 0, kNow + 40), "g", 1)}, {leased}),
                        120);
    CHECK(text.find("again at 22:13:30.000\n") != std::string::npos);
    CHECK(text.find("since 22:13:20.050, until 2023-11-15 22:13:20.000Z\n") != std::string::npos);
}

TEST_CASE("a dead letter is told with what it died of, and how it is published again") {
    const Report died = of_group(event("dead", 0, kNow + 40, uint64_t{1}), "logistics", 2);
    const Report redriven = event("redriven", 1, kNow + 50, uint64_t{2});
    const std::string text = cli::trace_text(
        trace_of({copy("message", "orders", 17), copy("dead_letter", "logistics-dead", 3),
                  copy("redriven", "orders", 99)},
                 {died, redriven}, {state("done_with", "")}),
        0);
    CHECK(text.find("dead         logistics: after 2 attempts, dead letter\n"
                    "                           logistics-dead 3: no such customer\n") !=
          std::string::npos);
    CHECK(text.find("redriven     the dead letter is published again: orders 99\n") !=
          std::string::npos);
    CHECK(text.find("now           done with    orders 17\n") != std::string::npos);
}

TEST_CASE("what is prepared is told with how often it was asked for") {
    Report now = state("prepared", "");
    now.add("attempts", uint64_t{1});
    now.add("due_ms", kNow + 20'000);
    Report asked = event("prepared", 0, kNow + 5);
    asked.add("attempts", uint64_t{0});
    asked.add("due_ms", kNow + 10'000);
    const std::string text =
        cli::trace_text(trace_of({copy("prepared", "%prepared", 3)},
                                 {asked, event("unresolved", 0, kNow + 6, uint64_t{0}),
                                  event("rolled_back", 0, kNow + 7)},
                                 {now}),
                        200);
    CHECK(text.find("prepared     asked for 0 times so far, next at 22:13:30.000\n") !=
          std::string::npos);
    CHECK(text.find("unresolved   nobody said what becomes of it: %prepared 3\n") !=
          std::string::npos);
    CHECK(text.find("rolled back  or a message with its id was there before\n") !=
          std::string::npos);
    CHECK(text.find("now           prepared     asked for 1 time so far, next at 22:13:40.000\n") !=
          std::string::npos);
}

TEST_CASE("no line is longer than the terminal, whatever the names are") {
    const std::string long_name(127, 'n');
    const Report trace = trace_of({copy("delayed", long_name, 1)},
                                  {of_group(event("retry", 0, kNow), long_name, 254),
                                   event("recalled", 0, kNow), event("stored", 0, kNow)},
                                  {state("in_doubt", long_name), state("not_given", long_name)});
    for (const size_t width : {0, 60, 80, 200}) {
        CAPTURE(width);
        const std::string text = cli::trace_text(trace, width);
        for (size_t from = 0; from < text.size();) {
            const size_t end = text.find('\n', from);
            CHECK(end - from <= (width == 0 ? cli::kTraceWidth : width));
            from = end + 1;
        }
    }
}

TEST_CASE("the consumer of a lease is told by where it is connected, if it still is") {
    Report peer = Report::map();
    peer.add("id", uint64_t{12});
    peer.add("address", "127.0.0.1:5000");
    peer.add("identity", "anna");
    peer.add("user", "");
    Report endpoint = Report::map();
    endpoint.add("name", "packers");
    endpoint.add("peers", Report::list()).add(peer);
    Report status = Report::map();
    status.add("endpoints", Report::list()).add(endpoint);
    Report lease = state("leased", "logistics");
    lease.add("consumer", uint64_t{12});
    cli::add_consumer(lease, status);
    CHECK(lease.at("endpoint").text() == "packers");
    CHECK(cli::trace_text(trace_of({copy("message", "orders", 1)}, {}, {lease}), 200)
              .find("to consumer 12, endpoint packers, address 127.0.0.1:5000, identity anna, "
                    "since ") != std::string::npos);
    Report other = state("leased", "logistics");
    other.add("consumer", uint64_t{13});
    cli::add_consumer(other, status);
    CHECK(other.at("endpoint").is_null());
}

TEST_CASE("messages that wait: when they are due, and the beginning of their last frame") {
    CHECK(cli::delayed_text(Report::list(), 0).empty());
    Report message = Report::map();
    message.add("id", "0000000001000000000000000A");
    message.add("due_ms", kNow);
    message.add("tag", "");
    Report& frames = message.add("frames", Report::list());
    frames.add("head");
    frames.add("body\n" + std::string(50, 'x'));
    Report messages = Report::list();
    messages.add(message);
    CHECK(cli::delayed_text(messages, 0) ==
          "ID                          DUE                       SIZE  BODY\n"
          "0000000001000000000000000A  2023-11-14 22:13:20.000Z  59 B  body\\x0a" +
              std::string(35, 'x') + "...\n");
    CHECK(cli::delayed_text(messages, 80) ==
          "ID                          DUE                       SIZE\n"
          "0000000001000000000000000A  2023-11-14 22:13:20.000Z  59 B\n"
          "(80 columns: without BODY)\n");
}

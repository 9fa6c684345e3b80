#include "bridge/cli/bench/arrivals.h"

#include "bridge/cli/bench/payload.h"

using namespace zbridge;
using cli::bench::Arrivals;
using cli::bench::Payload;
using cli::bench::Stamp;
using std::chrono::microseconds;
using std::chrono::seconds;

namespace {

constexpr uint32_t kBoot = 1'790'000'000;
const Instant kDue{seconds(50)};

Stamp message(uint64_t number, uint16_t producer = 0) {
    return {.run = 7, .producer = producer, .number = number, .due = kDue, .boot = kBoot};
}

Stamp hello() {
    Stamp stamp = message(0);
    stamp.kind = Stamp::Kind::kHello;
    return stamp;
}

}  // namespace

TEST_CASE("latency is from when a message was due, once for each") {
    Arrivals arrivals({.run = 7, .boot = kBoot});
    arrivals.take(0, message(0), 100, kDue + microseconds(10));
    arrivals.take(0, message(0), 100, kDue + microseconds(500));
    arrivals.take(0, message(1), 100, kDue + microseconds(20));
    CHECK(arrivals.count() == 2);
    CHECK(arrivals.bytes() == 200);
    CHECK(arrivals.duplicates() == 1);
    CHECK(arrivals.latencies().count() == 2);
    CHECK(arrivals.latencies().longest() == microseconds(20));
}

TEST_CASE("each producer has its own numbers") {
    Arrivals arrivals({.boot = kBoot});
    for (uint64_t i = 0; i < 3; i++) {
        arrivals.take(0, message(i, 0), 1, kDue);
        arrivals.take(0, message(i, 1), 1, kDue);
    }
    arrivals.take(0, message(5, 1), 1, kDue);
    CHECK(arrivals.count() == 7);
    CHECK(arrivals.duplicates() == 0);
    CHECK(arrivals.missing() == 2);
}

TEST_CASE("of another run, or of nobody's: left out") {
    Arrivals arrivals({.run = 7, .boot = kBoot});
    Stamp other = message(0);
    other.run = 8;
    arrivals.take(0, other, 1, kDue);
    const std::vector<std::string> plain{"an order", "its lines"};
    arrivals.take(0, plain, kDue);
    CHECK(arrivals.count() == 0);
    CHECK(arrivals.foreign() == 2);
}

TEST_CASE("the stamp may stand in any frame, and bytes are those of all") {
    Arrivals arrivals({.boot = kBoot});
    Payload payload = Payload::of_size(60);
    const std::vector<std::string> frames{"prices.", std::string(payload.with(message(0))), "end"};
    arrivals.take(0, frames, kDue);
    CHECK(arrivals.count() == 1);
    CHECK(arrivals.bytes() == 70);
}

TEST_CASE("where each is to have all, each is looked at by itself") {
    Arrivals arrivals({.boot = kBoot, .consumers = 2, .each_has_all = true});
    arrivals.take(0, hello(), 1, kDue);
    CHECK(!arrivals.all_have_heard());
    arrivals.take(1, hello(), 1, kDue);
    CHECK(arrivals.all_have_heard());
    CHECK(arrivals.count() == 0);
    for (uint64_t i = 0; i < 3; i++)
        arrivals.take(0, message(i), 1, kDue);
    CHECK(arrivals.least() == 0);
    arrivals.take(1, message(0), 1, kDue);
    arrivals.take(1, message(2), 1, kDue);
    CHECK(arrivals.least() == 2);
    CHECK(arrivals.count() == 5);
    CHECK(arrivals.missing() == 1);
    CHECK(arrivals.duplicates() == 0);
}

TEST_CASE("where they share, all of them together are to have all") {
    Arrivals arrivals({.boot = kBoot, .consumers = 2});
    arrivals.take(1, hello(), 1, kDue);
    CHECK(arrivals.all_have_heard());
    arrivals.take(0, message(1), 1, kDue);
    arrivals.take(1, message(0), 1, kDue);
    CHECK(arrivals.late() == 0);
    CHECK(arrivals.missing() == 0);
    CHECK(arrivals.least() == 2);
    arrivals.take(0, message(0), 1, kDue);
    CHECK(arrivals.duplicates() == 1);
}

TEST_CASE("what was sent before the first is told apart from what was lost") {
    Arrivals arrivals({.boot = kBoot});
    arrivals.take(0, message(10), 1, kDue);
    arrivals.take(0, message(12), 1, kDue);
    CHECK(arrivals.missing() == 11);
    CHECK(arrivals.missing(true) == 1);
}

TEST_CASE("by another machine's clock nothing is measured") {
    Arrivals arrivals({.boot = kBoot - 1'000});
    arrivals.take(0, message(0), 1, kDue);
    CHECK(arrivals.count() == 1);
    CHECK(arrivals.latencies().count() == 0);
    CHECK(arrivals.unmeasured() == 1);
}

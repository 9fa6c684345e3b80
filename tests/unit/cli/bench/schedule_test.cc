#include "bridge/cli/bench/schedule.h"

using namespace zbridge;
using cli::bench::parse_rate;
using cli::bench::Schedule;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

const Instant kBegan{seconds(100)};

}  // namespace

TEST_CASE("with a rate each message has its time, however late it is") {
    const Schedule schedule{.a_second = 1'000};
    CHECK(schedule.due(0, kBegan, kBegan) == kBegan);
    CHECK(schedule.due(7, kBegan, kBegan) == kBegan + milliseconds(7));
    CHECK(schedule.due(7, kBegan, kBegan + seconds(5)) == kBegan + milliseconds(7));
    CHECK(schedule.due(3'600'000, kBegan, kBegan) == kBegan + std::chrono::hours(1));
}

TEST_CASE("without a rate each is due when it can be sent") {
    const Schedule schedule{};
    CHECK(schedule.due(7, kBegan, kBegan + seconds(5)) == kBegan + seconds(5));
}

TEST_CASE("it ends by messages or by time, whichever is first") {
    const Schedule schedule{.a_second = 10, .messages = 25, .time = seconds(2)};
    CHECK(schedule.due(19, kBegan, kBegan).has_value());
    CHECK(!schedule.due(20, kBegan, kBegan));
    const Schedule few{.a_second = 10, .messages = 5, .time = seconds(2)};
    CHECK(few.due(4, kBegan, kBegan).has_value());
    CHECK(!few.due(5, kBegan, kBegan));
    const Schedule fast{.time = seconds(2)};
    CHECK(fast.due(1'000'000, kBegan, kBegan + milliseconds(1'999)).has_value());
    CHECK(!fast.due(3, kBegan, kBegan + seconds(2)));
}

TEST_CASE("with a rate and a time the number of messages is known, also if they are late") {
    const Schedule schedule{.a_second = 100, .time = seconds(1)};
    CHECK(schedule.due(99, kBegan, kBegan + seconds(30)).has_value());
    CHECK(!schedule.due(100, kBegan, kBegan));
}

TEST_CASE("rates as people write them") {
    CHECK(parse_rate("500") == 500.0);
    CHECK(parse_rate("20k") == 20'000.0);
    CHECK(parse_rate("20k/s") == 20'000.0);
    CHECK(parse_rate("1.5M") == 1'500'000.0);
    CHECK(parse_rate("0.5/s") == 0.5);
    for (const char* none : {"", "0", "-1", "k", "fast", "10 ", "1G", "nan", "1e12", "5ks"})
        CHECK_MESSAGE(!parse_rate(none), none);
}

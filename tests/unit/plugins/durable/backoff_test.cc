// How long a group waits before each retry: a list, or a first time that grows.
#include <doctest/doctest.h>

#include "tests/unit/plugins/durable/admin_rig.h"

using namespace zbridge;
using namespace zbridge::durable;
using std::chrono::milliseconds, std::chrono::seconds;

using Waits = std::vector<int64_t>;
using With = AdminRig::Options;

namespace {

// In milliseconds, as `group show` tells them.
Waits backoff(const With& its) {
    AdminRig rig(its);
    rig.start();
    return AdminRig::Said::at(rig.show().at("retry"), "backoff_ms").as<Waits>();
}

std::string refused(const With& its) {
    AdminRig rig(its);
    try {
        rig.start();
    } catch (const std::exception& error) {
        return error.what();
    }
    return "";
}

}  // namespace

TEST_CASE("a backoff that grows: first, times factor, up to max, which goes on") {
    CHECK(backoff({{"retry.backoff.first", "1s"},
                   {"retry.backoff.factor", "2"},
                   {"retry.backoff.max", "10s"}}) == Waits{1000, 2000, 4000, 8000, 10'000});
    CHECK(backoff({{"retry.backoff.first", "100ms"},
                   {"retry.backoff.factor", "1.5"},
                   {"retry.backoff.max", "300ms"}}) == Waits{100, 150, 225, 300});
    CHECK(backoff({{"retry.backoff.first", "5s"}, {"retry.backoff.max", "5s"}}) == Waits{5000});
    CHECK(backoff({{"retry.backoff.first", "5s"}, {"retry.backoff.factor", "1"}}) == Waits{5000});
}

TEST_CASE("what is left out of it: 10s, 2, 2h; and no more than there are retries") {
    CHECK(backoff({{"retry.backoff.max", "1m"}}) == Waits{10'000, 20'000, 40'000, 60'000});
    const Waits all = backoff({{"retry.backoff.first", "1h"}});
    CHECK(all == Waits{3'600'000, 7'200'000});
    CHECK(backoff({{"retry.backoff.first", "1s"}, {"retry.attempts", "3"}}) ==
          Waits{1000, 2000, 4000});
    CHECK(backoff({{"retry.backoff.first", "1s"}, {"retry.attempts", "0"}}) == Waits{1000});
    CHECK(backoff({{"retry.backoff.first", "1ms"},
                   {"retry.backoff.factor", "100"},
                   {"retry.backoff.max", "365d"},
                   {"retry.attempts", "254"}})
              .back() == 365LL * 24 * 3600 * 1000);
}

TEST_CASE("a max below the first is refused, with what was expected") {
    CHECK(refused({{"retry.backoff.first", "10s"}, {"retry.backoff.max", "1s"}})
              .find("expected `max` to be as long as `first`") != std::string::npos);
    CHECK(refused({{"retry.backoff.first", "3h"}}).find("it is 2h where it is left out") !=
          std::string::npos);
    CHECK(refused({{"retry.backoff.max", "1s"}}).find("which is 10s where it is left out") !=
          std::string::npos);
    CHECK_FALSE(refused({{"retry.backoff.factor", "0.5"}}).empty());
    CHECK_FALSE(refused({{"retry.backoff.factor", "101"}}).empty());
}

TEST_CASE("retries come when the backoff that grows says so, not before") {
    AdminRig rig(With{{"retry.backoff.first", "1s"}, {"retry.backoff.max", "4s"}});
    rig.start();
    rig.put("a");
    Got got = rig.take_one();
    for (const auto wait : {seconds(1), seconds(2), seconds(4), seconds(4)}) {
        rig.settle(ZB_SETTLE_RETRY, got);
        rig.clock.advance(wait - milliseconds(1));
        CHECK(rig.take_body() == "");
        rig.clock.advance(milliseconds(1));
        got = rig.take_one();
        CHECK(got.body == "a");
    }
}

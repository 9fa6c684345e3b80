// One alarm over timers that cannot be taken back.
#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <set>

#include "bridge/base/random.h"
#include "plugins/durable/alarm.h"

using namespace zbridge;
using namespace zbridge::durable;
using namespace std::chrono_literals;

namespace {

// A host with timers, each of which rings the alarm.
struct Host {
    // Until all that is to come by `until` has come; `rung` after each.
    void run(Instant until, const std::function<void()>& rung) {
        while (!timers.empty() && *timers.begin() <= until) {
            clock.advance(std::max(Duration(0), *timers.begin() - clock.now()));
            timers.erase(timers.begin());
            alarm.rang();
            rings++;
            rung();
        }
        clock.advance(until - clock.now());
    }

    ManualClock clock;
    std::multiset<Instant> timers;
    bool refuses = false;
    size_t rings = 0;
    Alarm alarm{clock, [this](Duration after) {
                    if (!refuses) timers.insert(clock.now() + after);
                    return !refuses;
                }};
};

}  // namespace

TEST_CASE("short waits before a long one leave no timers behind") {
    Host host;
    const Instant day = host.clock.now() + 24h;
    for (int i = 0; i < 500; i++) {
        const Instant lease = host.clock.now() + 200ms;
        bool ended = false;
        host.alarm.set(std::min(day, lease));
        host.run(host.clock.now() + 1s, [&] {
            ended |= host.clock.now() >= lease;
            host.alarm.set(ended ? day : lease);
        });
        CHECK(ended);
        REQUIRE(host.timers.size() <= 4);
    }
}

TEST_CASE("it comes when it is due, however the wishes follow each other, and few timers are out") {
    SeededRandom random(11);
    for (int round = 0; round < 300; round++) {
        Host host;
        std::multiset<Instant> due;
        const auto wish = [&] {
            if (!due.empty()) host.alarm.set(*due.begin());
        };
        const auto look = [&] {
            while (!due.empty() && *due.begin() <= host.clock.now()) {
                CHECK(host.clock.now() - *due.begin() <= Alarm::kNear);
                due.erase(due.begin());
            }
            wish();
        };
        for (int step = 0; step < 200; step++) {
            // Ever nearer, which is the worst; and now and then anything.
            const auto far = random.below(8) == 0 ? Duration(120s) : Duration(2000ms / (step + 1));
            due.insert(host.clock.now() +
                       Duration(static_cast<int64_t>(random.below(far.count()))));
            wish();
            REQUIRE(host.timers.size() <= Alarm::kTimersMax);
            CHECK(host.timers.size() == host.alarm.timers_out());
            if (random.below(4) == 0)
                host.run(
                    host.clock.now() + Duration(static_cast<int64_t>(random.below(50'000'000))),
                    look);
        }
        host.run(host.clock.now() + 200s, look);
        CHECK(due.empty());
        CHECK(host.timers.empty());
    }
}

TEST_CASE("a host that sets no timer now is asked again by the next set()") {
    Host host;
    host.refuses = true;
    host.alarm.set(host.clock.now() + 1s);
    CHECK(host.alarm.timers_out() == 0);
    host.refuses = false;
    host.alarm.set(host.clock.now() + 1s);
    CHECK(host.timers == std::multiset<Instant>{host.clock.now() + 1s});
}

TEST_CASE("what is far is looked for once a minute: a clock on the wall may jump") {
    Host host;
    host.alarm.set(host.clock.now() + 24h);
    CHECK(*host.timers.begin() == host.clock.now() + Alarm::kFar);
}

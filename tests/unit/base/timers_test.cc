#include "bridge/base/timers.h"

#include <memory>
#include <string>

#include "bridge/base/random.h"

using namespace zbridge;
using namespace std::chrono_literals;

TEST_CASE("timers fire in the order of their due time, then of their arming") {
    Timers timers;
    std::string fired;
    Timer a(timers, [&] { fired += 'a'; }), b(timers, [&] { fired += 'b'; }),
        c(timers, [&] { fired += 'c'; });
    const Instant start{};
    c.arm(start + 2s);
    b.arm(start + 1s);
    a.arm(start + 2s);
    CHECK(timers.next_due() == start + 1s);
    CHECK(timers.run_due(start + 1s) == 1);
    CHECK(timers.run_due(start + 2s) == 2);
    CHECK(fired == "bca");
    CHECK_FALSE(timers.next_due());
}

TEST_CASE("a cancelled, moved or destroyed timer does not fire at its old time") {
    Timers timers;
    int fired = 0;
    const Instant start{};
    Timer cancelled(timers, [&] { fired++; });
    cancelled.arm(start + 1s);
    cancelled.cancel();
    Timer moved(timers, [&] { fired++; });
    moved.arm(start + 1s);
    moved.arm(start + 3s);
    {
        Timer gone(timers, [&] { fired++; });
        gone.arm(start + 1s);
    }
    CHECK(timers.run_due(start + 2s) == 0);
    CHECK(timers.run_due(start + 3s) == 1);
    CHECK(fired == 1);
}

TEST_CASE("a timer that arms itself for now waits for the next call") {
    Timers timers;
    int fired = 0;
    std::unique_ptr<Timer> again;
    again = std::make_unique<Timer>(timers, [&] {
        fired++;
        again->arm(Instant{});
    });
    again->arm(Instant{});
    CHECK(timers.run_due(Instant{}) == 1);
    CHECK(timers.run_due(Instant{}) == 1);
    CHECK(fired == 2);
}

TEST_CASE("any mix of arming and cancelling keeps the order") {
    Timers timers;
    SeededRandom random(1);
    Instant last{};
    std::vector<std::unique_ptr<Timer>> all;
    for (int i = 0; i < 500; i++) {
        all.push_back(std::make_unique<Timer>(timers, [&, i] {
            CHECK(all[static_cast<size_t>(i)]->due() >= last);
            last = all[static_cast<size_t>(i)]->due();
        }));
    }
    for (int i = 0; i < 5000; i++) {
        Timer& timer = *all[random.below(all.size())];
        if (random.below(3) == 0)
            timer.cancel();
        else
            timer.arm(Instant{} + Duration(random.below(1000)));
    }
    timers.run_due(Instant{} + 1000ns);
    CHECK(timers.size() == 0);
}

#include "bridge/base/executor.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

using namespace zbridge;

namespace {

// Something a reactor can wait for.
class Signal {
 public:
    void give() {
        const std::lock_guard lock(mutex_);
        given_++;
        changed_.notify_all();
    }
    void wait() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return given_ > 0; });
        given_--;
    }

 private:
    std::mutex mutex_;
    std::condition_variable changed_;
    int given_ = 0;
};

void run_until_done(Executor& executor, Signal& woken) {
    while (executor.tasks() > 0) {
        woken.wait();
        executor.run_done();
    }
}

}  // namespace

TEST_CASE("work runs on another thread, its done on the reactor's, in order") {
    Signal woken;
    ThreadExecutor executor({}, [&] { woken.give(); });
    const auto reactor = std::this_thread::get_id();
    std::string order;
    bool elsewhere = true, here = true;
    for (char c = 'a'; c <= 'z'; c++) {
        auto answer = std::make_shared<char>();
        REQUIRE(executor.submit(
            [&elsewhere, answer, c, reactor] {
                elsewhere = elsewhere && std::this_thread::get_id() != reactor;
                *answer = c;
            },
            [&order, &here, answer, reactor] {
                here = here && std::this_thread::get_id() == reactor;
                order += *answer;
            }));
    }
    run_until_done(executor, woken);
    CHECK(order == "abcdefghijklmnopqrstuvwxyz");
    CHECK(elsewhere);
    CHECK(here);
}

TEST_CASE("a full executor refuses, and every accepted work has a place for its answer") {
    Signal woken, go;
    ThreadExecutor executor({.name = "test", .threads = 1, .tasks_max = 4}, [&] { woken.give(); });
    int done = 0;
    for (int i = 0; i < 4; i++)
        REQUIRE(executor.submit([&] { go.wait(); }, [&] { done++; }));
    CHECK_FALSE(executor.submit([] {}, [] {}));
    for (int i = 0; i < 4; i++)
        go.give();
    while (executor.tasks() == 4) {
        woken.wait();
        executor.run_done();
    }
    CHECK(executor.submit([] {}, [&] { done++; }));
    run_until_done(executor, woken);
    CHECK(done == 5);
}

TEST_CASE("done may submit again, even when the executor was full") {
    Signal woken;
    ThreadExecutor executor({.name = "test", .threads = 1, .tasks_max = 1}, [&] { woken.give(); });
    int left = 100;
    std::function<void()> again = [&] {
        if (--left > 0) REQUIRE(executor.submit([] {}, again));
    };
    REQUIRE(executor.submit([] {}, again));
    run_until_done(executor, woken);
    CHECK(left == 0);
}

TEST_CASE("at its end an executor runs what it accepted, without done") {
    std::atomic<int> worked = 0;
    int done = 0;
    {
        ThreadExecutor executor({.name = "test", .threads = 3, .tasks_max = 100}, [] {});
        for (int i = 0; i < 100; i++)
            REQUIRE(executor.submit([&] { worked++; }, [&] { done++; }));
    }
    CHECK(worked == 100);
    CHECK(done == 0);
    SeededRandom random(1);
    {
        SimExecutor executor({}, random);
        REQUIRE(executor.submit([&] { worked++; }, [&] { done++; }));
    }
    CHECK(worked == 101);
    CHECK(done == 0);
}

TEST_CASE("several threads share the work") {
    Signal woken, both;
    ThreadExecutor executor({.name = "test", .threads = 2, .tasks_max = 4}, [&] { woken.give(); });
    Signal first, second;  // each waits for the other: one thread alone would wait for ever
    REQUIRE(executor.submit(
        [&] {
            first.give();
            second.wait();
        },
        [] {}));
    REQUIRE(executor.submit(
        [&] {
            second.give();
            first.wait();
        },
        [] {}));
    run_until_done(executor, woken);
    CHECK(executor.tasks() == 0);
}

TEST_CASE("the simulated executor repeats itself from its seed, and one thread keeps the order") {
    const auto run = [](uint64_t seed, uint32_t threads) {
        SeededRandom random(seed);
        SimExecutor executor({.name = "sim", .threads = threads, .tasks_max = 64}, random);
        std::string order;
        for (char c = 'a'; c <= 'h'; c++) {
            REQUIRE(executor.submit([] {}, [&order, c] { order += c; }));
            executor.run_some();
            executor.run_done();
        }
        executor.run_all();
        return order;
    };
    CHECK(run(1, 1) == "abcdefgh");
    CHECK(run(2, 1) == "abcdefgh");
    CHECK(run(5, 4) == run(5, 4));
    bool differs = false;
    for (uint64_t seed = 0; seed < 20; seed++)
        differs = differs || run(seed, 4) != "abcdefgh";
    CHECK(differs);
    SeededRandom random(1);
    SimExecutor small({.name = "sim", .threads = 1, .tasks_max = 2}, random);
    CHECK(small.submit([] {}, [] {}));
    CHECK(small.step());
    CHECK(small.submit([] {}, [] {}));
    CHECK_FALSE(small.submit([] {}, [] {}));
    CHECK(small.run_done() == 1);
    CHECK(small.submit([] {}, [] {}));
}

TEST_CASE("finish() waits for all, also for what a done submits") {
    ThreadExecutor executor({.name = "test", .threads = 2, .tasks_max = 100}, [] {});
    std::atomic<int> worked = 0;
    int done = 0;
    for (int i = 0; i < 40; i++) {
        REQUIRE(executor.submit([&] { worked++; },
                                [&] {
                                    done++;
                                    if (done <= 10) {
                                        REQUIRE(
                                            executor.submit([&] { worked++; }, [&] { done++; }));
                                    }
                                }));
    }
    executor.finish();
    CHECK(executor.tasks() == 0);
    CHECK(worked == done);
    CHECK(done >= 50);
    executor.finish();  // nothing is left
}

TEST_CASE("a work that hurries says how long it is worth looking for, until it is done") {
    Signal woken;
    ThreadExecutor executor({}, [&] { woken.give(); });
    CHECK(executor.hurries() == Duration{});
    REQUIRE(executor.submit([] {}, [] {}));
    executor.hurry(std::chrono::hours(1));
    CHECK(executor.hurries() > std::chrono::minutes(59));
    CHECK(executor.hurries() <= std::chrono::hours(1));
    run_until_done(executor, woken);
    CHECK(executor.hurries() == Duration{});

    REQUIRE(executor.submit([] {}, [] {}));
    executor.hurry(Duration{});  // what it took too long for is not looked for
    CHECK(executor.hurries() == Duration{});
    run_until_done(executor, woken);
}

TEST_CASE("works that hurry, one behind the other or after a while, run in their order") {
    Signal woken;
    ThreadExecutor executor({}, [&] { woken.give(); });
    std::string order, expected;
    const RealClock clock;
    for (char c = 'a'; c <= 'z'; c++) {
        REQUIRE(executor.submit([&order, c] { order += c; }, [] {}));
        executor.hurry(std::chrono::milliseconds(1));
        run_until_done(executor, woken);
        expected += c;
        // Every other one comes when its thread looks no more.
        const Instant until = clock.now() + 2 * ThreadExecutor::kLookMax;
        while (c % 2 == 0 && clock.now() < until) {
        }
    }
    CHECK(order == expected);
    executor.finish();
}

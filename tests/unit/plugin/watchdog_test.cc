#include "bridge/plugin/watchdog.h"

#include <doctest/doctest.h>

#include <map>

#include "tests/unit/support/scripted_plugin.h"

using namespace zbridge;
using namespace zbridge::testing;
using plugin::Watchdog;

namespace {

// Something that comes true on another thread.
class Signal {
 public:
    void give() {
        {
            const std::lock_guard lock(mutex_);
            given_ = true;
        }
        changed_.notify_all();
    }
    bool wait() {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, std::chrono::seconds(60), [this] { return given_; });
    }

 private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool given_ = false;
};

}  // namespace

TEST_CASE("a call on the reactor that does not return is named with its instance, and counted") {
    RealClock clock;
    Signal named, go;
    std::string line_of_it;
    telemetry::LogOptions options;
    options.write = [&](std::string_view line) {
        if (line.find("does not come back") == std::string_view::npos) return;
        line_of_it = line;
        named.give();
    };
    telemetry::Log log(options, clock);
    plugin::Services services{&clock, &log, nullptr, {}};
    ScriptedPlugin it(services, "mask-cards");
    it.script.step = [&](zb_message*) -> zb_verdict {
        go.wait();  // as long as it takes until the watchdog has named it
        return ZB_PASS;
    };
    plugin::Pulse pulse;
    plugin::Instance& instance = it.make();
    const plugin::LifeCalls lives;
    Watchdog watchdog(lives, log);
    watchdog.watch({{&pulse, true}});
    plugin::StepAnswer answer;
    std::thread reactor([&] {
        zb_message message;
        plugin::StepCall call;
        answer = instance.on_message(message, call, pulse);
    });
    CHECK(named.wait());
    CHECK(line_of_it.find("mask-cards (scripted 1.2.3)") != std::string::npos);
    CHECK(line_of_it.find("the bridge stands still") != std::string::npos);
    CHECK(line_of_it.find("at=shop.yaml:7:3") != std::string::npos);
    go.give();
    reactor.join();
    CHECK(answer.verdict == ZB_PASS);
    CHECK(instance.long_calls() == 1);
    CHECK(pulse.inside() == nullptr);
}

TEST_CASE(
    "a thread of an instance's own may take its time: it is neither named so soon nor counted") {
    RealClock clock;
    Signal looked, go;
    bool named = false;
    telemetry::LogOptions options;
    options.write = [&](std::string_view line) {
        if (line.find("other (scripted") != std::string_view::npos) looked.give();
        if (line.find("slow (scripted") != std::string_view::npos) named = true;
    };
    telemetry::Log log(options, clock);
    plugin::Services services{&clock, &log, nullptr, {}};
    ScriptedPlugin slow(services, "slow"), other(services, "other");
    for (ScriptedPlugin* each : {&slow, &other}) {
        each->script.step = [&](zb_message*) -> zb_verdict {
            go.wait();
            return ZB_PASS;
        };
    }
    plugin::Pulse of_slow, of_other;
    slow.make();
    other.make();
    const plugin::LifeCalls lives;
    Watchdog watchdog(lives, log);
    watchdog.watch({{&of_slow, false}, {&of_other, true}});
    const auto run = [](ScriptedPlugin& each, plugin::Pulse& pulse) {
        zb_message message;
        plugin::StepCall call;
        (void)each.instance->on_message(message, call, pulse);
    };
    std::thread first(run, std::ref(slow), std::ref(of_slow));
    std::thread second(run, std::ref(other), std::ref(of_other));
    CHECK(looked.wait());  // the one on the reactor was named: both have been looked at as long
    go.give();
    first.join();
    second.join();
    CHECK_FALSE(named);
    CHECK(slow.instance->long_calls() == 0);
    CHECK(other.instance->long_calls() == 1);
}

TEST_CASE("a create, start, drain, stop or destroy that does not return is named every 2 seconds") {
    RealClock clock;
    std::mutex mutex;
    std::condition_variable changed;
    std::map<std::string, std::vector<std::string>> named;  // by phase
    telemetry::LogOptions options;
    options.write = [&](std::string_view line) {
        const size_t at = line.find("phase=");
        if (at == std::string_view::npos) return;
        const std::lock_guard lock(mutex);
        named[std::string(line.substr(at + 6, line.find(' ', at) - at - 6))].emplace_back(line);
        changed.notify_all();
    };
    telemetry::Log log(options, clock);
    plugin::LifeCalls lives;
    plugin::Services services{&clock, &log, nullptr, {}, &lives};
    const Watchdog watchdog(lives, log);
    // In the phase that stays until it has been named twice.
    const auto stay = [&](const std::string& phase) {
        std::unique_lock lock(mutex);
        return changed.wait_for(lock, std::chrono::seconds(60),
                                [&] { return named[phase].size() >= 2; });
    };
    {
        ScriptedPlugin it(services, "mask-cards");
        it.script.create = [&] { return stay("create") ? zb_result{ZB_OK} : zb_result{ZB_FAILED}; };
        it.script.start = [&] { return stay("start") ? zb_result{ZB_OK} : zb_result{ZB_FAILED}; };
        it.script.drain = [&] { CHECK(stay("drain")); };
        it.script.stop = [&] { CHECK(stay("stop")); };
        it.script.destroy = [&] { CHECK(stay("destroy")); };
        it.make();
        it.instance->drain({});
        it.instance->stop();
        it.instance.reset();
    }
    const std::lock_guard lock(mutex);
    CHECK(named.size() == 5);
    for (const auto& [phase, lines] : named) {
        REQUIRE(lines.size() >= 2);
        CHECK_MESSAGE(lines[0].find("come back from `" + phase + "`") != std::string::npos,
                      lines[0]);
        CHECK(lines[0].find("mask-cards (scripted 1.2.3)") != std::string::npos);
        CHECK(lines[0].find("at=shop.yaml:7:3") != std::string::npos);
        CHECK(lines[0].find("seconds=2") != std::string::npos);
        CHECK(lines[1].find("seconds=4") != std::string::npos);
    }
    CHECK(lives.running().empty());
}

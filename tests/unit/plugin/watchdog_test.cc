#include "bridge/plugin/watchdog.h"

#include <doctest/doctest.h>

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
    const Watchdog watchdog({{&pulse, true}}, log);
    plugin::StepAnswer answer;
    std::thread reactor([&] {
        zb_message message;
        plugin::StepCall call;
        answer = instance.on_message(message, call, pulse);
    });
    CHECK(named.wait());
    CHECK(line_of_it.find("mask-cards (scripted 1.2.3)") != std::string::npos);
    CHECK(line_of_it.find("the bridge stands still") != std::string::npos);
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
    const Watchdog watchdog({{&of_slow, false}, {&of_other, true}}, log);
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

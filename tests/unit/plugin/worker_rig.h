// An instance with a thread of its own that runs when the test says so.
#pragma once

#include "bridge/model/room_listener.h"
#include "bridge/plugin/worker.h"
#include "tests/unit/support/scripted_plugin.h"

namespace zbridge::testing {

struct RoomBell final : RoomListener {
    void on_room() override { rings++; }
    int rings = 0;
};

struct WorkerRig {
    // After its script and options are set.
    plugin::Worker& worker() {
        if (!made_) {
            auto executor = std::make_unique<SimExecutor>(ExecutorOptions{"sim", 1, 16}, random);
            sim = executor.get();
            it.make();
            made_ = std::make_unique<plugin::Worker>(*it.instance, std::move(executor));
        }
        return *made_;
    }
    // The thread does all that it has been given, and what comes of that.
    void settle() { sim->run_all(); }
    // The thread does one thing; the reactor has not heard of it yet.
    bool work() { return sim->step(); }
    void hear() { sim->run_done(); }
    // Before what the thread works for goes, as in the bridge.
    void end() {
        if (made_) made_->executor.reset();
    }
    void pass(Duration time) {
        clock.advance(time);
        timers.run_due(clock.now());
    }

    ManualClock clock;
    Timers timers;
    plugin::Services services{&clock, nullptr, &timers, {}};
    SeededRandom random{1};
    MemoryBudget memory{64 << 20};
    ScriptedPlugin it{services};
    SimExecutor* sim = nullptr;

 private:
    std::unique_ptr<plugin::Worker> made_;
};

}  // namespace zbridge::testing

// A producer that does not run away from its consumers.
#pragma once

#include <sys/prctl.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <thread>

#include "bench/control_page.h"
#include "bench/window.h"

namespace zbridge::bench {

struct Flow {
    uint32_t consumers = 1;
    uint64_t window = 0;  // messages ahead of the slowest one; 0: no limit
};

inline void add_flow_options(CLI::App& app, Flow& flow) {
    app.add_option("--consumers", flow.consumers)->check(CLI::Range(1u, kConsumersMax));
    app.add_option("--window", flow.window, "messages ahead of the slowest consumer; 0: no limit");
}

// Waits until `sequence` is within the window. After a second without progress the tail is taken
// for lost.
class Pacer {
 public:
    Pacer(const ControlPage& control, Flow flow) : control_(control), flow_(flow) {
        prctl(PR_SET_TIMERSLACK, 1000);  // a sleep of 20 us shall be one
    }

    void wait_for(uint64_t sequence) {
        if (flow_.window == 0 || sequence < allowed_) return;
        const auto began = Monotonic::now();
        while (true) {
            allowed_ = std::max(allowed_, control_.slowest(flow_.consumers) + flow_.window);
            if (sequence < allowed_ || control_.stopped()) return;
            if (Monotonic::now() - began > std::chrono::seconds(1)) {
                ++given_up_;
                allowed_ = sequence + flow_.window;
                return;
            }
            std::this_thread::sleep_for(std::chrono::microseconds(20));
        }
    }

    uint64_t given_up() const { return given_up_; }

 private:
    const ControlPage& control_;
    Flow flow_;
    uint64_t allowed_ = 0;
    uint64_t given_up_ = 0;
};

}  // namespace zbridge::bench

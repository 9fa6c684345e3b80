// The steady part of a run: it begins a warm-up after the first message and ends `seconds` later;
// the processor time of the watched process (the bridge, all its threads) and its memory are taken
// at the same two moments.
//
// Thread:  one.
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

namespace zbridge::bench {

using Monotonic = std::chrono::steady_clock;

inline double seconds_between(Monotonic::time_point from, Monotonic::time_point to) {
    return std::chrono::duration<double>(to - from).count();
}

// Processor time of all threads of a process, user and system, from the scheduler's own count
// (nanoseconds; /proc/PID/stat says the same in ticks of 10 ms). 0: no such process.
inline double cpu_seconds_of(int pid) {
    uint64_t total_ns = 0;
    std::error_code gone;
    for (const auto& task :
         std::filesystem::directory_iterator(fmt::format("/proc/{}/task", pid), gone)) {
        uint64_t run_ns = 0;
        if (std::ifstream(task.path() / "schedstat") >> run_ns) total_ns += run_ns;
    }
    return static_cast<double>(total_ns) / 1e9;
}

inline uint64_t rss_kib_of(int pid) {
    std::ifstream status(fmt::format("/proc/{}/status", pid));
    std::string word;
    uint64_t kib = 0;
    while (status >> word) {
        if (word == "VmRSS:") status >> kib;
    }
    return kib;
}

struct WindowOptions {
    double warmup_seconds = 0.5;
    double seconds = 3;
    int watch_pid = 0;  // 0: none
};

class Window {
 public:
    explicit Window(WindowOptions options) : options_(options) {}

    // Called now and then with the count so far; true once the window has ended.
    bool advance(uint64_t count) {
        if (ended_) return true;
        const auto now = Monotonic::now();
        if (count == 0) return false;
        if (!first_) {
            first_ = true;
            first_at_ = now;
        } else if (!begun_ && seconds_between(first_at_, now) >= options_.warmup_seconds) {
            begin(count, now);
        } else if (begun_ && seconds_between(begun_at_, now) >= options_.seconds) {
            end(count, now);
        }
        return ended_;
    }

    void begin(uint64_t count, Monotonic::time_point now) {
        begun_ = true;
        begun_at_ = now;
        count_at_begin_ = count;
        cpu_at_begin_ = cpu_seconds_of(options_.watch_pid);
    }

    void end(uint64_t count, Monotonic::time_point now) {
        ended_ = true;
        seconds_ = seconds_between(begun_at_, now);
        count_ = count - count_at_begin_;
        cpu_seconds_ = cpu_seconds_of(options_.watch_pid) - cpu_at_begin_;
        rss_kib_ = rss_kib_of(options_.watch_pid);
    }

    bool begun() const { return begun_; }
    bool ended() const { return ended_; }

    // The members of a JSON object.
    std::string json() const {
        return fmt::format(
            R"("count": {}, "seconds": {:.6f}, "rate": {:.1f}, "bridge_cpu_seconds": {:.6f}, "bridge_rss_kib": {})",
            count_, seconds_, seconds_ > 0 ? static_cast<double>(count_) / seconds_ : 0.0,
            cpu_seconds_, rss_kib_);
    }

 private:
    WindowOptions options_;
    bool first_ = false, begun_ = false, ended_ = false;
    Monotonic::time_point first_at_, begun_at_;
    uint64_t count_at_begin_ = 0, count_ = 0, rss_kib_ = 0;
    double cpu_at_begin_ = 0, cpu_seconds_ = 0, seconds_ = 0;
};

}  // namespace zbridge::bench

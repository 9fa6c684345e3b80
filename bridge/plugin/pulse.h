// Says which instance a thread is in, for the watchdog: two plain stores a call.
#pragma once

#include <atomic>
#include <cstdint>

namespace zbridge::plugin {

class Instance;

class Pulse {
 public:
    void enter(Instance& instance) {
        inside_.store(&instance, std::memory_order_relaxed);
        calls_.store(calls_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
    }
    void leave() { inside_.store(nullptr, std::memory_order_release); }

    // Any thread. Null: in none.
    Instance* inside() const { return inside_.load(std::memory_order_acquire); }
    uint64_t calls() const { return calls_.load(std::memory_order_acquire); }

 private:
    std::atomic<Instance*> inside_{nullptr};
    std::atomic<uint64_t> calls_{0};
};

}  // namespace zbridge::plugin

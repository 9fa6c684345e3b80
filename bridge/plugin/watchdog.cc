#include "bridge/plugin/watchdog.h"

namespace zbridge::plugin {

Watchdog::Watchdog(std::vector<Watched> watched, telemetry::Log& log)
    : watched_(std::move(watched)), seen_(watched_.size()), log_(log), thread_([this] { run(); }) {}

Watchdog::~Watchdog() {
    {
        const std::lock_guard lock(mutex_);
        end_ = true;
    }
    ended_.notify_one();
    thread_.join();
}

void Watchdog::run() {
    std::unique_lock lock(mutex_);
    while (!ended_.wait_for(lock, kLookEvery, [this] { return end_; })) {
        for (size_t i = 0; i < watched_.size(); i++)
            look(watched_[i], seen_[i]);
    }
}

void Watchdog::look(const Watched& watched, Seen& seen) {
    const uint64_t calls = watched.pulse->calls();
    Instance* inside = watched.pulse->inside();
    if (inside == nullptr || calls != seen.calls || inside != seen.inside) {
        seen = {calls, inside, {}, false, watched.reactor ? kNameAfter : kNameThreadAfter};
        return;
    }
    seen.time += kLookEvery;
    if (watched.reactor && !seen.counted && seen.time >= Instance::kLongCall) {
        seen.counted = true;
        inside->count_long_call();
    }
    if (seen.time < seen.name_at) return;
    seen.name_at *= 2;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(seen.time).count();
    const std::string_view what =
        watched.reactor ? "a plugin does not come back: the bridge stands still until it does"
                        : "a plugin does not come back: what waits for it waits on";
    log_.error("plugin", what, {{"instance", inside->title()}, {"seconds", seconds}});
}

}  // namespace zbridge::plugin

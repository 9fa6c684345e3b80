#include "bridge/plugin/watchdog.h"

namespace zbridge::plugin {

namespace {

std::string_view what_waits(LifeCalls::Phase phase) {
    switch (phase) {
        case LifeCalls::Phase::kLoad:
        case LifeCalls::Phase::kCreate:
            return "nothing goes on until it does";
        case LifeCalls::Phase::kStart:
            return "the bridge does not start until it does";
        default:
            return "the bridge does not end until it does";
    }
}

int64_t seconds_of(Duration time) {
    return std::chrono::duration_cast<std::chrono::seconds>(time).count();
}

}  // namespace

Watchdog::Watchdog(const LifeCalls& lives, telemetry::Log& log)
    : lives_(lives), log_(log), thread_([this] { run(); }) {}

void Watchdog::watch(std::vector<Watched> watched) {
    const std::lock_guard lock(mutex_);
    watched_ = std::move(watched);
    seen_ = std::vector<Seen>(watched_.size());
}

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
        look_at_lives();
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
    const std::string_view what =
        watched.reactor ? "a plugin does not come back: the bridge stands still until it does"
                        : "a plugin does not come back: what waits for it waits on";
    log_.error("plugin", what,
               {{"instance", inside->title()},
                {"at", inside->place()},
                {"seconds", seconds_of(seen.time)}});
}

void Watchdog::look_at_lives() {
    std::map<uint64_t, Duration> seen;
    for (const LifeCalls::Call& call : lives_.running()) {
        const auto before = lives_seen_.find(call.number);
        const Duration time =
            before == lives_seen_.end() ? Duration{} : before->second + kLookEvery;
        seen[call.number] = time;
        if (time > Duration{} && time % kNameLifeEvery == Duration{}) name(call, time);
    }
    lives_seen_ = std::move(seen);
}

void Watchdog::name(const LifeCalls::Call& call, Duration time) {
    const std::string what = "a plugin does not come back from `" +
                             std::string(name_of(call.phase)) +
                             "`: " + std::string(what_waits(call.phase));
    log_.warn("plugin", what,
              {{"instance", call.who},
               {"phase", name_of(call.phase)},
               {"at", call.place},
               {"seconds", seconds_of(time)}});
}

}  // namespace zbridge::plugin

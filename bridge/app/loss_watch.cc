#include "bridge/app/loss_watch.h"

#include <utility>
#include <vector>

namespace zbridge::app {

namespace {

using telemetry::Field;
using telemetry::Level;

// What clients do of their own will is no trouble of the bridge.
Level level_of(std::string_view why) {
    for (const Refusal each : {Refusal::kClientGone, Refusal::kSuperseded}) {
        if (why == name_of(each)) return Level::kDebug;
    }
    return why == "nobody" ? Level::kDebug : Level::kWarn;
}

}  // namespace

LossWatch::LossWatch(Bridge& bridge, const Clock& clock, telemetry::EventRing& events)
    : bridge_(bridge), clock_(clock), events_(events), timer_(bridge.reactor().timers(), [this] {
          look();
          timer_.arm(clock_.now() + kLookEvery);
      }) {
    timer_.arm(clock_.now() + kLookEvery);
}

void LossWatch::look() {
    look_at_services();
    look_at_sources();
    look_at_targets();
    look_at_plugins();
}

void LossWatch::look_at_services() {
    for (const auto& service : bridge_.services()) {
        const rpc::ServiceStatus status = service->status();
        const Place place{"rpc", "service", service->options().name};
        tell_refusals(place, "requests ended without a reply", status.ended);
        tell_refusals(place, "requests were refused", status.refused);
    }
}

void LossWatch::look_at_sources() {
    for (size_t i = 0; i < bridge_.intakes().size(); i++) {
        if (!bridge_.intakes()[i]) continue;
        tell_refusals({"intake", "endpoint", bridge_.config().endpoints[i].name},
                      "messages were refused", bridge_.intakes()[i]->refusals());
    }
    for (const auto& route : bridge_.routes())
        tell_refusals({"routing", "route", route->name}, "messages were refused", route->refusals);
}

void LossWatch::look_at_targets() {
    for (size_t i = 0; i < bridge_.config().endpoints.size(); i++) {
        const Place place{"delivery", "endpoint", bridge_.config().endpoints[i].name};
        if (const auto& outlet = bridge_.outlets()[i]) {
            const auto& counters = outlet->counters();
            for (const auto& [why, count] : {std::pair{"line", counters.dropped_line},
                                             {"peer", counters.dropped_peer},
                                             {"memory", counters.dropped_memory},
                                             {"gone", counters.lost_with_peer},
                                             {"nobody", counters.nobody}})
                tell(place, "messages were dropped", why, count);
        }
        if (const auto& feed = bridge_.feeds()[i])
            tell(place, "messages were dropped", "retention", feed->counters().lost_to_retention);
        if (const auto& consumers = bridge_.consumers()[i])
            tell(place, "consumers went away with messages", "lost", consumers->counters().lost);
        if (const auto& sessions = bridge_.sessions()[i])
            tell(place, "consumers went away with messages", "lost", sessions->counters().lost);
    }
}

void LossWatch::look_at_plugins() {
    if (bridge_.plugins() == nullptr) return;
    for (const settings::PluginConfig& config : bridge_.config().plugins) {
        const std::string& name = config.options.name;
        const plugin::Instance* instance = config.use ? bridge_.plugins()->find(name) : nullptr;
        if (instance == nullptr) continue;
        auto [healthy, now] = instance->context().health();
        if (healthy) now.clear();
        std::string& before = trouble_[name];
        if (now == before) continue;
        const std::vector<Field> fields{{"instance", name},
                                        {"trouble", now.empty() ? before : now}};
        events_.add(clock_.wall_us(), now.empty() ? Level::kInfo : Level::kWarn, "plugin",
                    now.empty() ? "a plugin is healthy again" : "a plugin is degraded", fields);
        before = now;
    }
}

void LossWatch::tell_refusals(const Place& place, const char* message,
                              const RefusalCounts& counts) {
    if (counts.total() == 0) return;
    for (size_t i = 0; i < kRefusalCount; i++) {
        const auto refusal = static_cast<Refusal>(i);
        tell(place, message, name_of(refusal), counts.of(refusal));
    }
}

void LossWatch::tell(const Place& place, const char* message, std::string_view why,
                     uint64_t count) {
    if (count == 0) return;
    std::string key = place.name;
    key.append(" ").append(place.kind).append(" ").append(message).append(" ").append(why);
    Told& told = told_[std::move(key)];
    const Instant now = clock_.now();
    if (count == told.count || now < told.next) return;
    const std::vector<Field> fields{
        {place.kind, place.name}, {"why", why}, {"count", count - told.count}};
    events_.add(clock_.wall_us(), level_of(why), place.module, message, fields);
    told = {count, now + kTellEvery};
}

}  // namespace zbridge::app

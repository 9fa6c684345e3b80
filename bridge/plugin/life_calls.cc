#include "bridge/plugin/life_calls.h"

#include <array>

namespace zbridge::plugin {

LifeCalls::Inside::Inside(LifeCalls* calls, Phase phase, std::string who, std::string place)
    : calls_(calls) {
    if (calls_ == nullptr) return;
    const std::lock_guard lock(calls_->mutex_);
    at_ = calls_->running_.insert(calls_->running_.end(),
                                  {phase, std::move(who), std::move(place), calls_->next_++});
}

LifeCalls::Inside::~Inside() {
    if (calls_ == nullptr) return;
    const std::lock_guard lock(calls_->mutex_);
    calls_->running_.erase(at_);
}

std::vector<LifeCalls::Call> LifeCalls::running() const {
    const std::lock_guard lock(mutex_);
    return {running_.begin(), running_.end()};
}

std::string_view name_of(LifeCalls::Phase phase) {
    constexpr std::array<std::string_view, 6> kNames{"load",  "create", "start",
                                                     "drain", "stop",   "destroy"};
    return kNames.at(static_cast<size_t>(phase));
}

}  // namespace zbridge::plugin

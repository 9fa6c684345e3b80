#include "bridge/protocol/departed.h"

#include <iterator>
#include <utility>

#include "bridge/protocol/limits.h"

namespace zbridge::protocol {

Departed::Departed(net::Reactor& reactor, Lose lose)
    : reactor_(reactor), lose_(std::move(lose)), due_(reactor.timers(), [this] { on_due(); }) {}

void Departed::keep(const std::string& name, std::vector<HeldRange> held) {
    if (held.empty()) return;
    if (const auto before = take(name); !before.empty()) lose_(before);
    clients_.push_back({name, std::move(held), reactor_.now() + kResumeTime});
    by_name_[name] = std::prev(clients_.end());
    if (clients_.size() > kDepartedMax) lose_first();
    if (!due_.armed()) due_.arm(clients_.front().until);
}

std::vector<HeldRange> Departed::take(std::string_view name) {
    const auto found = by_name_.find(name);
    if (found == by_name_.end()) return {};
    std::vector<HeldRange> held = std::move(found->second->held);
    clients_.erase(found->second);
    by_name_.erase(found);
    return held;
}

std::vector<HeldRange> Departed::take_all() {
    std::vector<HeldRange> all;
    for (Client& each : clients_)
        all.insert(all.end(), each.held.begin(), each.held.end());
    clients_.clear();
    by_name_.clear();
    due_.cancel();
    return all;
}

void Departed::lose_first() {
    const std::vector<HeldRange> held = take(std::string(clients_.front().name));
    lose_(held);
}

void Departed::on_due() {
    while (!clients_.empty() && clients_.front().until <= reactor_.now())
        lose_first();
    if (!clients_.empty()) due_.arm(clients_.front().until);
}

}  // namespace zbridge::protocol

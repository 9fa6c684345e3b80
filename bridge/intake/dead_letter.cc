#include "bridge/intake/dead_letter.h"

#include <string_view>

namespace zbridge::intake {

Attributes attributes_of_dead(const plugin::Item& item, const Route& route, const Clock& clock) {
    constexpr std::string_view kOfDeath = "dead.";
    Attributes attributes = item.attributes;
    attributes.deliver_at_ms.reset();
    auto& properties = attributes.properties;
    std::erase_if(properties, [&](const auto& each) { return each.first.starts_with(kOfDeath); });
    properties.emplace_back("dead.route", route.name);
    properties.emplace_back("dead.step", route.steps->steps()[item.death->step]->name());
    properties.emplace_back("dead.reason", item.death->reason);
    properties.emplace_back("dead.died_ms", clock.wall_us() / 1000);
    return attributes;
}

}  // namespace zbridge::intake

#include "plugins/durable/groups/death_notice.h"

#include "plugins/durable/groups/groups.h"

namespace zbridge::durable {

void DeathNotice::look(const Groups& groups, Instant now,
                       const std::function<void(const std::string& sentence)>& tell) {
    groups.each([&](const Group& group) {
        const uint64_t dead = group.counters().dead;
        if (dead == 0) return;
        Told& told = told_[group.id()];
        if (dead == told.dead || now < told.next) return;
        const uint64_t more = dead - told.dead;
        tell(std::to_string(more) + (more == 1 ? " message" : " messages") + " of the group " +
             group.name() + (more == 1 ? " is a dead letter" : " are dead letters") + " now, in " +
             group.options().dead_letter + ": `zbridge dead ls " + group.name() + "`");
        told = {dead, now + kTellEvery};
    });
    std::erase_if(told_, [&](const auto& its) { return groups.find(its.first) == nullptr; });
}

}  // namespace zbridge::durable

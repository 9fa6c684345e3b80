// Dead letters that hold their key: who waits for which, and no longer than it is there.
#include <vector>

#include "plugins/durable/groups/groups.h"

namespace zbridge::durable {

Groups::Holder Groups::holder_of(std::string_view name, Offset letter) const {
    Group* group = find(name);
    if (group == nullptr) return {};
    for (Group* each : {group, range_of(group->id())}) {
        const auto held = each != nullptr ? each->exceptions().held_by(letter) : std::nullopt;
        if (held) return {each, *held};
    }
    return {};
}

void Groups::let_keys_go(TopicId letters) {
    const Topic* topic = topics_.table().find(letters);
    for (const auto& group : groups_) {
        if (!group || topic == nullptr || group->options().dead_letter != topic->name) continue;
        while (const auto letter = group->exceptions().lowest_held())
            group->drop_held(*group->exceptions().held_by(*letter));
    }
}

bool Groups::is_done(const Topic& letters, Offset letter) const {
    const Group* marks = marks_of(letters.id);
    return letter < letters.floor || (marks != nullptr && marks->is_marked(letter));
}

// Of letters that are gone, or done with: what waits for them goes on. Not `all`: of the first ones,
// which are what retention takes.
void Groups::let_done_go(Group& group, bool all) {
    if (group.exceptions().held() == 0 || group.unconfigured) return;
    const Topic* letters = topics_.table().find(group.options().dead_letter);
    std::vector<Offset> done, lost;
    group.exceptions().each_held([&](Offset letter, Offset offset) {
        const bool gone = letters == nullptr || is_done(*letters, letter);
        if (gone)
            done.push_back(offset);
        else if (all && letter >= letters->next)
            lost.push_back(offset);  // in a batch that was damaged: it dies once more
        return all || gone;
    });
    for (const Offset offset : done)
        group.drop_held(offset);
    for (const Offset offset : lost)
        group.give_held(offset);
}

}  // namespace zbridge::durable

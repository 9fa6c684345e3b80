#include "plugins/durable/tool/lost_offsets.h"

#include <algorithm>

namespace zbridge::durable {

void LostOffsets::on_hole() {
    hole_ = true;
    for (auto& [id, topic] : topics_)
        topic.in_doubt = true;
}

// What comes first of a topic behind a hole may be its first one, or not.
LostOffsets::Topic& LostOffsets::topic(TopicId id) {
    const auto [found, is_new] = topics_.try_emplace(id);
    if (is_new && hole_) found->second.in_doubt = found->second.seen = true;
    return found->second;
}

// Without a hole offsets jump too: of what an unclean end has taken from an `os` topic.
void LostOffsets::jump(Topic& topic, Offset to) {
    if (topic.in_doubt && topic.seen && to > topic.next) topic.lost.push_back({topic.next, to});
    topic.in_doubt = false;
    topic.seen = true;
    topic.next = std::max(topic.next, to);
}

void LostOffsets::take(const Msg& msg) {
    Topic& its = topic(msg.head.topic);
    jump(its, msg.head.first);
    its.next = msg.head.end();
    its.messages += msg.head.count;
    its.bytes += msg.wire.size();
}

void LostOffsets::take(const TopicState& state) {
    Topic& its = topic(state.id);
    its.name = state.name;
    its.floor = std::max(its.floor, state.floor);
    its.removed = state.origin == Origin::kRemoved;
    jump(its, state.next);
}

void LostOffsets::take(const Floor& floor) {
    Topic& its = topic(floor.topic);
    its.floor = std::max(its.floor, floor.floor);
}

void LostOffsets::end() {
    for (auto& [id, topic] : topics_) {
        std::erase_if(topic.lost, [&its = topic](const Range& range) {
            return its.removed || range.to <= its.floor;
        });
        for (Range& range : topic.lost)
            range.from = std::max(range.from, topic.floor);
    }
}

}  // namespace zbridge::durable

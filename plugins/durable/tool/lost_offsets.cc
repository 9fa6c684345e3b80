#include "plugins/durable/tool/lost_offsets.h"

#include <algorithm>
#include <iterator>

namespace zbridge::durable {

namespace {

void add(LostOffsets::Ranges& ranges, Offset first, Offset last) {
    uint64_t from = first.number, to = last.number;
    if (from >= to) return;
    auto at = ranges.upper_bound(from);
    if (at != ranges.begin() && std::prev(at)->second >= from) {
        --at;
        from = at->first;
    }
    while (at != ranges.end() && at->first <= to) {
        to = std::max(to, at->second);
        at = ranges.erase(at);
    }
    ranges[from] = to;
}

}  // namespace

void LostOffsets::on_hole() {
    hole_ = true;
    for (auto& [id, topic] : topics_)
        topic.in_doubt = true;
}

// Without a hole offsets jump too: over what an unclean end may have taken from an `os` topic.
void LostOffsets::jump(Topic& topic, Offset to) {
    if (topic.seen && !topic.in_doubt) add(topic.skipped, topic.next, to);
    topic.seen = true;
    topic.in_doubt = false;
    topic.next = std::max(topic.next, to);
}

void LostOffsets::take(const Msg& msg) {
    Topic& its = topics_[msg.head.topic];
    jump(its, msg.head.first);
    its.next = std::max(its.next, msg.head.end());
    its.bytes += msg.wire.size();
    add(its.present, msg.head.first, msg.head.end());
}

void LostOffsets::take(const Moved& moved) {
    Topic& its = topics_[moved.head.topic];
    its.next = std::max(its.next, moved.head.end());
    its.bytes += moved.head.bytes;
    add(its.present, moved.head.first, moved.head.end());
}

void LostOffsets::take(const TopicState& state) {
    Topic& its = topics_[state.id];
    its.name = state.name;
    its.floor = std::max(its.floor, state.floor);
    its.removed = state.origin == Origin::kRemoved;
    jump(its, state.next);
}

void LostOffsets::take(const Floor& floor) {
    Topic& its = topics_[floor.topic];
    its.floor = std::max(its.floor, floor.floor);
}

void LostOffsets::end() {
    for (auto& [id, topic] : topics_)
        end(topic, hole_);
}

void LostOffsets::end(Topic& topic, bool hole) {
    for (const auto& [from, to] : topic.present)
        topic.messages += std::max(to, topic.floor.number) - std::max(from, topic.floor.number);
    if (!hole || topic.removed) return;
    Ranges known = topic.skipped;
    for (const auto& [from, to] : topic.present)
        add(known, {from}, {to});
    Offset at = topic.floor;
    for (const auto& [from, to] : known) {
        if (from > at.number) topic.lost.push_back({at, {from}});
        at = std::max(at, Offset{to});
    }
    if (at < topic.next) topic.lost.push_back({at, topic.next});
}

}  // namespace zbridge::durable

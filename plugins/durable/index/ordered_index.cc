#include "plugins/durable/index/ordered_index.h"

#include <algorithm>
#include <limits>

#include "bridge/base/check.h"

namespace zbridge::durable {

OrderedIndex::Packed OrderedIndex::pack(const Run& run) {
    ZB_CHECK(run.place.segment <= std::numeric_limits<uint32_t>::max(), run.place.segment);
    return {run.first.number,   run.stored_ms,       run.count,
            run.position,       run.bytes,           static_cast<uint32_t>(run.place.segment),
            run.place.position, run.place.body_bytes};
}

Run OrderedIndex::unpack(const Packed& packed) {
    return {{packed.first},
            packed.count,
            packed.position,
            packed.bytes,
            {packed.segment, packed.place, packed.body_bytes},
            packed.stored_ms};
}

const OrderedIndex::Line* OrderedIndex::line_of(TopicId topic) const {
    return topic.number() < lines_.size() ? &lines_[topic.number()] : nullptr;
}

void OrderedIndex::add(TopicId topic, const Run& run) {
    if (topic.number() >= lines_.size()) lines_.resize(topic.number() + 1);
    Line& line = lines_[topic.number()];
    Packed packed = pack(run);
    if (!line.empty()) {
        const Run last = unpack(line.back());
        ZB_CHECK(last.end() <= run.first, topic, last.end(), run.first);
        // A wall clock may go back; since() searches.
        packed.stored_ms = std::max(packed.stored_ms, last.stored_ms);
    }
    line.push_back(packed);
    runs_++;
}

std::optional<Run> OrderedIndex::at_or_after(TopicId topic, Offset offset) const {
    const Line* line = line_of(topic);
    if (line == nullptr) return std::nullopt;
    const auto found = std::partition_point(line->begin(), line->end(), [&](const Packed& each) {
        return each.first + each.count <= offset.number;
    });
    if (found == line->end()) return std::nullopt;
    return unpack(*found);
}

std::optional<Run> OrderedIndex::first(TopicId topic) const {
    const Line* line = line_of(topic);
    if (line == nullptr || line->empty()) return std::nullopt;
    return unpack(line->front());
}

std::optional<Run> OrderedIndex::since(TopicId topic, int64_t stored_ms) const {
    const Line* line = line_of(topic);
    if (line == nullptr) return std::nullopt;
    const auto found = std::partition_point(
        line->begin(), line->end(), [&](const Packed& each) { return each.stored_ms < stored_ms; });
    if (found == line->end()) return std::nullopt;
    return unpack(*found);
}

void OrderedIndex::remove_first(TopicId topic) {
    ZB_CHECK(first(topic).has_value(), topic);
    lines_[topic.number()].pop_front();
    runs_--;
}

std::vector<Run> OrderedIndex::move(TopicId topic, const Run& run) {
    if (topic.number() >= lines_.size()) lines_.resize(topic.number() + 1);
    Line& line = lines_[topic.number()];
    const auto below = [&](const Packed& each) { return each.first < run.first.number; };
    auto at = std::partition_point(line.begin(), line.end(), below);
    ZB_CHECK(at == line.begin() || unpack(*(at - 1)).end() <= run.first, topic, run.first);
    auto end = at;
    std::vector<Run> replaced;
    for (; end != line.end() && end->first < run.end().number; ++end)
        replaced.push_back(unpack(*end));
    ZB_CHECK(replaced.empty() || replaced.back().end() <= run.end(), topic, run.first);
    if (replaced.empty()) {
        line.insert(at, pack(run));
    } else {
        *at = pack(run);
        line.erase(at + 1, end);
    }
    runs_ += 1 - replaced.size();
    return replaced;
}

}  // namespace zbridge::durable

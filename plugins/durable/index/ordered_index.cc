#include "plugins/durable/index/ordered_index.h"

#include <algorithm>

#include "bridge/base/check.h"

namespace zbridge::durable {

const RunLine* OrderedIndex::line_of(TopicId topic) const {
    return topic.number() < lines_.size() ? &lines_[topic.number()] : nullptr;
}

RunLine& OrderedIndex::line_to_change(TopicId topic) {
    looked_.block = nullptr;
    if (topic.number() >= lines_.size()) lines_.resize(topic.number() + 1);
    return lines_[topic.number()];
}

void OrderedIndex::add(TopicId topic, const Run& run) {
    RunLine& line = line_to_change(topic);
    Run added = run;
    if (!line.empty()) {
        ZB_CHECK(line.end() <= run.first, topic, line.end(), run.first);
        // A wall clock may go back; since() searches.
        added.stored_ms = std::max(added.stored_ms, line.newest_ms());
    }
    line.push_back(added);
    runs_++;
}

std::optional<Run> OrderedIndex::at_or_after(TopicId topic, Offset offset) const {
    const RunLine* line = line_of(topic);
    return line == nullptr ? std::nullopt : line->at_or_after(offset, looked_);
}

std::optional<Run> OrderedIndex::first(TopicId topic) const {
    const RunLine* line = line_of(topic);
    if (line == nullptr || line->empty()) return std::nullopt;
    return line->front();
}

std::optional<Run> OrderedIndex::since(TopicId topic, int64_t stored_ms) const {
    const RunLine* line = line_of(topic);
    return line == nullptr ? std::nullopt : line->since(stored_ms, looked_);
}

void OrderedIndex::remove_first(TopicId topic) {
    RunLine& line = line_to_change(topic);
    ZB_CHECK(!line.empty(), topic);
    line.pop_front();
    runs_--;
}

std::vector<Run> OrderedIndex::move(TopicId topic, const Run& run) {
    std::vector<Run> replaced = line_to_change(topic).replace(run);
    runs_ += 1 - replaced.size();
    return replaced;
}

size_t OrderedIndex::bytes() const {
    size_t bytes = lines_.capacity() * sizeof(RunLine) + looked_.runs.capacity() * sizeof(Run);
    for (const RunLine& line : lines_)
        bytes += line.bytes();
    return bytes;
}

}  // namespace zbridge::durable

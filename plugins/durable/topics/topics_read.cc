// What readers ask: bounds, positions, messages.
#include <algorithm>

#include "plugins/durable/topics/body_reader.h"
#include "plugins/durable/topics/topics.h"

namespace zbridge::durable {

zb_bounds Topics::bounds(TopicId id) const {
    const Topic* topic = table_.find(id);
    if (topic == nullptr) return {0, 0};
    return {topic->floor.number, topic->head.number};
}

uint64_t Topics::messages_of(const Topic& topic) const {
    const auto oldest = index_.first(topic.id);
    // A floor within a run: the run is kept as a whole, what stands before the floor is not counted.
    const uint64_t gone = oldest && oldest->first < topic.floor ? topic.floor - oldest->first : 0;
    return topic.messages - std::min(gone, topic.messages);
}

Offset Topics::position(TopicId id, uint32_t where, int64_t value) const {
    const Topic* topic = table_.find(id);
    if (topic == nullptr) return {};
    switch (where) {
        case ZB_START_EARLIEST:
            return topic->floor;
        case ZB_START_TIME: {
            const auto run = index_.since(id, value);
            return run ? std::max(run->first, topic->floor) : topic->head;
        }
        case ZB_START_OFFSET: {
            const Offset wanted{value < 0 ? 0 : static_cast<uint64_t>(value)};
            return std::clamp(wanted, topic->floor, topic->head);
        }
        default:
            return topic->head;
    }
}

zb_taken Topics::read(TopicId id, Offset offset, uint64_t bytes_max, zb_run* runs,
                      uint32_t runs_max, uint32_t& count) {
    count = 0;
    read_.clear();
    if (!failure_.empty()) return ZB_STORE_FAILED;
    const Topic* topic = table_.find(id);
    if (topic == nullptr) return ZB_UNCONFIGURED;
    offset = std::max(offset, topic->floor);
    RunsWanted wanted;
    wanted.runs = runs;
    wanted.runs_max = runs_max;
    wanted.bytes_max = bytes_max;
    while (!wanted.enough()) {
        const auto run = index_.at_or_after(id, offset);
        if (!run) break;
        if (cold_->damaged(run->place)) {
            offset = run->end();
            continue;
        }
        if (run->first > offset) wanted.replaced += skipped_in(*topic, run->first - offset);
        if (run->bytes == 0) {
            wanted.replaced += run->end() - std::max(offset, run->first);
            offset = run->end();
            continue;
        }
        const bool was_ahead = cold_->is_ahead(run->place);
        const Body* body = body_at(run->place);
        if (body == nullptr) {
            load(id, *run);
            count = wanted.count;
            return count > 0 ? ZB_TAKEN : ZB_LATER;
        }
        // A load below may need the room: the caller has runs of it.
        read_.push_back(body->chunk);
        wanted.gaps = topic->holes.has_gaps(*run);
        const auto end = read_runs(*body, id, *run, offset, wanted);
        if (was_ahead) load_behind(id, *run);  // `body` may be gone after it
        if (!end) {
            cold_->give_up(run->place, {Code::kIo, "its records are not what was written"});
            continue;
        }
        offset = *end;
    }
    count = wanted.count;
    return ZB_TAKEN;
}

// Of a gap in front of a run: what unclean ends have skipped, and no message ever had.
uint64_t Topics::skipped_in(const Topic& topic, uint64_t gap) {
    return topic.options.durability == Durability::kOs ? gap / kOsJump * kOsJump : 0;
}

const Body* Topics::body_at(const Place& place) {
    if (const Body* body = hot_.find(place)) return body;
    return cold_->find(place);
}

// This one, and those that the reader will ask for next.
void Topics::load(TopicId topic, const Run& run) {
    if (!cold_->load(run.place, topic)) return cold_->wait(topic);
    load_behind(topic, run);
}

// While the reader has this one, the disk is busy with the next.
void Topics::load_behind(TopicId topic, const Run& run) {
    Offset next = run.end();
    for (size_t i = 0; i < kReadAheadBatches; i++) {
        const auto ahead = index_.at_or_after(topic, next);
        if (!ahead || hot_.find(ahead->place) != nullptr) return;
        next = ahead->end();
        if (cold_->has(ahead->place) || cold_->damaged(ahead->place)) continue;
        if (!cold_->load_ahead(ahead->place, topic)) return;
    }
}

void Topics::on_batch_loaded(TopicId topic) {
    listener_.on_loaded(topic);
    if (cleaning_) clean();
}

void Topics::on_batch_damaged(const Place& place, const Status& why) {
    if (place.segment < dropped_below_) return;  // it was given back meanwhile
    listener_.warn("a batch cannot be read, its messages are skipped: segment " +
                   std::to_string(place.segment) + ", position " + std::to_string(place.position) +
                   ": " + why.message());
}

}  // namespace zbridge::durable

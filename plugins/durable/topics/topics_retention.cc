// What goes: by retention, by a command; and the segments that nothing needs any more.
#include <algorithm>
#include <utility>

#include "plugins/durable/topics/topics.h"

namespace zbridge::durable {

void Topics::tick() {
    if (!failure_.empty()) return;
    if (!leaving_.empty() && remove_all(*leaving_.front(), kRemovedMax)) leaving_.pop_front();
    table_.each([&](Topic& topic) {
        (void)remove_below(topic, topic.floor, kRemovedMax);  // what a purge has left
        retain(topic);
        if (topic.keys) limit_holes(topic);
        if (topic.floor_unwritten) write_floor_of(topic);
    });
    drop_segments();
    clean_budget_ = options_.clean_bytes_a_second;
    clean();
    if (cold_->stuck()) cold_->tell_waiting();
    // What is in flight may wait for room on the disk: those behind it are refused meanwhile.
    if (store_->full()) commits_->tell_room();
    turn_end();
}

// By whole runs, as long as what stays is not less than what the file says. What is left of them
// goes with the next tick().
void Topics::retain(Topic& topic) {
    const Retention& wanted = topic.options.retention;
    if (!wanted.age_ms && !wanted.bytes && !wanted.count) return;
    topic.full = false;
    const bool over = (wanted.bytes && topic.bytes >= *wanted.bytes) ||
                      (wanted.count && topic.messages >= *wanted.count);
    if (!over && !wanted.age_ms) return;
    for (size_t removed = 0; removed < kRemovedMax; removed++) {
        const auto run = index_.first(topic.id);
        if (!run) return;
        if (wanted.keep_unread && topic.unread && run->end() > *topic.unread) {
            topic.full = wanted.bytes && topic.bytes >= *wanted.bytes;
            return;
        }
        const bool too_old = wanted.age_ms && run->stored_ms + *wanted.age_ms <= now_ms();
        const bool too_large = wanted.bytes && topic.bytes - run->bytes >= *wanted.bytes;
        const bool too_many =
            wanted.count && topic.messages - topic.holes.messages_of(*run) >= *wanted.count;
        if (!too_old && !too_large && !too_many) return;
        remove_first(topic);
    }
}

void Topics::remove_first(Topic& topic) {
    const auto run = index_.first(topic.id);
    index_.remove_first(topic.id);
    segments_.release(run->place.segment, live_bytes_of(*run));
    topic.messages -= topic.holes.messages_of(*run);
    topic.bytes -= run->bytes;
    topic.holes.remove(*run, segments_);
    topic.floor = std::max(topic.floor, run->end());
    topic.floor_unwritten = true;
}

bool Topics::remove_below(Topic& topic, Offset floor, size_t removed_max) {
    for (size_t removed = 0;; removed++) {
        const auto run = index_.first(topic.id);
        if (!run || run->end() > floor) return true;
        if (removed == removed_max) return false;
        remove_first(topic);
    }
}

// Nobody reads below it from now on, also where there are more runs than go in one go.
void Topics::raise_floor(Topic& topic, Offset floor, size_t removed_max) {
    (void)remove_below(topic, floor, removed_max);
    topic.floor = std::max(topic.floor, floor);
    topic.head = std::max(topic.head, topic.floor);
    topic.next = std::max(topic.next, topic.head);
}

void Topics::write_floor_of(Topic& topic) {
    write_record(RecordType::kFloor, write_floor({topic.id, topic.floor}));
    topic.floor_unwritten = false;
}

void Topics::purge(TopicId id, Offset below, Answer answer) {
    Topic* topic = table_.find(id);
    ZB_CHECK(topic != nullptr, id);
    raise_floor(*topic, std::min(below, topic->head), kRemovedMax);
    write_floor_of(*topic);
    answer_when_durable(std::move(answer));
}

void Topics::remove(TopicId id, Answer answer) {
    Topic* topic = table_.find(id);
    ZB_CHECK(topic != nullptr, id);
    const bool gone = remove_all(*topic, kRemovedMax);
    TopicState state = topic->state();
    state.origin = Origin::kRemoved;
    state.settings.clear();
    write_record(RecordType::kTopic, write_topic(state));
    auto its = table_.take(id);
    if (!gone) leaving_.push_back(std::move(its));
    answer_when_durable(std::move(answer));
}

void Topics::set_options(TopicId id, const TopicOptions& options, Answer answer) {
    Topic* topic = table_.find(id);
    ZB_CHECK(topic != nullptr && topic->origin == Origin::kImplicit, id);
    change(*topic, options);
    retain(*topic);
    write_topic_of(*topic);
    answer_when_durable(std::move(answer));
}

void Topics::change(Topic& topic, const TopicOptions& options) {
    if (options.dedup.window_ms == 0)
        topic.dedup.reset();
    else if (topic.dedup)
        topic.dedup->change(options.dedup);
    else
        topic.dedup = std::make_unique<Dedup>(options.dedup, dedup_key_, *world_.memory);
    keep_as(topic, options);
    topic.options = options;
    topic.full = false;
    limit_holes(topic);
}

void Topics::hold_unread(TopicId id, std::optional<Offset> unread) {
    Topic* topic = table_.find(id);
    ZB_CHECK(topic != nullptr, id);
    topic->unread = unread;
    limit_holes(*topic);
    retain(*topic);
}

void Topics::drop_segments() {
    const uint64_t needed = segments_.needed_from();
    if (needed <= dropped_below_) return;
    for (const SegmentInfo& each : store_->segments()) {
        if (!each.sealed || each.segment >= needed) break;
        store_->drop(each.segment);
        cold_->forget_segment(each.segment);
    }
    dropped_below_ = needed;
}

}  // namespace zbridge::durable

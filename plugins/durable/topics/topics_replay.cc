// The start: the log's batches make topics, index, ids and notes again.
#include <algorithm>
#include <utility>

#include "plugins/durable/topics/attributes.h"
#include "plugins/durable/topics/short_body.h"
#include "plugins/durable/topics/topics.h"

namespace zbridge::durable {

namespace {

Status impossible(const LogBatch& batch, const std::string& what) {
    return {Code::kInvalid, "batch " + std::to_string(static_cast<uint64_t>(batch.seq)) +
                                ", segment " + std::to_string(batch.place.segment) + ", position " +
                                std::to_string(batch.place.position) + ": " + what};
}

bool is_of_the_log(RecordType type) {
    return type == RecordType::kEpoch || type == RecordType::kCleanStop;
}

}  // namespace

Status Topics::replay(const LogBatch& batch) {
    std::vector<ReplayedRun> runs;  // one a topic
    std::vector<Floor> floors;
    constexpr uint64_t kHere = UINT64_MAX;
    uint64_t stood_at = kHere;   // of the next record, in the body as it was written
    std::vector<SeenMsg> keyed;  // of topics that keep the last message of each key, perhaps
    for (size_t at = 0; at < batch.body.size();) {
        const auto record = record_at(batch.body, at);
        if (!record) return impossible(batch, "no record stands at " + std::to_string(at));
        at = record->end;
        if (is_of_the_log(record->type)) continue;
        if (record->version > newest_version(record->type))
            return impossible(batch, "a record of a newer zbridge");
        Status status;
        bool whole = false;
        if (is_msg(record->type)) {
            const auto msg = read_seen_msg(*record);
            if ((whole = msg.has_value())) status = replay_msg(*msg, batch.place, runs);
            if (whole && msg->head.attribute_bytes > 0) keyed.push_back(*msg);
        } else if (record->type == RecordType::kTopic) {
            const auto state = read_topic(record->payload, record->version);
            if ((whole = state.has_value())) status = replay_topic(*state);
        } else if (record->type == RecordType::kFloor) {
            const auto floor = read_floor(record->payload);
            if ((whole = floor.has_value())) floors.push_back(*floor);
        } else if (is_moved(record->type)) {
            const auto moved = read_seen_moved(*record);
            if ((whole = moved.has_value())) status = replay_moved(*moved, batch.place);
        } else if (is_note(record->type)) {
            const auto note = read_note(record->payload, record->version);
            if ((whole = note.has_value()))
                notes_.on_replayed(
                    *note, record->type,
                    {batch.place,
                     static_cast<uint32_t>(stood_at == kHere ? record->position : stood_at),
                     static_cast<uint32_t>(record->end - record->position)});
            stood_at = kHere;
        } else if (record->type == RecordType::kStoodAt) {
            const auto where = read_stood_at(record->payload);
            if ((whole = where.has_value())) stood_at = *where;
        } else if (is_of_tenant(record->type) && tenant_ != nullptr) {
            whole = true;
            status = tenant_->replay(*record, batch.place.segment);
        } else {
            return impossible(batch, "a record that this zbridge does not know: type " +
                                         std::to_string(static_cast<int>(record->type)));
        }
        if (!whole) return impossible(batch, "a record that is not whole");
        if (!status.ok()) return impossible(batch, status.message());
    }
    for (const auto& [id, run] : runs) {
        // Null: it was removed within this batch.
        if (Topic* topic = table_.find(id)) add_run(*topic, run);
    }
    for (const SeenMsg& msg : keyed) {
        if (Topic* topic = table_.find(msg.head.topic))
            note_key(*topic, msg.head, msg.attributes, msg.wire_bytes + msg.attribute_bytes);
    }
    for (const Floor& each : floors) {
        if (Topic* topic = table_.find(each.topic)) raise_floor(*topic, each.floor);
    }
    return {};
}

Status Topics::replay_msg(const SeenMsg& msg, const Place& place, std::vector<ReplayedRun>& runs) {
    Topic* topic = table_.at_replay(msg.head.topic);
    if (topic == nullptr) return {Code::kInvalid, "a topic's number that was never given"};
    if (msg.head.first < topic->next)
        return {Code::kInvalid, "offset " + std::to_string(msg.head.first.number) + " of topic " +
                                    topic->name + " was there before"};
    const uint32_t number = msg.head.topic.number();
    if (number >= run_of_.size()) run_of_.resize(number + 1);
    uint32_t& at = run_of_[number];
    if (at >= runs.size() || runs[at].topic != msg.head.topic) {
        Run run;
        run.first = msg.head.first;
        run.position = static_cast<uint32_t>(msg.position);
        run.place = place;
        at = static_cast<uint32_t>(runs.size());
        runs.push_back({msg.head.topic, run});
    }
    Run& run = runs[at].run;
    if (run.end() != msg.head.first) return {Code::kInvalid, "offsets that do not follow"};
    run.count += msg.head.count;
    run.bytes += static_cast<uint32_t>(msg.wire_bytes + msg.attribute_bytes);
    run.stored_ms = msg.head.stored_ms;
    topic->next = msg.head.end();
    topic->newest_ms = std::max(topic->newest_ms, msg.head.stored_ms);

    remember(*topic, msg);
    return {};
}

Status Topics::replay_moved(const SeenMoved& moved, const Place& place) {
    Topic* topic = table_.at_replay(moved.head.topic);
    if (topic == nullptr) return {Code::kInvalid, "a topic's number that was never given"};
    Run run;
    run.first = moved.head.first;
    run.count = moved.head.count;
    run.position = static_cast<uint32_t>(moved.position);
    run.bytes = static_cast<uint32_t>(moved.head.bytes);
    run.place = place;
    run.stored_ms = moved.head.stored_ms;
    topic->next = std::max(topic->next, run.end());
    topic->head = std::max(topic->head, run.end());
    topic->newest_ms = std::max(topic->newest_ms, run.stored_ms);
    if (run.end() <= topic->floor) return {};
    const auto first = index_.at_or_after(topic->id, run.first);
    const auto last = index_.at_or_after(topic->id, run.first + (run.count - 1));
    if ((first && first->first < run.first) ||
        (last && last->first < run.end() && last->end() > run.end()))
        return {Code::kInvalid, "messages that were moved with others that were not"};
    std::vector<SeenMsg> messages;
    uint64_t count = 0;
    const bool with_gaps = moved.version >= kMovedWithGaps;
    const bool looked_at = with_gaps || topic->dedup || topic->keys || topic->name.empty();
    for (size_t at = 0; looked_at && at < moved.records.size();) {
        const auto record = record_at(moved.records, at);
        const auto msg = record ? read_seen_msg(*record) : std::nullopt;
        if (!msg) return {Code::kInvalid, "moved messages that are not whole"};
        at = record->end;
        count += msg->head.count;
        messages.push_back(*msg);
    }
    if (count > run.count) return {Code::kInvalid, "more messages than offsets"};
    put_moved(*topic, run, with_gaps ? run.count - count : 0);
    for (const SeenMsg& each : messages) {
        note_key(*topic, each.head, each.attributes, each.wire_bytes + each.attribute_bytes);
        remember(*topic, each);
    }
    return {};
}

// For who sends it again.
void Topics::remember(Topic& topic, const SeenMsg& msg) const {
    const std::string_view id = id_in(msg.attributes);
    if (id.empty()) return;
    std::string_view attributes = msg.attributes;
    // Of one that is prepared: nowhere, before its commit.
    if (take_prepared(attributes)) return;
    // Of one that waits: in the topic that it is for.
    if (const auto target = take_target(attributes)) {
        Topic* its = table_.find(*target);
        if (its != nullptr && its != &topic) return remember_id(*its, id, msg);
    }
    remember_id(topic, id, msg);
}

void Topics::remember_id(Topic& topic, std::string_view id, const SeenMsg& msg) const {
    if (topic.name.empty())
        topic.early_ids.push_back({std::string(id), msg.head.first_id, msg.head.stored_ms});
    else
        remember(topic, id, msg.head.first_id, msg.head.stored_ms);
}

void Topics::remember(Topic& topic, std::string_view id, MessageId message,
                      int64_t stored_ms) const {
    if (!topic.dedup || stored_ms + topic.options.dedup.window_ms <= now_ms()) return;
    if (!topic.dedup->find(id, stored_ms)) topic.dedup->add(id, message, stored_ms);
}

Status Topics::replay_topic(const TopicState& state) {
    Topic* topic = table_.at_replay(state.id);
    if (topic == nullptr) return {Code::kInvalid, "a topic's number that was never given"};
    if (state.origin == Origin::kRemoved) {
        (void)remove_all(*topic);
        table_.remove(state.id);
        return {};
    }
    if (!TopicTable::is_name(state.name))
        return {Code::kInvalid, "a topic's name that cannot be: " + std::string(state.name)};
    // Where a part of the log is lost, so may be the end of the one that had the name before.
    Topic* other = table_.find(state.name);
    if (other != nullptr && other != topic) give_name(*other);
    const bool is_new = topic->name.empty();
    table_.name(*topic, state.name);
    topic->origin = state.origin;
    topic->options.durability = state.durability;
    topic->next = std::max(topic->next, state.next);
    auto own = options_of(state.settings);
    if (!own) return {Code::kInvalid, "options of topic " + topic->name + " that cannot be"};
    own->durability = state.durability;
    const TopicOptions* said = declared(state.name);
    if (is_new)
        configure(*topic, said != nullptr ? *said : *own);
    else if (said == nullptr && topic->options != *own)
        change(*topic, *own);
    raise_floor(*topic, state.floor);
    return {};
}

const TopicOptions* Topics::declared(std::string_view name) const {
    const auto found = declared_.find(name);
    return found == declared_.end() ? nullptr : &options_.topics[found->second].options;
}

void Topics::configure(Topic& topic, const TopicOptions& options) {
    const Durability was = topic.options.durability;
    topic.options = options;
    topic.options.durability = was;  // what its messages had: take_over() changes it
    if (options.dedup.window_ms > 0)
        topic.dedup = std::make_unique<Dedup>(options.dedup, dedup_key_, *world_.memory);
    keep_as(topic, options);
    for (const auto& [id, message, stored_ms] : std::exchange(topic.early_ids, {}))
        remember(topic, id, message, stored_ms);
}

Status Topics::serve(Store& store, bool was_clean) {
    store_ = &store;
    cold_ = std::make_unique<ColdCache>(store, *world_.memory, options_.cold_bytes, *this);
    commits_ = std::make_unique<Commits>(store, pool_,
                                         std::min(Store::kBodyBytesMax, body_bytes_max()), *this);
    table_.each([&](Topic& topic) {
        if (topic.name.empty()) {
            give_name(topic);
            keep_as(topic, {});
        }
        topic.early_ids.clear();
        take_over(topic, was_clean);
    });
    for (const DeclaredTopic& each : options_.topics) {
        Topic* topic = table_.find(each.name);
        if (topic == nullptr) {
            topic = table_.make(each.name);
            if (topic == nullptr) return {Code::kInvalid, "there are too many topics"};
            configure(*topic, each.options);
        }
        topic->origin = Origin::kDeclared;
        topic->options.durability = each.options.durability;
        topic->unconfigured = false;
    }
    if (tenant_ != nullptr) {
        if (Status status = tenant_->begin(was_clean); !status.ok()) return status;
    }
    table_.each([&](Topic& topic) {
        retain(topic);
        if (topic.keys) limit_holes(topic);
    });
    write_snapshot();
    notes_.take_open([&](uint64_t key, RecordType kind, std::string_view bytes) {
        listener_.on_note(key, kind, bytes);
    });
    return {};
}

// Only where a part of the log is lost.
void Topics::give_name(Topic& topic) {
    const std::string name = "unnamed-" + std::to_string(topic.id.number());
    listener_.warn("the journal does not tell the name of a topic any more, it is " + name +
                   " now" + (topic.name.empty() ? "" : "; it was " + topic.name));
    table_.name(topic, name);
}

// From the life before.
void Topics::take_over(Topic& topic, bool was_clean) {
    topic.unconfigured = topic.origin == Origin::kDeclared && declared(topic.name) == nullptr;
    // Readers may have seen messages that the disk never had: their offsets are not given again.
    const bool may_skip = topic.options.durability == Durability::kOs;
    if (!was_clean && may_skip) topic.next = topic.next + kOsJump;
    // What is skipped is seen by nobody, until a message stands behind it.
    if (!may_skip) topic.head = topic.next;
}

}  // namespace zbridge::durable

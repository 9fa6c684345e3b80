#include "plugins/durable/topics/topics.h"

#include <algorithm>
#include <utility>

#include "plugins/durable/topics/attributes.h"
#include "plugins/durable/topics/size_text.h"

namespace zbridge::durable {

namespace {

std::string_view from_view(zb_view view) {
    return {view.data, view.size};
}

}  // namespace

Topics::Topics(TopicsOptions options, const TopicsWorld& world, TopicsListener& listener)
    : options_(std::move(options)),
      world_(world),
      listener_(listener),
      dedup_key_{world.random->next(), world.random->next()},
      notes_(segments_),
      pool_(*world.memory),
      hot_(pool_, options_.hot_bytes) {
    for (size_t i = 0; i < options_.topics.size(); i++)
        declared_.emplace(options_.topics[i].name, i);
}

Topics::~Topics() = default;

std::optional<TopicId> Topics::topic(std::string_view name) {
    if (const Topic* found = table_.find(name)) return found->id;
    if (!failure_.empty() || !TopicTable::is_name(name)) return std::nullopt;
    Topic* made = table_.make(name);
    if (made == nullptr) return std::nullopt;
    made->origin = Origin::kImplicit;
    write_topic_of(*made);
    return made->id;
}

zb_taken Topics::publish(const zb_publication* publications, uint32_t count, zb_receipt& receipt,
                         const Companion* with) {
    if (count == 1 && publications->attributes == nullptr && with == nullptr)
        return publish_plain(*publications, receipt);
    plan_.clear();
    attributes_.clear();
    size_t bytes = with != nullptr ? record_bytes(with->payload.size()) : 0;
    const bool frees = with != nullptr && with->frees;
    bool all_known = true;
    for (uint32_t i = 0; i < count; i++) {
        const zb_taken taken = plan(publications[i], with, receipt);
        if (taken != ZB_TAKEN) return taken;
        const Planned& planned = plan_.back();
        if (planned.first) continue;
        all_known = false;
        bytes += BatchWriter::bytes_of(planned.attribute_bytes, publications[i].wire.size);
        if (planned.due_ms != 0) bytes += Tenant::kDelayBytes;
    }
    if (bytes > body_bytes_max()) {
        return refuse(ZB_TOO_LARGE,
                      size_text(bytes) + " for all targets together; a batch holds " +
                          size_text(body_bytes_max()),
                      receipt);
    }
    if (!frees && !commits_->has_room()) return ZB_LATER;

    if (bytes > 0) commits_->make_room(bytes);
    const MessageId id{world_.epoch, next_sequence_};
    for (uint32_t i = 0; i < count; i++) {
        const Planned& planned = plan_[i];
        if (planned.first) {
            planned.target->duplicates++;
            continue;
        }
        if (has_one_before(i)) next_sequence_++;  // what a step makes of one message are several
        const std::string_view attributes =
            std::string_view(attributes_).substr(planned.attributes_at, planned.attribute_bytes);
        const Offset offset = planned.topic->next;
        write(*planned.topic, attributes, from_view(publications[i].wire), publications[i].frames);
        if (planned.due_ms != 0) tenant_->on_delayed(offset, planned.due_ms, planned.target->id);
        const std::string_view producer_id = id_in(attributes);
        Dedup* dedup = producer_id.empty() ? nullptr : planned.target->dedup.get();
        const bool again = with != nullptr && with->again;
        if (dedup != nullptr && !(again && dedup->find(producer_id, turn_ms())))
            dedup->add(producer_id, {world_.epoch, next_sequence_}, turn_ms());
    }
    if (with != nullptr) write(with->type, with->payload, with->effect);
    if (count > 0 && all_known) {
        // Nothing to write, but its number is behind that of the first one, in order.
        take_number(*plan_.front().first, receipt);
        receipt.duplicate = 1;
    } else {
        next_sequence_++;
        take_number(id, receipt);
    }
    return ZB_TAKEN;
}

// Of the plan: an earlier one is for the same topic.
bool Topics::has_one_before(size_t at) const {
    return std::any_of(plan_.begin(), plan_.begin() + static_cast<ptrdiff_t>(at),
                       [&](const Planned& earlier) {
                           return earlier.target == plan_[at].target && !earlier.first;
                       });
}

// The hot path: one topic, no attributes.
zb_taken Topics::publish_plain(const zb_publication& publication, zb_receipt& receipt) {
    Topic* topic = table_.find(TopicId(publication.topic));
    const zb_taken taken = check(topic, publication.wire.size, false, receipt);
    if (taken != ZB_TAKEN) return taken;
    const size_t bytes = BatchWriter::bytes_of(0, publication.wire.size);
    if (!commits_->has_room()) return ZB_LATER;
    commits_->make_room(bytes);
    const MessageId id{world_.epoch, next_sequence_};
    write(*topic, {}, from_view(publication.wire), publication.frames);
    next_sequence_++;
    take_number(id, receipt);
    return ZB_TAKEN;
}

// One of several, or with attributes: may it be, is it known?
zb_taken Topics::plan(const zb_publication& publication, const Companion* with,
                      zb_receipt& receipt) {
    Planned planned;
    planned.topic = planned.target = table_.find(TopicId(publication.topic));
    planned.attributes_at = attributes_.size();
    const zb_attributes* attributes = publication.attributes;
    if (attributes != nullptr) encode_attributes(*attributes, attributes_);
    planned.attribute_bytes = attributes_.size() - planned.attributes_at;
    const zb_taken taken = check(planned.topic, planned.attribute_bytes + publication.wire.size,
                                 with != nullptr && with->frees, receipt);
    if (taken != ZB_TAKEN) return taken;
    if (attributes != nullptr && (attributes->flags & ZB_ONCE) != 0 && !planned.topic->dedup) {
        return refuse(ZB_UNABLE, planned.target->name + ": it has no `dedup`, and keeps no ids",
                      receipt);
    }
    const bool again = with != nullptr && with->again;
    if (!again && attributes != nullptr && attributes->id.size > 0 && planned.topic->dedup)
        planned.first = planned.topic->dedup->find(from_view(attributes->id), turn_ms());
    if (attributes != nullptr && attributes->deliver_at_ms > now_ms() && !planned.first) {
        if (tenant_ == nullptr)
            return refuse(ZB_UNABLE, "deliver_at: topics alone cannot delay messages", receipt);
        const auto delays = tenant_->delays();
        if (!delays) {
            return refuse(ZB_TOPIC_FULL,
                          planned.target->name + ": as many messages wait for their time as may",
                          receipt);
        }
        planned.topic = table_.find(*delays);
        planned.due_ms = attributes->deliver_at_ms;
        append_target(attributes_, planned.target->id);
        planned.attribute_bytes = attributes_.size() - planned.attributes_at;
    }
    plan_.push_back(planned);
    return ZB_TAKEN;
}

zb_taken Topics::check(const Topic* topic, uint64_t message_bytes, bool frees,
                       zb_receipt& receipt) {
    if (!failure_.empty()) return refuse(ZB_STORE_FAILED, failure_, receipt);
    if (topic == nullptr) return refuse(ZB_UNCONFIGURED, "the topic was removed", receipt);
    if (topic->unconfigured)
        return refuse(ZB_UNCONFIGURED, topic->name + ": it is not in the file any more", receipt);
    const uint64_t most = std::min<uint64_t>(topic->options.message_bytes_max,
                                             body_bytes_max() - MsgHead::kRecordHeadBytes);
    if (message_bytes > most) {
        return refuse(
            ZB_TOO_LARGE,
            topic->name + ": " + size_text(message_bytes) + "; at most " + size_text(most),
            receipt);
    }
    if (topic->full) {
        return refuse(ZB_TOPIC_FULL,
                      topic->name + ": " + size_text(*topic->options.retention.bytes) + " reached",
                      receipt);
    }
    if (!frees && store_->full())
        return refuse(ZB_STORE_FULL, "the journal has no room to grow: only its reserve is left",
                      receipt);
    return ZB_TAKEN;
}

zb_taken Topics::refuse(zb_taken why, std::string sentence, zb_receipt& receipt) {
    refused_++;
    reason_ = std::move(sentence);
    receipt.reason = {reason_.data(), reason_.size()};
    return why;
}

// REQUIRES: there is room for a record of its own.
void Topics::write(Topic& topic, std::string_view attributes, std::string_view wire,
                   uint32_t frames) {
    BatchWriter& writer = commits_->writer();
    const MessageId id{world_.epoch, next_sequence_};
    if (writer.continues(topic.id, id, attributes)) {
        writer.extend(wire, frames);
    } else {
        topic.newest_ms = std::max(topic.newest_ms, turn_ms());
        MsgHead head;
        head.topic = topic.id;
        head.count = 1;
        head.frames = frames;
        head.first = topic.next;
        head.first_id = id;
        head.stored_ms = topic.newest_ms;
        writer.add_message(head, attributes, wire);
    }
    if (topic.options.durability == Durability::kFsync) writer.batch().memory.sync = true;
    topic.next.number++;
}

zb_taken Topics::deliver(TopicId target, const zb_run& message, std::string_view attributes,
                         const Companion& with, zb_receipt& receipt) {
    Topic* topic = table_.find(target);
    const zb_taken taken = check(topic, attributes.size() + message.bytes, /*frees=*/true, receipt);
    if (taken != ZB_TAKEN) return taken;
    if (!commits_->has_room()) return ZB_LATER;
    commits_->make_room(BatchWriter::bytes_of(attributes.size(), message.bytes) +
                        record_bytes(with.payload.size()));
    topic->newest_ms = std::max(topic->newest_ms, turn_ms());
    MsgHead head;
    head.topic = topic->id;
    head.count = 1;
    head.frames = message.frames;
    head.first = topic->next;
    head.first_id = {message.id_epoch, message.first_sequence};
    head.stored_ms = topic->newest_ms;
    commits_->writer().add_message(head, attributes, {message.wire, message.bytes});
    topic->next.number++;
    write(with.type, with.payload, with.effect);
    return ZB_TAKEN;
}

void Topics::take_number(MessageId id, zb_receipt& receipt) {
    commits_->filling().last_number = ++number_;
    receipt.number = number_;
    receipt.id_epoch = id.epoch;
    receipt.id_sequence = id.sequence;
    receipt.duplicate = 0;
}

zb_taken Topics::note(uint64_t key, RecordType kind, std::string_view bytes, bool closes,
                      zb_receipt& receipt) {
    ZB_CHECK(is_note(kind), static_cast<int>(kind));
    if (!failure_.empty()) return refuse(ZB_STORE_FAILED, failure_, receipt);
    const size_t record = record_bytes(Note::kHeadBytes + bytes.size());
    if (record > body_bytes_max())
        return refuse(ZB_TOO_LARGE, "a note of " + size_text(bytes.size()), receipt);
    // What closes makes room.
    if (!closes && store_->full())
        return refuse(ZB_STORE_FULL, "the journal has no room to grow: only its reserve is left",
                      receipt);
    commits_->make_room(record);
    const RecordPlace at{
        {}, static_cast<uint32_t>(commits_->writer().body_bytes()), static_cast<uint32_t>(record)};
    write_record(kind, write_note({key, closes, bytes}));
    notes_.on_taken(key);
    commits_->filling().notes.push_back({key, closes, at});
    take_number({}, receipt);
    return ZB_TAKEN;
}

void Topics::write_record(RecordType type, std::string_view payload, uint8_t version) {
    commits_->make_room(record_bytes(payload.size()));
    commits_->writer().add_record(type, payload, version);
    commits_->filling().memory.sync = true;
}

void Topics::write(RecordType type, std::string_view payload,
                   const std::optional<TenantEffect>& effect) {
    ZB_CHECK(is_of_tenant(type), static_cast<int>(type));
    write_record(type, payload);
    if (effect) commits_->filling().effects.push_back(*effect);
}

void Topics::write_topic_of(const Topic& topic) {
    const TopicState state = topic.state();
    write_record(RecordType::kTopic, write_topic(state), state.version());
}

// All topics as they are now: what lies before is not needed to know them.
void Topics::write_snapshot() {
    snapshot_pending_ = true;
    bool first = true;
    table_.each([&](Topic& topic) {
        write_topic_of(topic);
        topic.floor_unwritten = false;
        if (std::exchange(first, false)) commits_->filling().begins_snapshot = true;
    });
    if (!first && tenant_ != nullptr) tenant_->write_snapshot();
    if (!first) commits_->filling().ends_snapshot = true;
    snapshot_pending_ = !first;
}

}  // namespace zbridge::durable

// `keep: last_per_key`: what a newer message of the same key has replaced is not needed any more, and
// the cleaner leaves it behind.
#include <algorithm>

#include "plugins/durable/topics/attributes.h"
#include "plugins/durable/topics/topics.h"

namespace zbridge::durable {

// Of a batch that is durable. REQUIRES: the run is in the index.
void Topics::note_keys(Topic& topic, const Run& run, const BatchMemory& memory) {
    const std::string_view body{memory.body(), memory.body_bytes};
    for (size_t at = run.position; at < body.size();) {
        const auto record = record_at(body, at);
        ZB_CHECK(record.has_value(), at, body.size());
        at = record->end;
        const auto msg =
            record->type == RecordType::kMsg ? read_msg(record->payload) : std::nullopt;
        if (!msg || msg->head.topic != topic.id) continue;
        if (msg->head.first >= run.end()) return;
        note_key(topic, msg->head, msg->attributes, msg->wire.size() + msg->attributes.size());
        if (msg->head.end() == run.end()) return;
    }
}

void Topics::note_key(Topic& topic, const MsgHead& head, std::string_view attributes,
                      uint64_t bytes_of_all) {
    // At the start, before its name: keep_as() decides.
    if (!topic.keys && topic.name.empty()) topic.keys = make_keys({});
    const std::string_view key = topic.keys ? key_in(attributes) : std::string_view();
    if (key.empty()) return;
    // All messages of a record have one key. Their sizes are told apart where they are copied.
    const auto bytes = static_cast<uint32_t>(bytes_of_all / head.count);
    const uint32_t before = head.count - 1;
    if (before > 0) bury(topic, head.first, before, uint64_t{bytes} * before);
    const auto replaced = topic.keys->note(key, {head.first + before, bytes}, topic.floor);
    if (replaced) bury(topic, replaced->offset, 1, replaced->bytes);
}

void Topics::bury(Topic& topic, Offset first, uint32_t messages, uint64_t bytes) {
    const auto run = index_.at_or_after(topic.id, first);
    if (!run || run->first > first) return;  // it went with retention
    topic.holes.bury(*run, messages, bytes, segments_);
}

// What a group has not read stays; and so does what a producer may send again.
void Topics::limit_holes(Topic& topic) {
    Offset limit{UINT64_MAX};
    if (topic.for_tenant) return topic.holes.set_limit(limit, segments_);
    if (topic.options.retention.keep_unread && topic.unread) limit = *topic.unread;
    if (topic.dedup) {
        const auto run = index_.since(topic.id, now_ms() - topic.options.dedup.window_ms);
        limit = std::min(limit, run ? run->first : topic.head);
    }
    topic.holes.set_limit(limit, segments_);
}

void Topics::keep_for_tenant(TopicId id) {
    Topic* topic = table_.find(id);
    ZB_CHECK(topic != nullptr, id);
    topic->for_tenant = true;
    topic->options.retention.count = 1;
    limit_holes(*topic);
    for (auto run = index_.first(id); run; run = index_.at_or_after(id, run->end())) {
        uint64_t needed = 0;
        for (Offset at = run->first; at < run->end(); at = at + 1)
            needed += tenant_->needs(id, at) ? 1 : 0;
        const uint64_t messages = topic->holes.messages_of(*run);
        if (needed >= messages) continue;
        const uint64_t done = messages - needed;
        topic->holes.bury(*run, static_cast<uint32_t>(done), run->bytes * done / messages,
                          segments_);
    }
}

void Topics::done_with(TopicId id, Offset offset, uint64_t bytes) {
    if (Topic* topic = table_.find(id)) bury(*topic, offset, 1, bytes);
}

std::unique_ptr<KeyTable> Topics::make_keys(const TopicOptions& options) const {
    return std::make_unique<KeyTable>(options.keys_max, dedup_key_, *world_.memory);
}

// Once its options are known, or change. At the start keys are noted before that too.
void Topics::keep_as(Topic& topic, const TopicOptions& options) {
    if (options.keep != Keep::kLastPerKey) {
        topic.keys.reset();
        topic.holes.unearth(segments_);
        return;
    }
    if (topic.keys == nullptr) topic.keys = make_keys(options);
    topic.keys->set_keys_max(options.keys_max);
}

}  // namespace zbridge::durable

// What the answers say of the store and of a topic.
#include <algorithm>
#include <array>
#include <vector>

#include "plugins/durable/admin/admin.h"
#include "plugins/durable/admin/messages.h"

namespace zbridge::durable {

namespace {

constexpr size_t kTopicEntries = 9, kOptionEntries = 13;
constexpr uint32_t kBrowseRunsMax = 64;

const char* state_of(const Topic& topic) {
    if (topic.unconfigured) return "unconfigured";
    return topic.origin == Origin::kImplicit ? "implicit" : "configured";
}

template <class Number>
void write_or_nothing(ValueWriter& writer, std::string_view name,
                      const std::optional<Number>& number) {
    writer.key(name);
    if (number)
        writer.number(static_cast<int64_t>(*number));
    else
        writer.nothing();
}

}  // namespace

std::string Admin::status() const {
    ValueWriter writer;
    writer.begin_map(4);
    writer.key("transactions");
    transactions_admin_.write_status(writer);
    writer.key("store");
    write_store(writer);
    writer.key("topics");
    writer.begin_list(topics_.table().size());
    topics_.table().each([&](const Topic& topic) { write_topic(topic, writer, false); });
    writer.key("groups");
    groups_admin_.write_list(writer);
    return writer.take();
}

std::string Admin::list() const {
    ValueWriter writer;
    writer.begin_list(topics_.table().size());
    topics_.table().each([&](const Topic& topic) { write_topic(topic, writer, false); });
    return writer.take();
}

std::string Admin::show(const Topic& topic) const {
    ValueWriter writer;
    write_topic(topic, writer, true);
    return writer.take();
}

void Admin::write_store(ValueWriter& writer) const {
    const JournalStats& stats = log_.journal().stats();
    uint64_t bytes = 0;
    const auto segments = log_.journal().segments();
    for (const SegmentInfo& each : segments)
        bytes += each.bytes;
    writer.begin_map(18);
    writer.entry("segments", segments.size());
    writer.entry("segment_bytes", bytes);
    writer.entry("commits", stats.commits);
    writer.entry("committed_bytes", stats.bytes);
    writer.entry("syncs", stats.syncs.count);
    writer.entry("sync_sum_us", stats.syncs.sum.count() / 1000);
    writer.entry("sync_longest_us", stats.syncs.longest.count() / 1000);
    writer.entry("reads", stats.reads);
    writer.entry("moved_bytes", topics_.moved_bytes());
    writer.entry("damaged_batches", topics_.damaged_batches());
    writer.entry("open_notes", topics_.open_notes());
    writer.entry("refused", topics_.refused());
    writer.entry("spares", log_.journal().spares().ready());
    writer.entry("digests_used", log_.journal().found().digests.used);
    writer.entry("digests_made", log_.journal().digests().made());
    writer.entry("digests_failed", log_.journal().digests().failed());
    writer.entry("full", log_.journal().full());
    writer.entry("failure", topics_.failure());
}

void Admin::write_topic(const Topic& topic, ValueWriter& writer, bool options) const {
    writer.begin_map(kTopicEntries + (options ? kOptionEntries : 0));
    writer.entry("name", topic.name);
    writer.entry("state", state_of(topic));
    const auto oldest = topics_.index().first(topic.id);
    writer.entry("messages", topics_.messages_of(topic));
    writer.entry("bytes", topic.bytes);
    writer.entry("floor", topic.floor.number);
    writer.entry("head", topic.head.number);
    const int64_t now_ms = clock_.wall_us() / 1000;
    write_or_nothing(writer, "oldest_age_s",
                     oldest ? std::optional((now_ms - oldest->stored_ms) / 1000) : std::nullopt);
    writer.entry("duplicates", topic.duplicates);
    writer.entry("full", topic.full);
    if (!options) return;
    const TopicOptions& its = topic.options;
    writer.entry("durability", its.durability == Durability::kOs ? "os" : "fsync");
    write_or_nothing(writer, "retention_age_ms", its.retention.age_ms);
    write_or_nothing(writer, "retention_size", its.retention.bytes);
    write_or_nothing(writer, "retention_count", its.retention.count);
    writer.entry("retention_unread", its.retention.keep_unread ? "keep" : "drop");
    writer.entry("keep", its.keep == Keep::kLastPerKey ? "last_per_key" : "all");
    writer.entry("max_keys", its.keys_max);
    writer.entry("keys", topic.keys ? topic.keys->size() : size_t{0});
    writer.entry("keys_not_remembered", topic.keys ? topic.keys->not_remembered() : uint64_t{0});
    writer.entry("dedup_window_ms", its.dedup.window_ms);
    writer.entry("dedup_max", its.dedup.max);
    writer.entry("dedup_ids", topic.dedup ? topic.dedup->size() : size_t{0});
    const bool bounded = its.message_bytes_max != UINT64_MAX;
    write_or_nothing(writer, "max_message",
                     bounded ? std::optional(its.message_bytes_max) : std::nullopt);
}

bool Admin::try_browse(const Browse& browse) {
    std::array<zb_run, kBrowseRunsMax> runs;
    std::vector<std::pair<zb_run, uint32_t>> found;  // with how many messages of it
    uint32_t count = 0;
    const zb_taken taken = topics_.read(browse.topic, browse.from, kBrowseBytesMax, runs.data(),
                                        kBrowseRunsMax, count);
    if (taken == ZB_LATER) return false;
    if (taken != ZB_TAKEN) {
        refuse(browse.cookie, ZB_FAILED,
               taken == ZB_STORE_FAILED ? "the journal failed: " + topics_.failure()
                                        : "the topic was removed");
        return true;
    }
    uint32_t messages = 0;
    for (uint32_t i = 0; i < count && messages < browse.max; i++) {
        const uint32_t of_it = std::min(runs[i].count, browse.max - messages);
        found.emplace_back(runs[i], of_it);
        messages += of_it;
    }
    ValueWriter writer;
    writer.begin_list(messages);
    for (const auto& [run, of_it] : found)
        write_messages(writer, run, of_it);
    answer(browse.cookie, writer.take());
    return true;
}

}  // namespace zbridge::durable

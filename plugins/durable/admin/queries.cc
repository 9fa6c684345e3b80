#include "plugins/durable/admin/queries.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "plugins/durable/admin/log_walk.h"
#include "plugins/durable/admin/messages.h"
#include "plugins/durable/topics/attributes.h"
#include "plugins/durable/topics/short_body.h"

namespace zbridge::durable {

namespace {

constexpr uint32_t kRunsMax = 64;

// What is looked for: one of these, or the time.
struct Wanted {
    std::optional<std::string> key;
    std::optional<std::string> id;     // a producer's
    std::optional<MessageId> message;  // whose text `id` is, or may be
    int64_t from_ms = 0, to_ms = INT64_MAX;

    bool by_time() const { return !key && !id; }
};

// Empty: it is one that can be answered.
std::string read_wanted(const Request& request, Wanted& wanted) {
    const bool time = request.from_ms || request.to_ms;
    if ((request.key ? 1 : 0) + (request.id ? 1 : 0) + (time ? 1 : 0) != 1)
        return "a query is by key, by id, or by time (from, to): expected one of these";
    if ((request.key && request.key->empty()) || (request.id && request.id->empty()))
        return "the key, or id, to look for is empty";
    wanted.key = request.key;
    wanted.id = request.id;
    if (request.id) wanted.message = MessageId::parse(*request.id);
    if (request.from_ms) wanted.from_ms = static_cast<int64_t>(*request.from_ms);
    if (request.to_ms) wanted.to_ms = static_cast<int64_t>(*request.to_ms);
    if (wanted.from_ms < 0 || wanted.to_ms < 0) return "a time that cannot be";
    if (wanted.to_ms < wanted.from_ms) return "the time `to` is before `from`";
    return {};
}

}  // namespace

struct Queries::Query {
    uint64_t cookie = 0;
    TopicId topic;
    std::string name;
    uint32_t max = 0;
    Wanted wanted;

    // The search. While a segment is looked through, the helper's.
    Offset floor, head;                   // when it was asked
    std::map<uint64_t, uint64_t> ranges;  // first offset -> one past the last
    bool too_many = false;

    // The reading.
    bool reads = false;
    bool yields = false;  // to others, until its next turn
    Offset at;
    std::string found;  // messages
    uint32_t messages = 0;

    void look(std::string_view body);
    void look(const SeenMsg& msg);
    void keep(Offset first, Offset end);
    bool wants(const zb_run& run) const;
    bool enough() const { return messages == max || found.size() >= kBytesMax; }
    void take(const zb_run& run, uint32_t count);
    std::optional<Offset> next_candidate();
};

// On the helper's thread.
void Queries::Query::look(std::string_view body) {
    size_t position = 0;
    while (const auto record = record_at(body, position)) {
        position = record->end;
        if (const auto msg = read_seen_msg(*record))
            look(*msg);
        else if (const auto moved = read_seen_moved(*record))
            look(moved->records);
    }
}

void Queries::Query::look(const SeenMsg& msg) {
    if (msg.head.topic != topic) return;
    const MessageId& first = msg.head.first_id;
    if (wanted.message && wanted.message->epoch == first.epoch &&
        wanted.message->sequence - first.sequence < msg.head.count) {
        const Offset its = msg.head.first + (wanted.message->sequence - first.sequence);
        keep(its, its + 1);
    }
    // Attributes that are not here may have the key.
    if ((wanted.id && id_in(msg.attributes) == *wanted.id) ||
        (wanted.key && (msg.attributes_cut || has_key(msg.attributes, *wanted.key))))
        keep(msg.head.first, msg.head.end());
}

void Queries::Query::keep(Offset first, Offset end) {
    first = std::max(first, floor);
    end = std::min(end, head);
    if (end <= first) return;
    uint64_t& kept = ranges[first.number];
    kept = std::max(kept, end.number);
    if (ranges.size() <= kCandidatesMax) return;
    ranges.erase(std::prev(ranges.end()));
    too_many = true;
}

// The next offset that may be one. None: there is no other.
std::optional<Offset> Queries::Query::next_candidate() {
    while (!ranges.empty()) {
        const auto& [first, end] = *ranges.begin();
        if (end > at.number) return at = std::max(at, Offset{first});
        ranges.erase(ranges.begin());
    }
    return std::nullopt;
}

// Of a run that begins with the message that is asked about.
bool Queries::Query::wants(const zb_run& run) const {
    if (wanted.by_time()) return run.stored_ms >= wanted.from_ms && run.stored_ms <= wanted.to_ms;
    const std::string_view attributes(run.attributes.data, run.attributes.size);
    if (wanted.key) return has_key(attributes, *wanted.key);
    return id_in(attributes) == *wanted.id ||
           wanted.message == MessageId{run.id_epoch, run.first_sequence};
}

void Queries::Query::take(const zb_run& run, uint32_t count) {
    ValueWriter writer;
    write_messages(writer, run, count);
    found += writer.take();
    messages += count;
}

void Queries::begin(const Topic& topic, const Request& request, uint64_t cookie) {
    auto query = std::make_shared<Query>();
    query->cookie = cookie;
    query->topic = topic.id;
    query->name = topic.name;
    query->max = static_cast<uint32_t>(std::min<uint64_t>(request.max.value_or(kDefault), kMax));
    if (const std::string wrong = read_wanted(request, query->wanted); !wrong.empty())
        return answer_(cookie, ZB_INVALID, wrong);
    if (queries_.size() == kQueriesMax)
        return answer_(cookie, ZB_FULL, "too many queries are under way: try again");
    query->floor = topic.floor;
    query->head = topic.head;
    queries_.push_back(query);
    if (!query->wanted.by_time()) return search(query);
    query->at = topics_.position(topic.id, ZB_START_TIME, query->wanted.from_ms);
    query->reads = true;
    if (read_on(*query)) queries_.remove(query);
}

// Then what was found is read.
void Queries::search(const Shared& query) {
    walk_log(
        log_, [query](const Place&, std::string_view body) { query->look(body); },
        [this] { return !stopped_; },
        [this, query](const Status& status) {
            if (!status.ok()) refuse(*query, ZB_FAILED, status.message());
            query->reads = status.ok();
            if (!status.ok() || read_on(*query)) queries_.remove(query);
        });
}

bool Queries::read_on(Query& query) {
    const bool by_time = query.wanted.by_time();
    std::array<zb_run, kRunsMax> runs;
    query.yields = false;
    for (size_t reads = 0; !query.enough(); reads++) {
        if (!by_time && !query.next_candidate()) break;
        if (reads == kReadsATurn) {
            query.yields = true;
            wake_();
            return false;
        }
        // Not by time: this message alone.
        const uint64_t bytes = by_time ? kBytesMax - query.found.size() : 1;
        uint32_t count = 0;
        const zb_taken taken =
            topics_.read(query.topic, query.at, bytes, runs.data(), by_time ? kRunsMax : 1, count);
        if (taken == ZB_LATER) return false;
        if (taken != ZB_TAKEN) {
            refuse(query, ZB_FAILED,
                   taken == ZB_STORE_FAILED ? "the journal failed: " + topics_.failure()
                                            : "the topic was removed");
            return true;
        }
        if (count == 0) break;
        for (uint32_t i = 0; i < count && !query.enough(); i++) {
            const zb_run& run = runs[i];
            const bool there = by_time || run.first_offset == query.at.number;
            if (there && query.wants(run))
                query.take(run, std::min(run.count, query.max - query.messages));
            query.at = Offset{there ? run.first_offset + run.count : run.first_offset};
        }
        if (by_time && runs[count - 1].stored_ms > query.wanted.to_ms) break;
    }
    end(query);
    return true;
}

void Queries::end(Query& query) {
    if (query.too_many && !query.enough()) {
        return refuse(query, ZB_FULL,
                      "more than " + std::to_string(kCandidatesMax) + " messages of `" +
                          query.name +
                          "` may be it: their attributes are too large to be in the digests");
    }
    ValueWriter writer;
    writer.begin_list(query.messages);
    writer.written(query.found);
    answer_(query.cookie, ZB_OK, writer.take());
}

void Queries::refuse(Query& query, zb_result why, std::string_view sentence) {
    answer_(query.cookie, why, sentence);
}

void Queries::go_on() {
    queries_.remove_if([&](const Shared& each) { return each->yields && read_on(*each); });
}

void Queries::on_loaded(TopicId topic) {
    queries_.remove_if([&](const Shared& each) {
        return each->topic == topic && each->reads && !each->yields && read_on(*each);
    });
}

}  // namespace zbridge::durable

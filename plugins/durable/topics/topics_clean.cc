// The cleaner: where a few messages hold segments of which most is gone, they are copied to the
// log's end, and the segments go.
//
// It takes the oldest segment, and moves what is alive in it, run by run: MOVED{their records}. Their
// offsets, ids and times stay. Where a topic keeps the last message of each key, those that newer ones
// have replaced stay behind: the MOVED has their offsets, and no messages there. Segments go from the oldest on, so that each byte that lives long is
// copied once while the log turns over.
//
// Limits:  kSpaceFactor: below it nothing is moved. clean_bytes_a_second; kMoveBytesMax a record, one
//          run at least; kLooksMax entries of the index are looked at in one go. What is damaged
//          cannot be moved: its segment stays until retention has passed it.
#include <algorithm>

#include "plugins/durable/topics/attributes.h"
#include "plugins/durable/topics/topics.h"
#include "plugins/durable/topics/wire.h"

namespace zbridge::durable {

namespace {

// Disk space is at most four times what is alive, and two segments: with what is on its way.
constexpr uint64_t kSpaceFactor = 3;
constexpr size_t kLooksMax = 2'000;

// What is copied of runs that follow each other.
struct Copied {
    std::string records;
    uint64_t messages = 0, bytes = 0;
};

// How many of a record's messages, from the first on, are not needed: newer ones of the same key (all
// have one) have replaced them, or the tenant is done with them.
uint32_t replaced_in(const Topic& topic, const Msg& msg, const Tenant* tenant) {
    if (topic.for_tenant) {
        uint32_t done = 0;
        while (done < msg.head.count && !tenant->needs(topic.id, msg.head.first + done))
            done++;
        return done;
    }
    const std::string_view key = topic.keys ? key_in(msg.attributes) : std::string_view();
    if (key.empty()) return 0;
    const Offset last{msg.head.end().number - 1};
    const Offset newest = topic.keys->newest(key).value_or(msg.head.first);
    const Offset kept = std::min(newest > last ? msg.head.end() : last, topic.holes.limit());
    return kept > msg.head.first ? static_cast<uint32_t>(kept - msg.head.first) : 0;
}

// The record without its first messages. False: it is not what was written.
bool copy_rest(const Msg& msg, uint32_t without, Copied& copied) {
    const auto span = span_of(msg.wire, without, UINT64_MAX);
    if (!span || span->messages != without) return false;
    const std::string_view wire = msg.wire.substr(static_cast<size_t>(span->bytes));
    MsgHead head = msg.head;
    head.first = head.first + without;
    head.first_id.sequence += without;
    head.count -= without;
    if (head.frames < span->frames + head.count) return false;
    head.frames -= span->frames;
    const size_t payload = MsgHead::kBytes + msg.attributes.size() + wire.size();
    const size_t at = copied.records.size();
    copied.records.resize(at + MsgHead::kRecordHeadBytes);
    write_msg_head(copied.records.data() + at, head, payload);
    copied.records.append(msg.attributes).append(wire);
    copied.messages += head.count;
    copied.bytes += msg.attributes.size() + wire.size();
    return true;
}

// The records of a run that are needed, as they are. False: the body is not what was written.
bool copy_records(const Body& body, const Topic& topic, const Run& run, const Tenant* tenant,
                  Copied& copied) {
    Offset from = run.first;
    size_t position = run.position;
    const bool gaps = topic.holes.has_gaps(run);
    while (from < run.end()) {
        if (gaps && position == body.bytes.size()) return true;
        const auto record = record_at(body.bytes, position);
        if (!record) return false;
        position = record->end;
        if (record->type != RecordType::kMsg) continue;
        const auto msg = read_msg(record->payload);
        if (!msg) return false;
        if (msg->head.topic != topic.id || msg->head.end() <= from) continue;
        if (gaps && msg->head.first >= run.end()) return true;
        if ((msg->head.first != from && !gaps) || msg->head.end() > run.end()) return false;
        from = msg->head.end();
        const uint32_t without = replaced_in(topic, *msg, tenant);
        if (without == msg->head.count) continue;
        if (without > 0) {
            if (!copy_rest(*msg, without, copied)) return false;
            continue;
        }
        copied.records += body.bytes.substr(record->position, record->end - record->position);
        copied.messages += msg->head.count;
        copied.bytes += msg->attributes.size() + msg->wire.size();
    }
    return true;
}

}  // namespace

bool Topics::wants_cleaning() const {
    if (options_.clean_bytes_a_second == 0) return false;
    uint64_t disk = 0, largest = 0;
    for (const SegmentInfo& each : store_->segments()) {
        disk += each.bytes;
        largest = std::max(largest, each.bytes);
    }
    return disk > kSpaceFactor * segments_.live_bytes() + 2 * largest;
}

void Topics::clean() {
    looks_left_ = kLooksMax;
    while (failure_.empty() && moves_in_flight_ == 0 && clean_budget_ > 0 && looks_left_ > 0) {
        if (!cleaning_) {
            if (!wants_cleaning()) return;
            const auto segments = store_->segments();
            const SegmentInfo& oldest = segments.front();
            // Done, and still there: something holds it that cannot be moved.
            if (!oldest.sealed || oldest.segment <= cleaned_segment_) return;
            cleaning_ = Cleaning{oldest.segment, 0, {}};
        }
        const auto found = find_next();
        if (found) {
            if (!move_from(*table_.find(TopicId(cleaning_->topic)), *found)) return;
        } else if (looks_left_ > 0) {
            if (rewrite_from(cleaning_->segment)) return;
            cleaned_segment_ = cleaning_->segment;
            cleaning_.reset();
        }
    }
}

// The next run that lies in the segment. None: there is none, or as much as may be was looked at.
std::optional<Run> Topics::find_next() {
    for (; cleaning_->topic < table_.ids_end(); cleaning_->topic++, cleaning_->from = {}) {
        const TopicId topic(cleaning_->topic);
        while (const auto run = index_.at_or_after(topic, cleaning_->from)) {
            if (looks_left_ == 0) return std::nullopt;
            looks_left_--;
            const bool copied =
                !cold_->damaged(run->place) || table_.find(topic)->holes.is_dead(*run);
            if (run->place.segment == cleaning_->segment && copied) return run;
            cleaning_->from = run->end();
        }
    }
    return std::nullopt;
}

// This run, and those behind it that are at hand, as one record. False: it has to be read first.
bool Topics::move_from(Topic& topic, const Run& first) {
    Copied copied;
    Run whole = first;
    whole.count = whole.bytes = 0;
    for (std::optional<Run> run = first; run;) {
        const bool more = whole.count > 0;
        if (run->first != whole.end() || run->place.segment != cleaning_->segment) break;
        if (whole.count > UINT32_MAX - run->count) break;
        const bool dead = topic.holes.is_dead(*run);  // it need not be read
        if (more && !dead && copied.bytes + run->bytes > kMoveBytesMax) break;
        const Body* body = dead || cold_->damaged(run->place) ? nullptr : body_at(run->place);
        if (body == nullptr && !dead && more) break;
        if (body == nullptr && !dead) {
            load(topic.id, *run);
            return false;
        }
        const Copied before{{}, copied.messages, copied.bytes};
        const size_t records_before = copied.records.size();
        if (!dead && !copy_records(*body, topic, *run, tenant_, copied)) {
            copied.records.resize(records_before);
            copied.messages = before.messages;
            copied.bytes = before.bytes;
            cold_->give_up(run->place, {Code::kIo, "its records are not what was written"});
            if (!more) return true;
            break;
        }
        whole.count += run->count;
        whole.stored_ms = run->stored_ms;
        cleaning_->from = run->end();
        run = index_.at_or_after(topic.id, cleaning_->from);
    }
    whole.bytes = static_cast<uint32_t>(copied.bytes);
    write_moved_run(topic, whole, whole.count - copied.messages, copied.records);
    return true;
}

void Topics::write_moved_run(const Topic& topic, Run run, uint64_t gone,
                             const std::string& records) {
    const std::string payload =
        write_moved({topic.id, run.count, run.first, run.stored_ms, run.bytes}, records);
    commits_->make_room(record_bytes(payload.size()));
    const size_t head = record_bytes(payload.size()) - payload.size() + MovedHead::kBytes;
    run.position = static_cast<uint32_t>(commits_->writer().body_bytes() + head);
    write_record(RecordType::kMoved, payload, gone > 0 ? kMovedWithGaps : kPayloadVersion);
    commits_->filling().moved.push_back({topic.id, run, gone});
    moves_in_flight_++;
    clean_budget_ -= std::min<uint64_t>(clean_budget_, payload.size());
    moved_bytes_ += payload.size();
}

void Topics::place_moved(MovedRun& moved, const Place& place, const BatchMemory& memory) {
    moves_in_flight_--;
    moved.run.place = place;
    Topic* topic = table_.find(moved.topic);
    // Gone meanwhile, all of it?
    if (topic == nullptr || moved.run.end() <= topic->floor) return;
    put_moved(*topic, moved.run, moved.gone);
    if (topic->keys) note_keys(*topic, moved.run, memory);
}

// REQUIRES: so many of its offsets have no message.
void Topics::put_moved(Topic& topic, const Run& run, uint64_t gone) {
    segments_.use(run.place.segment, live_bytes_of(run));
    topic.messages += run.count - gone;
    topic.bytes += run.bytes;
    for (const Run& each : index_.move(topic.id, run)) {
        segments_.release(each.place.segment, live_bytes_of(each));
        topic.messages -= topic.holes.messages_of(each);
        topic.bytes -= each.bytes;
        topic.holes.remove(each, segments_);
    }
    topic.holes.put(run, gone, segments_);
}

}  // namespace zbridge::durable

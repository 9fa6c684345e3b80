// The cleaner: where a few messages hold segments of which most is gone, they are copied to the
// log's end, and the segments go.
//
// It takes the oldest segment, and moves what is alive in it, run by run: MOVED{their records}. Their
// offsets, ids and times stay. Segments go from the oldest on, so that each byte that lives long is
// copied once while the log turns over.
//
// Limits:  kSpaceFactor: below it nothing is moved. clean_bytes_a_second; kMoveBytesMax a record, one
//          run at least; kLooksMax entries of the index are looked at in one go. What is damaged
//          cannot be moved: its segment stays until retention has passed it.
#include <algorithm>

#include "plugins/durable/topics/topics.h"

namespace zbridge::durable {

namespace {

// Disk space is at most four times what is alive, and two segments: with what is on its way.
constexpr uint64_t kSpaceFactor = 3;
constexpr size_t kLooksMax = 2'000;

// The records of a run as they are, appended to `records`. False: the body is not what was written.
bool copy_records(const Body& body, TopicId topic, const Run& run, std::string& records) {
    Offset from = run.first;
    size_t position = run.position;
    while (from < run.end()) {
        const auto record = record_at(body.bytes, position);
        if (!record) return false;
        position = record->end;
        if (record->type != RecordType::kMsg) continue;
        const auto msg = read_msg(record->payload);
        if (!msg) return false;
        if (msg->head.topic != topic || msg->head.end() <= from) continue;
        if (msg->head.first != from || msg->head.end() > run.end()) return false;
        records += body.bytes.substr(record->position, record->end - record->position);
        from = msg->head.end();
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
            // Done, and still there: something else than messages holds it.
            if (!oldest.sealed || oldest.segment <= cleaned_segment_) return;
            cleaning_ = Cleaning{oldest.segment, 0, {}};
        }
        const auto found = find_next();
        if (found) {
            if (!move_from(*table_.find(TopicId(cleaning_->topic)), *found)) return;
        } else if (looks_left_ > 0) {
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
            const bool damaged = cold_->damaged(run->place);
            if (run->place.segment == cleaning_->segment && !damaged) return run;
            cleaning_->from = run->end();
        }
    }
    return std::nullopt;
}

// This run, and those behind it that are at hand, as one record. False: it has to be read first.
bool Topics::move_from(Topic& topic, const Run& first) {
    std::string records;
    Run whole = first;
    whole.count = whole.bytes = 0;
    for (std::optional<Run> run = first; run;) {
        const bool more = whole.count > 0;
        if (run->first != whole.end() || run->place.segment != cleaning_->segment) break;
        if (more && whole.bytes + run->bytes > kMoveBytesMax) break;
        const Body* body = cold_->damaged(run->place) ? nullptr : body_at(run->place);
        if (body == nullptr && more) break;
        if (body == nullptr) {
            load(topic.id, *run);
            return false;
        }
        const size_t before = records.size();
        if (!copy_records(*body, topic.id, *run, records)) {
            records.resize(before);
            cold_->give_up(run->place, {Code::kIo, "its records are not what was written"});
            if (!more) return true;
            break;
        }
        whole.count += run->count;
        whole.bytes += run->bytes;
        whole.stored_ms = run->stored_ms;
        cleaning_->from = run->end();
        run = index_.at_or_after(topic.id, cleaning_->from);
    }
    write_moved_run(topic, whole, records);
    return true;
}

void Topics::write_moved_run(const Topic& topic, Run run, const std::string& records) {
    const std::string payload =
        write_moved({topic.id, run.count, run.first, run.stored_ms, run.bytes}, records);
    commits_->make_room(record_bytes(payload.size()));
    const size_t head = record_bytes(payload.size()) - payload.size() + MovedHead::kBytes;
    run.position = static_cast<uint32_t>(commits_->writer().body_bytes() + head);
    write_record(RecordType::kMoved, payload);
    commits_->filling().moved.push_back({topic.id, run});
    moves_in_flight_++;
    clean_budget_ -= std::min<uint64_t>(clean_budget_, payload.size());
    moved_bytes_ += payload.size();
}

void Topics::place_moved(MovedRun& moved, const Place& place) {
    moves_in_flight_--;
    moved.run.place = place;
    Topic* topic = table_.find(moved.topic);
    // Gone meanwhile, all of it?
    if (topic == nullptr || moved.run.end() <= topic->floor) return;
    put_moved(*topic, moved.run);
}

void Topics::put_moved(Topic& topic, const Run& run) {
    segments_.use(run.place.segment, live_bytes_of(run));
    topic.messages += run.count;
    topic.bytes += run.bytes;
    for (const Run& each : index_.move(topic.id, run)) {
        segments_.release(each.place.segment, live_bytes_of(each));
        topic.messages -= each.count;
        topic.bytes -= each.bytes;
    }
}

}  // namespace zbridge::durable

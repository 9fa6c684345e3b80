#include "plugins/durable/journal/journal.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "bridge/base/check.h"

namespace zbridge::durable {

namespace {

constexpr uint64_t kSegmentBytesStep = 4096;
constexpr uint32_t kAppendsMax = 4;  // one batch and one idle mark
// With more of them there are so many at work that the processors have better to do than to look.
constexpr uint32_t kHurryRecordsMax = 2;

OpeningOptions opening_options(const JournalOptions& options) {
    OpeningOptions its{options.folder, options.segment_bytes, options.store, options.replay};
    its.replay.digests = options.shorten != nullptr;
    return its;
}

}  // namespace

Result<std::unique_ptr<Journal>> Journal::open(const JournalOptions& options,
                                               const JournalWorld& world,
                                               const Replay::Visit& visit) {
    if (options.segment_bytes < JournalOptions::kSegmentBytesMin ||
        options.segment_bytes > JournalOptions::kSegmentBytesMax ||
        options.segment_bytes % kSegmentBytesStep != 0) {
        return Status(
            Code::kInvalid,
            fmt::format("segments of {} bytes: expected a multiple of {}, from 16 KiB to 1 GiB",
                        options.segment_bytes, kSegmentBytesStep));
    }
    const std::string what = "the journal in " + options.folder;
    auto opened = open_log(world.disk, world.clock, world.random, opening_options(options), visit);
    if (!opened.ok()) return std::move(opened).error().with_context(what);
    auto spares = opened->spares;
    const uint64_t next_fresh = opened->next_fresh;
    const bool began_fresh = opened->position == kSegmentHeadBytes;
    std::unique_ptr<Journal> journal(new Journal(options, world, *std::move(opened)));
    auto status = journal->append_now(RecordType::kEpoch, kFirstAfterOpen);
    if (!status.ok()) return std::move(status).with_context(what);
    journal->spares_.begin(std::move(spares), next_fresh);
    journal->make_wanted_digests(began_fresh);
    return journal;
}

Journal::Journal(const JournalOptions& options, const JournalWorld& world, Opened opened)
    : folder_(options.folder),
      segment_bytes_(options.segment_bytes),
      epoch_(options.epoch),
      clock_(world.clock),
      store_(opened.store),
      found_(std::move(opened.found)),
      appender_(world.disk, world.clock, folder_, store_, options.shorten),
      reader_(world.disk, folder_, store_),
      segments_(std::move(opened.segments)),
      bounds_(std::move(opened.bounds)),
      store_file_(std::move(opened.store_file)),
      position_(opened.position),
      next_(opened.next),
      synced_(Seq{number(opened.next) - 1}),
      idle_timer_(world.timers, [this] { mark_idle(); }),
      spares_({folder_, segment_bytes_}, world.disk,
              world.make_executor({.name = "journal-room", .threads = 1}), world.timers,
              world.clock,
              [this] {
                  submit_pending();
                  if (at_room_) at_room_();
              }),
      reads_(world.make_executor({.name = "journal-read", .threads = 1, .tasks_max = kReadsMax})),
      scrub_(world.disk, store_, *reads_, world.timers, world.clock),
      digests_({folder_, store_, options.shorten}, world.disk,
               world.make_executor({.name = "journal-index", .threads = 1}), world.timers,
               world.clock),
      appends_(world.make_executor({.name = "journal", .threads = 1, .tasks_max = kAppendsMax})) {
    const bool fresh = opened.position == kSegmentHeadBytes;
    appender_.begin(std::move(opened.file), opened.prev_crc, fresh);
}

size_t Journal::body_bytes_max() const {
    return segment_bytes_ - kSegmentHeadBytes - kSectorBytes - kBatchHeadBytes;
}

Place Journal::append(BatchMemory batch, Done done) {
    ZB_CHECK(!busy_ && !closed_);
    ZB_CHECK(batch.body_bytes <= body_bytes_max(), batch.body_bytes, body_bytes_max());
    busy_ = true;
    idle_timer_.cancel();
    Appender::Task task = task_of(batch, 0);
    const Place place{task.header.segment, task.position, static_cast<uint32_t>(batch.body_bytes)};
    pending_ = {std::move(task), std::move(done)};
    submit_pending();
    if (pending_) stats_.waits_for_spare++;
    hurry_spares();
    return place;
}

// Of the last segment, but for the sector that the mark of an end in order takes.
uint64_t Journal::room() const {
    const uint64_t end = segments_.back().bytes / kSectorBytes * kSectorBytes - kSectorBytes;
    return end > position_ ? end - position_ : 0;
}

Appender::Task Journal::task_of(const BatchMemory& batch, uint16_t flags) {
    Appender::Task task;
    task.memory = batch;
    const size_t size = BatchMemory::capacity_for(batch.body_bytes);
    if (size > room() && flags == 0 && failure_.ok()) begin_segment(task);
    task.header.segment = segments_.back().segment;
    task.header.seq = next_;
    task.header.synced = synced_;
    task.header.body_bytes = static_cast<uint32_t>(batch.body_bytes);
    task.header.records = batch.records;
    task.header.time_us = clock_.wall_us();
    task.header.flags = flags;
    task.position = static_cast<uint32_t>(position_);
    position_ += size;
    segments_.back().last = next_;
    next_ = next(next_);
    return task;
}

void Journal::begin_segment(Appender::Task& task) {
    SegmentHeader header;
    header.store = store_;
    header.segment = segments_.back().segment + 1;
    header.first = next_;
    header.prev_end = static_cast<uint32_t>(position_);
    header.created_us = clock_.wall_us();
    header.file_bytes = segment_bytes_;
    segments_.push_back({header.segment, next_, next_, segment_bytes_, false});
    bounds_.push_back({next_, header.prev_end, 0});
    position_ = kSegmentHeadBytes;
    task.roll = {"", header};
}

// As soon as there is the file that it needs.
void Journal::submit_pending() {
    if (!pending_) return;
    if (auto& roll = pending_->task.roll) {
        auto spare = spares_.take();
        if (!spare) return;
        roll->source = std::move(spare->name);
        roll->header.reused_from = spare->reused_from;
    }
    Pending pending = *std::exchange(pending_, std::nullopt);
    submit(std::move(pending.task), std::move(pending.done));
}

void Journal::submit(Appender::Task task, Done done) {
    auto outcome = std::make_shared<Appender::Outcome>();
    const BatchHeader header = task.header;
    const bool synced = task.memory.sync;
    const bool taken = appends_->submit(
        [this, outcome, task = std::move(task)] { *outcome = appender_.append(task); },
        [this, outcome, header, synced, done = std::move(done)] {
            on_appended(*outcome, header, synced, done);
        });
    ZB_CHECK(taken);
    if (synced) hurry(header);
}

// Two wakes of a thread take as long as a fast disk.
void Journal::hurry(const BatchHeader& header) {
    if (header.padded_bytes() > kHurryBytesMax || header.records > kHurryRecordsMax) return;
    if (usual_sync_ > kHurryMax / 2) return;
    appends_->hurry(std::min(kHurryMax, 2 * usual_sync_ + kHurryMax / 8));
}

void Journal::on_appended(Appender::Outcome& outcome, const BatchHeader& header, bool synced,
                          const Done& done) {
    if (outcome.rolled_after) {
        // Sealed now, not before: what is dropped must have a segment behind it on the disk.
        segments_[segments_.size() - 2].sealed = true;
        bounds_.back().prev_crc = *outcome.rolled_after;
        stats_.rollovers++;
        make_digest(segments_.size() - 2, Digests::Hurry::kSoon, std::move(outcome.digested));
    }
    busy_ = false;
    if (outcome.status.ok()) {
        stats_.commits++;
        stats_.bytes += header.padded_bytes();
        if (synced) {
            synced_ = header.seq;
            stats_.syncs.add(outcome.sync_time);
            usual_sync_ += (outcome.sync_time - usual_sync_) / 8;
        }
    } else {
        failure_ = outcome.status;
    }
    done(outcome.status);
    if (synced && !busy_ && !closed_ && failure_.ok()) idle_timer_.arm(clock_.now() + kIdleAfter);
}

// So that the last batch has a witness: where it is damaged, it was not torn.
void Journal::mark_idle() {
    if (busy_ || closed_ || !failure_.ok() || idle_in_flight_ || room() < kSectorBytes) return;
    idle_in_flight_ = true;
    BatchMemory empty;
    empty.data = idle_memory_;
    empty.sync = false;
    auto outcome = std::make_shared<Appender::Outcome>();
    const bool taken = appends_->submit(
        [this, outcome, task = task_of(empty, kIdleMark)] { *outcome = appender_.append(task); },
        [this, outcome] {
            idle_in_flight_ = false;
            stats_.idle_marks++;
            if (failure_.ok()) failure_ = outcome->status;
        });
    ZB_CHECK(taken);
}

// The next spare is to be ready when this segment is half full.
void Journal::hurry_spares() {
    if (spares_.ready() > 0) return;
    const double used =
        static_cast<double>(position_) / static_cast<double>(segments_.back().bytes);
    const double filled =
        static_cast<double>(spares_.filled()) / static_cast<double>(segment_bytes_);
    if (pending_)
        spares_.pump(Spares::Hurry::kNow);
    else
        spares_.pump(filled < 2 * used ? Spares::Hurry::kSoon : Spares::Hurry::kNone);
}

bool Journal::read(Place place, char* into, Done done) {
    auto status = std::make_shared<Status>();
    const bool taken =
        reads_->submit([this, status, place, into] { *status = reader_.read(place, into); },
                       [this, status, done = std::move(done)] {
                           stats_.reads++;
                           if (!status->ok()) stats_.reads_failed++;
                           done(*status);
                       });
    if (!taken) stats_.reads_refused++;
    return taken;
}

bool Journal::read_heads(std::vector<Place> places, std::function<void(Heads)> done) {
    auto heads = std::make_shared<Heads>();
    return reads_->submit(
        [this, heads, places = std::move(places)] {
            for (const Place& place : places)
                heads->push_back(reader_.head_of(place));
        },
        [heads, done = std::move(done)] { done(std::move(*heads)); });
}

void Journal::drop(uint64_t segment) {
    const auto at = std::find_if(segments_.begin(), segments_.end(),
                                 [&](const SegmentInfo& each) { return each.segment == segment; });
    ZB_CHECK(at != segments_.end() && at->sealed, segment);
    const uint64_t bytes = at->bytes;
    const auto bound = bounds_.begin() + (at - segments_.begin());
    const Bound was = *bound;
    segments_.erase(at);
    bounds_.erase(bound);
    store_file_.drop(segment, was, segments_.front().segment);
    stats_.drops++;
    scrub_.on_dropped(segment);
    digests_.drop(segment);
    // Refused where many reads wait: then the file is closed when others push it out.
    (void)reads_->submit([this, segment] { reader_.forget(segment); }, nullptr);
    spares_.drop({segment, bytes, store_file_.text()});
}

bool Journal::scrub(uint64_t segment, std::function<void(const Scrubbed&)> done) {
    if (scrub_.busy() || closed_) return false;
    for (size_t i = 0; i + 1 < segments_.size(); i++) {
        if (segments_[i].segment != segment || !segments_[i].sealed) continue;
        const std::optional<Bound> end = end_of(i);
        if (!end) return false;
        scrub_.begin(
            {segment, folder_ + "/" + segment_name(segment), bounds_[i], *end, store_file_.lost},
            std::move(done));
        return true;
    }
    return false;
}

bool Journal::look_through(uint64_t segment, Look look, std::function<void(Status)> done) {
    for (size_t i = 0; i < segments_.size() && !closed_; i++) {
        if (segments_[i].segment != segment) continue;
        LookTarget target{segment, segments_[i].bytes, bounds_[i].first, {}};
        if (!segments_[i].sealed)
            target.until = i + 1 == segments_.size() ? position_ : segments_[i].bytes;
        else if (const auto end = end_of(i))
            target.sealed = {segment, bounds_[i], *end};
        return digests_.look_through(target, std::move(look), std::move(done));
    }
    return false;
}

// Where the segment behind this one begins. None: nobody knows, or where this one does.
std::optional<Bound> Journal::end_of(size_t of) const {
    const uint64_t behind = segments_[of].segment + 1;
    const auto dropped = store_file_.dropped.find(behind);
    if (dropped == store_file_.dropped.end() && segments_[of + 1].segment != behind)
        return std::nullopt;
    const Bound end = dropped == store_file_.dropped.end() ? bounds_[of + 1] : dropped->second;
    if (number(end.first) == 0 || number(bounds_[of].first) == 0) return std::nullopt;
    return end;
}

void Journal::make_digest(size_t of, Digests::Hurry hurry,
                          std::optional<CollectedBatches> collected) {
    if (const std::optional<Bound> end = end_of(of))
        digests_.make({segments_[of].segment, bounds_[of], *end}, hurry, std::move(collected));
}

// Of segments that had to be read, and of the one that this start has sealed.
void Journal::make_wanted_digests(bool began_fresh) {
    std::set<uint64_t> wanted(found_.digests.wanted.begin(), found_.digests.wanted.end());
    if (began_fresh && segments_.size() > 1) wanted.insert(segments_[segments_.size() - 2].segment);
    for (const Loss& loss : store_file_.lost)
        wanted.erase(loss.segment);  // it is not whole
    for (size_t i = 0; i + 1 < segments_.size(); i++) {
        if (wanted.contains(segments_[i].segment)) make_digest(i, Digests::Hurry::kNone, {});
    }
}

size_t Journal::run_done() {
    return appends_->run_done() + reads_->run_done() + spares_.run_done() + digests_.run_done();
}

// Written and synced when it returns. REQUIRES: nothing is in flight.
Status Journal::append_now(RecordType type, uint16_t flags) {
    std::string payload;
    append_varint(payload, epoch_);
    std::string body;
    append_record(body, type, 1, payload);
    char memory[kSectorBytes];
    ZB_CHECK(BatchMemory::capacity_for(body.size()) == kSectorBytes);
    std::copy(body.begin(), body.end(), memory + kBatchHeadBytes);
    BatchMemory batch;
    batch.data = memory;
    batch.body_bytes = body.size();
    batch.records = 1;
    const Appender::Task task = task_of(batch, flags);
    const auto outcome = appender_.append(task);
    failure_ = outcome.status;
    if (failure_.ok()) synced_ = task.header.seq;
    return failure_;
}

Status Journal::close() {
    if (closed_) return failure_;
    idle_timer_.cancel();
    scrub_.stop();
    spares_.finish();
    digests_.finish();
    appends_->finish();
    reads_->finish();
    closed_ = true;
    idle_timer_.cancel();
    if (pending_) {
        return {Code::kNoSpace,
                "the journal in " + folder_ + " ends with a batch that waits for room on the disk"};
    }
    ZB_CHECK(!busy_);
    if (!failure_.ok()) return failure_;
    auto status = append_now(RecordType::kCleanStop, kCleanStop);
    appender_.end();
    return status;
}

}  // namespace zbridge::durable

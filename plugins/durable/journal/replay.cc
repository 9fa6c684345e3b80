#include "plugins/durable/journal/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "plugins/durable/record.h"

namespace zbridge::durable {

namespace {

Seq before(Seq seq) {
    return Seq{number(seq) - 1};
}

}  // namespace

Status Replay::run() {
    found_.segments = folder_.segments.size();
    look_beyond();
    if (auto status = check_below(); !status.ok()) return status;
    auto status = folder_.segments.empty() ? begin_nothing() : begin_oldest();
    if (!status.ok()) return status;
    while (!ended_ && status.ok())
        status = step();
    return status;
}

// What is wrong without a batch of the replay being lost for it.
Status Replay::check_below() {
    if (folder_.store_file_damaged) {
        auto status = remark(folder_.file(StoreFile::kName) +
                             " is damaged: it was made again from the segments");
        if (!status.ok()) return status;
    }
    for (const FolderSegment& each : folder_.segments) {
        if (each.header || each.number == folder_.segments.back().number) continue;
        auto status = remark(folder_.segment_file(each.number) + ": its header is damaged");
        if (!status.ok()) return status;
    }
    return {};
}

// There is no segment.
Status Replay::begin_nothing() {
    ended_ = true;
    end_.next = std::max(next_, next(covered_));
    const bool was_here =
        folder_.as_stored || folder_.store_file_damaged || !folder_.digests.empty();
    if (!was_here) return {};
    Damage all{folder_.path, 0, next_, {}, "all its segments are missing", false};
    if (covered_ >= next_) all.last = covered_;
    return damage(std::move(all), 0);
}

Status Replay::begin_oldest() {
    const FolderSegment& oldest = folder_.segments[0];
    if (oldest.header) next_ = oldest.header->first;
    uint64_t missing = folder_.store_file.from;
    while (missing < oldest.number && folder_.store_file.dropped.contains(missing))
        missing++;
    if (missing < oldest.number) {
        const std::optional<Bound> bound = folder_.bound_of(missing);
        auto status = damage({folder_.segment_file(missing), 0, bound ? bound->first : Seq{1},
                              before(next_), "the file is missing", false},
                             missing);
        if (!status.ok()) return status;
    }
    if (auto status = enter(0); !status.ok()) return status;
    if (oldest.header) {
        prev_crc_ = oldest.header->prev_crc;
        return {};
    }
    // Its header is gone: its first whole batch tells where the log begins.
    const auto ahead = look_ahead(*bytes_, here(), std::nullopt);
    if (!ahead.ok()) return ahead.error();
    if (*ahead) next_ = (*ahead)->seq;
    return {};
}

Status Replay::enter(size_t index) {
    index_ = index;
    position_ = kSegmentHeadBytes;
    auto bytes = SegmentBytes::open(disk_, file(), *folder_.store,
                                    options_.accept_loss || !folder_.store_file.lost.empty());
    if (!bytes.ok()) return std::move(bytes).error();
    bytes_.emplace(*std::move(bytes));
    return {};
}

Status Replay::step() {
    const std::optional<Bound> bound = folder_.bound_of(segment().number + 1);
    if (!is_last() && bound && position_ == bound->prev_end && next_ == bound->first) {
        if (prev_crc_ && *prev_crc_ != bound->prev_crc) {
            auto status =
                damage({file(), position_, before(next_), before(next_),
                        "the segment behind it follows another batch than this one", false},
                       segment().number);
            if (!status.ok()) return status;
        }
        return go_on();
    }
    if (!is_last() && bound && position_ == kSegmentHeadBytes) {
        if (auto digest = usable_digest()) return take(*std::move(digest));
    }
    const auto batch = bytes_->batch_at(position_);
    if (!batch.ok()) return batch.error();
    const auto& header = batch->header;
    const bool fits = batch->whole && header->segment == segment().number && header->seq == next_ &&
                      (!prev_crc_ || *prev_crc_ == header->prev_crc);
    return fits ? accept(*batch) : judge(*batch);
}

Status Replay::accept(const SegmentBytes::Batch& batch) {
    const BatchHeader& header = *batch.header;
    Held held;
    held.batch = {
        header.seq,     {segment().number, static_cast<uint32_t>(position_), header.body_bytes},
        header.time_us, header.flags,
        header.records, {}};
    held.kept = held_bytes_ + batch.body.size() <= kHeldBytesMax;
    if (held.kept) {
        held.body = batch.body;
        held_bytes_ += held.body.size();
    }
    held_.push_back(std::move(held));
    found_.last = header.seq;
    note_life(header.flags, batch.body);
    prev_crc_ = header.body_crc;
    next_ = next(next_);
    position_ += header.padded_bytes();
    return prove(std::max(header.synced, covered_));
}

void Replay::note_life(uint16_t flags, std::string_view body) {
    clean_stop_ = (flags & kCleanStop) != 0;
    if ((flags & kFirstAfterOpen) == 0) return;
    const auto record = record_at(body, 0);
    epoch_.reset();
    if (!record || record->type != RecordType::kEpoch) return;
    std::string_view payload = record->payload;
    epoch_ = take_varint(payload);
}

// No batch `next_` stands here.
Status Replay::judge(const SegmentBytes::Batch& batch) {
    if (is_last()) return judge_end(batch);
    const std::optional<Bound> bound = folder_.bound_of(segment().number + 1);
    if (bound && bound->first == next_) return go_on();
    if (bound && bound->first < next_) {
        return {Code::kInvalid,
                fmt::format(
                    "{}, offset {}: batch {} stands before a segment that begins with {}: these "
                    "segments are not of one log",
                    file(), position_, number(next_) - 1, number(bound->first))};
    }
    const auto ahead =
        look_ahead(*bytes_, here(), bound ? std::optional(bound->first) : std::nullopt);
    if (!ahead.ok()) return ahead.error();
    if (*ahead) return take_up(**ahead, "whole batches follow");
    if (!bound) return go_on();  // it may well end here: the next one tells
    auto status =
        damage({file(), position_, next_, before(bound->first),
                fmt::format("the next segment begins with batch {}", number(bound->first)), false},
               segment().number);
    if (bound->prev_end > position_) found_.damage.back().bytes = bound->prev_end - position_;
    next_ = bound->first;
    prev_crc_ = bound->prev_crc;
    return status.ok() ? go_on() : status;
}

Status Replay::judge_end(const SegmentBytes::Batch& batch) {
    auto witness = witness_of_end(batch);
    if (!witness.ok()) return std::move(witness).error();
    if (witness->empty()) return beyond_ ? miss_behind() : end_here(false);

    const auto ahead = look_ahead(*bytes_, here(), std::nullopt);
    if (!ahead.ok()) return ahead.error();
    if (*ahead) return take_up(**ahead, *witness);
    const Seq highest = std::max(highest_seen_, covered_);
    auto status =
        damage({file(), position_, next_, highest >= next_ ? std::optional(highest) : std::nullopt,
                *witness, false},
               segment().number);
    if (!status.ok()) return status;
    next_ = std::max(next_, next(highest));  // a number that was given is not given again
    return end_here(true);
}

// A sentence on why batch `next_` must have been durable; empty: nothing says so.
Result<std::string> Replay::witness_of_end(const SegmentBytes::Batch& batch) {
    const auto witness = find_witness(*bytes_, here());
    if (!witness.ok()) return witness.error();
    highest_seen_ = witness->highest;
    if (witness->first) {
        return fmt::format("batch {} at offset {} says that they were durable",
                           number(witness->first->seq), witness->first->position);
    }
    if (covered_ >= next_)
        return fmt::format("{} has them, up to batch {}", folder_.digest_file(beyond_->segment),
                           number(covered_));
    const auto& header = batch.header;
    if (header && !batch.whole && (header->flags & kCleanStop) != 0 &&
        header->segment == segment().number && header->seq == next_)
        return std::string("it is the mark of an end in order, whose body is damaged");
    // Only of a life that had a journal: its beginning was seen.
    if (options_.clean_epoch && options_.clean_epoch == epoch_ && !clean_stop_)
        return std::string("the journal was ended in order, and its last batch would say so");
    return std::string();
}

// Goes on behind what is lost.
Status Replay::take_up(const BatchAhead& ahead, std::string witness) {
    Damage lost{file(), position_, next_, before(ahead.seq), std::move(witness), false};
    if (ahead.seq == next_) {  // it is there, but follows another batch than the one before
        lost.first = before(next_);
        lost.last = lost.first;
    }
    lost.bytes = ahead.position - position_;
    auto status = damage(std::move(lost), segment().number);
    position_ = ahead.position;
    next_ = ahead.seq;
    prev_crc_.reset();
    return status;
}

// To the next segment that is there.
Status Replay::go_on() {
    const uint64_t here = segment().number;
    const FolderSegment& following = folder_.segments[index_ + 1];
    bool missing = false;
    for (uint64_t gap = here + 1; gap < following.number; gap++)
        missing = missing || !folder_.store_file.dropped.contains(gap);
    if (following.header) {
        const Seq first = following.header->first;
        if (first < next_)
            return {Code::kInvalid,
                    fmt::format("{} begins with batch {}, though {} stands before it: "
                                "these segments are not of one log",
                                folder_.segment_file(following.number), number(first),
                                number(next_) - 1)};
        if (first > next_ && missing) {
            auto status = damage({folder_.segment_file(here + 1), 0, next_, before(first),
                                  "the file is missing, and segments follow it", false},
                                 here + 1);
            if (!status.ok()) return status;
        }
        // The segment behind exists, so this one was synced: all of it is proven.
        if (auto status = prove(before(first)); !status.ok()) return status;
        next_ = first;
        prev_crc_ = following.header->prev_crc;
    } else if (auto status = prove(before(next_)); !status.ok()) {
        return status;
    }
    return enter(index_ + 1);
}

Status Replay::end_here(bool lost) {
    ended_ = true;
    const auto& header = segment().header;
    const bool in_order = clean_stop_ && !lost;
    const bool headless = !header && position_ == kSegmentHeadBytes;  // and nothing follows
    if (headless) position_ = 0;
    const auto remains = end_of_remains(*bytes_, here());
    if (!remains.ok()) return remains.error();
    end_ = {segment().number,
            position_,
            *remains,
            next_,
            prev_crc_.value_or(0),
            in_order && header && *remains == position_};
    found_.end = in_order ? Found::End::kCleanStop : Found::End::kUnclean;
    const uint64_t missing =
        header && header->file_bytes > segment().bytes ? header->file_bytes - segment().bytes : 0;
    if (headless || (!in_order && (*remains > position_ || missing > 0))) {
        found_.end = Found::End::kTorn;
        found_.cut = {file(), position_, *remains - position_, missing,
                      !header || header->reused_from != 0};
    }
    if (header || headless) return {};
    return remark(file() + ": its header is damaged");
}

Status Replay::damage(Damage damage, uint64_t segment) {
    const Loss loss{segment, static_cast<uint32_t>(damage.position), damage.first};
    damage.accepted = folder_.store_file.lost.contains(loss);
    found_.damage.push_back(damage);
    if (!damage.accepted) losses_.push_back(loss);
    if (options_.strict)
        return {Code::kInvalid, damage.sentence() + ". Refused, because --strict was given"};
    if (damage.accepted || options_.accept_loss) return {};
    return {Code::kInvalid,
            damage.sentence() +
                ". To start with what is left, at the cost of what is lost: --accept-loss"};
}

Status Replay::remark(std::string sentence) {
    found_.remarks.push_back(sentence);
    if (!options_.strict) return {};
    return {Code::kInvalid, std::move(sentence) + ". Refused, because --strict was given"};
}

// All up to `seq` are on the disk for certain: they may be seen.
Status Replay::prove(Seq seq) {
    found_.proven = std::max(found_.proven, seq);
    while (!held_.empty() && held_.front().batch.seq <= seq) {
        if (auto status = hand_out(held_.front()); !status.ok()) return status;
        held_.pop_front();
    }
    return {};
}

std::vector<Place> Replay::unproven() const {
    std::vector<Place> places;
    for (const Held& held : held_)
        places.push_back(held.batch.place);
    return places;
}

Status Replay::visit_rest() {
    return held_.empty() ? Status() : prove(held_.back().batch.seq);
}

Status Replay::hand_out(Held& held) {
    if (!held.kept) {
        const auto batch = bytes_->batch_at(held.batch.place.position);
        if (!batch.ok()) return batch.error();
        if (!batch->whole || batch->header->seq != held.batch.seq)
            return {Code::kIo, fmt::format("{}, offset {}: it reads otherwise than a moment ago",
                                           file(), held.batch.place.position)};
        held.body = batch->body;
    } else {
        held_bytes_ -= held.body.size();
    }
    held.batch.body = held.body;
    return visit(held.batch);
}

Status Replay::visit(const ReplayedBatch& batch) {
    if (options_.skip == batch.seq) {
        found_.skipped = batch.seq;
        return {};
    }
    found_.batches++;
    found_.bytes += BatchMemory::capacity_for(batch.place.body_bytes);
    auto status = visit_(batch);
    if (status.ok()) return status;
    return std::move(status).with_context(fmt::format(
        "{}, offset {}", folder_.segment_file(batch.place.segment), batch.place.position));
}

}  // namespace zbridge::durable

// What digests do for a replay: they are read in place of sealed segments, and they are witnesses.
#include <algorithm>
#include <utility>

#include "plugins/durable/journal/replay.h"

namespace zbridge::durable {

// Is there a digest that knows of more than the last segment?
void Replay::look_beyond() {
    const uint64_t last = folder_.segments.empty() ? 0 : folder_.segments.back().number;
    for (const uint64_t segment : folder_.digests) {
        const bool dropped =
            segment < folder_.store_file.from || folder_.store_file.dropped.contains(segment);
        if (segment < last || dropped) continue;
        const auto digest =
            SegmentDigest::load(disk_, folder_.digest_file(segment), *folder_.store);
        if (!digest.ok() || digest->head().segment != segment) continue;
        beyond_ = digest->head();
        covered_ = std::max(covered_, beyond_->last());
    }
}

// The digest of this segment, if it goes on where the log is.
std::optional<SegmentDigest> Replay::usable_digest() {
    const auto& header = segment().header;
    if (!options_.digests || options_.strict) return std::nullopt;
    auto& its = found_.digests;
    auto digest = folder_.digest_of(disk_, segment());
    if (digest.ok() && header->first == next_ && prev_crc_ == header->prev_crc) {
        its.used++;
        return *std::move(digest);
    }
    // One that is not whole, as was accepted, never has one.
    const auto& lost = folder_.store_file.lost;
    if (std::any_of(lost.begin(), lost.end(),
                    [&](const Loss& each) { return each.segment == segment().number; }))
        return std::nullopt;
    its.wanted.push_back(segment().number);
    if (its.why.empty() && !digest.ok() && digest.error().code() != Code::kNotFound)
        its.why = digest.error().message();
    return std::nullopt;
}

// In place of all of this segment. There is one behind it, so it was synced: all of it is proven.
Status Replay::take(SegmentDigest digest) {
    while (const auto batch = digest.next()) {
        ReplayedBatch replayed;
        replayed.seq = batch->seq;
        replayed.place = batch->place;
        replayed.flags = batch->flags;
        replayed.body = batch->body;
        note_life(batch->flags, batch->body);
        if (const size_t its = BatchMemory::capacity_for(batch->place.body_bytes);
            batch->place.position + its > segment().bytes)
            miss_messages(digest, replayed);
        if (auto status = visit(replayed); !status.ok()) return status;
    }
    position_ = digest.head().end;
    next_ = next(digest.head().last());
    prev_crc_ = digest.head().last_crc;
    found_.last = digest.head().last();
    found_.proven = std::max(found_.proven, found_.last);
    return {};
}

// The segment's file ends before this batch does.
void Replay::miss_messages(const SegmentDigest& digest, const ReplayedBatch& batch) {
    const bool more = !found_.damage.empty() && found_.damage.back().messages_only &&
                      found_.damage.back().file == file();
    if (more) return;
    Damage damage{file(),
                  batch.place.position,
                  batch.seq,
                  digest.head().last(),
                  "the file ends before them, and its digest has the rest",
                  false};
    damage.messages_only = true;
    found_.damage.push_back(std::move(damage));
}

// The last segment has its digest: so another one was begun behind it.
Status Replay::miss_behind() {
    const uint64_t missing = beyond_->segment + 1;
    Damage all{folder_.segment_file(missing), 0, next_, {}, "", false};
    all.witness = "the file is missing: the one before it has a digest, so it was there";
    auto status = damage(std::move(all), missing);
    return status.ok() ? end_here(true) : status;
}

}  // namespace zbridge::durable

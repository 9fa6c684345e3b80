// Reads the log to its end, and judges what is no batch: the end, a torn tail, or damage.
//
//   at position p batch n is expected:
//     a header of this store, segment, seq n, the chain and the body's sum right    accepted
//     the next segment begins with n, and says that this one ends at p               go on there
//     the segment begins, is sealed, and has a digest that fits both ends            taken instead
//     anything else, and a witness says that n had been durable                      damage
//     anything else                                                                  the end
//
//   witnesses: a header further on with seq > n that had known n to be durable; a later segment
//   that begins above n; a digest; a CLEAN_STOP; the data directory's mark of an end in
//   order.
//
// Thread:  one; it blocks. Nothing is changed on the disk.
// Promise: batches come in order, each checked, and none that may only be in a page cache: those
//          wait in unproven() until visit_rest().
// Failure: kInvalid: damage that was not accepted; kIo; or what the visitor said. What the visitor
//          was given is to be thrown away then.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "plugins/durable/journal/folder.h"
#include "plugins/durable/journal/found.h"
#include "plugins/durable/journal/remains.h"

namespace zbridge::durable {

struct ReplayedBatch {
    Seq seq{};
    Place place;
    int64_t time_us = 0;
    uint16_t flags = 0;     // BatchFlag
    uint32_t records = 0;   // 0 where a digest was read, as is time_us
    std::string_view body;  // for the time of the call; shortened, where a digest was read
};

struct ReplayOptions {
    // The life of this epoch ended in order, as the data directory says.
    std::optional<uint64_t> clean_epoch;
    bool accept_loss = false;
    bool strict = false;      // refuse whatever is not as it should be
    bool digests = false;     // are read in place of their segments; never where `strict`
    std::optional<Seq> skip;  // this batch is not handed out
};

class Replay {
 public:
    using Visit = std::function<Status(const ReplayedBatch&)>;
    // Bodies that are kept in memory while they are not known to be durable; others are read again.
    static constexpr size_t kHeldBytesMax = 16 << 20;

    struct End {
        uint64_t segment = 0;  // 0: there is none
        uint64_t position = 0;
        uint64_t remains_end = 0;  // of what stands behind `position` and is no zero
        Seq next{1};
        uint32_t prev_crc = 0;
        bool may_go_on = false;  // it ended in order, with nothing but zeros or old batches behind
    };

    // All outlive it. REQUIRES: folder.store.
    Replay(Disk& disk, const Folder& folder, const ReplayOptions& options, Visit visit)
        : disk_(disk), folder_(folder), options_(options), visit_(std::move(visit)) {}

    Status run();
    // Places of what is at the end of the last segment and may only be in a page cache, in order.
    std::vector<Place> unproven() const;
    Status visit_rest();

    const End& end() const { return end_; }
    Found& found() { return found_; }
    // What was newly accepted as lost.
    const std::vector<Loss>& losses() const { return losses_; }

 private:
    struct Held {
        ReplayedBatch batch;
        std::string body;
        bool kept = false;
    };

    void look_beyond();
    Status check_below();
    Status begin_nothing();
    Status begin_oldest();
    Status step();
    std::optional<SegmentDigest> usable_digest();
    Status take(SegmentDigest digest);
    void miss_messages(const SegmentDigest& digest, const ReplayedBatch& batch);
    Status miss_behind();
    Status accept(const SegmentBytes::Batch& batch);
    void note_life(uint16_t flags, std::string_view body);
    Status judge(const SegmentBytes::Batch& batch);
    Status judge_end(const SegmentBytes::Batch& batch);
    Status go_on();
    Status enter(size_t index);
    Status end_here(bool lost);
    Result<std::string> witness_of_end(const SegmentBytes::Batch& batch);
    Status take_up(const BatchAhead& ahead, std::string witness);
    Status damage(Damage damage, uint64_t segment);
    Status remark(std::string sentence);
    Status prove(Seq seq);
    Status hand_out(Held& held);
    Status visit(const ReplayedBatch& batch);

    const FolderSegment& segment() const { return folder_.segments[index_]; }
    bool is_last() const { return index_ + 1 == folder_.segments.size(); }
    Gap here() const { return {segment().number, position_, next_}; }
    std::string file() const { return folder_.segment_file(segment().number); }

    Disk& disk_;
    const Folder& folder_;
    const ReplayOptions& options_;
    Visit visit_;

    size_t index_ = 0;  // of the segment that is read
    std::optional<SegmentBytes> bytes_;
    uint64_t position_ = 0;
    Seq next_{1};
    std::optional<uint32_t> prev_crc_;  // none: not known
    bool ended_ = false;
    bool clean_stop_ = false;        // the batch before was one
    std::optional<uint64_t> epoch_;  // of the last life that was seen to begin
    Seq highest_seen_{};             // of headers that are no batches any more
    Seq covered_{};                  // all up to this one had been durable, as a digest says
    // The digest of the last segment, or of one behind it: it was sealed, so another was there.
    std::optional<DigestHead> beyond_;

    std::deque<Held> held_;
    size_t held_bytes_ = 0;
    End end_;
    Found found_;
    std::vector<Loss> losses_;
};

}  // namespace zbridge::durable

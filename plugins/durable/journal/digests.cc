#include "plugins/durable/journal/digests.h"

#include <utility>

#include "bridge/base/check.h"
#include "plugins/durable/journal/remains.h"
#include "plugins/durable/journal/segment_header.h"

namespace zbridge::durable {

namespace {

Status look_through_segment(Disk& disk, const std::string& folder, const StoreId& store,
                            const LookTarget& target, const Look& look) {
    auto bytes = SegmentBytes::open(disk, folder + "/" + segment_name(target.segment), store, true);
    if (!bytes.ok()) return std::move(bytes).error();
    Gap here{target.segment, kSegmentHeadBytes, target.first};
    while (here.position < target.until) {
        const auto batch = bytes->batch_at(here.position);
        if (!batch.ok()) return batch.error();
        const auto& header = batch->header;
        if (batch->whole && header->segment == here.segment && header->seq >= here.expected) {
            look({here.segment, static_cast<uint32_t>(here.position), header->body_bytes},
                 batch->body);
            here.position += header->padded_bytes();
            here.expected = next(header->seq);
            continue;
        }
        const auto ahead = look_ahead(*bytes, here, std::nullopt);
        if (!ahead.ok()) return ahead.error();
        if (!*ahead) return {};
        here.position = (*ahead)->position;
        here.expected = (*ahead)->seq;
    }
    return {};
}

}  // namespace

Digests::Digests(Options options, Disk& disk, std::unique_ptr<Executor> helper, Timers& timers,
                 const Clock& clock)
    : options_(std::move(options)),
      disk_(disk),
      clock_(clock),
      timer_(timers, [this] { next(); }),
      helper_(std::move(helper)) {}

void Digests::make(const SealedSegment& sealed, Hurry hurry,
                   std::optional<CollectedBatches> collected) {
    if (!options_.shorten || stopped_) return;
    Run run;
    run.sealed = sealed;
    run.hurry = hurry;
    if (waiting_.size() < kCollectedMax) run.collected = std::move(collected);
    waiting_.push_back(std::move(run));
    next();
}

void Digests::drop(uint64_t segment) {
    if (!options_.shorten || stopped_) return;
    std::erase_if(waiting_, [&](const Run& each) { return each.sealed.segment == segment; });
    if (run_ && run_->sealed.segment == segment) run_->dropped = true;
    drops_.push_back(segment);
    next();
}

bool Digests::look_through(const LookTarget& target, Look look, std::function<void(Status)> done) {
    auto status = std::make_shared<Status>();
    return helper_->submit(
        [&disk = disk_, folder = options_.folder, store = options_.store, status, target,
         look = std::move(look), digests = options_.shorten != nullptr] {
            if (digests && target.sealed) {
                auto digest =
                    SegmentDigest::load(disk, folder + "/" + digest_name(target.segment), store);
                if (digest.ok() && digest->head() == DigestHead::of(store, *target.sealed)) {
                    while (const auto batch = digest->next())
                        look(batch->place, batch->body);
                    return;
                }
            }
            *status = look_through_segment(disk, folder, store, target, look);
        },
        [status, done = std::move(done)] { done(*status); });
}

void Digests::finish() {
    stopped_ = true;
    timer_.cancel();
    helper_->finish();
}

void Digests::next() {
    if (working_ || stopped_) return;
    if (run_ && run_->dropped) run_.reset();
    if (!drops_.empty()) {
        const uint64_t segment = drops_.front();
        drops_.pop_front();
        return remove(segment);
    }
    if (timer_.armed()) return;
    if (!run_ && !waiting_.empty()) {
        run_ = std::make_shared<Run>(std::move(waiting_.front()));
        waiting_.pop_front();
        run_->writer =
            std::make_unique<DigestWriter>(disk_, options_.folder, options_.store, run_->sealed,
                                           options_.shorten, std::move(run_->collected));
    }
    if (run_) step();
}

void Digests::step() {
    working_ = true;
    const bool taken =
        helper_->submit([run = run_] { run->done = run->writer->step(); }, [this] { on_step(); });
    ZB_CHECK(taken);
}

void Digests::on_step() {
    working_ = false;
    const auto& done = run_->done;
    if (!run_->dropped && done.ok() && !*done) {
        if (run_->hurry == Hurry::kNone && !stopped_) timer_.arm(clock_.now() + kPause);
        return next();
    }
    if (!run_->dropped && done.ok()) {
        made_++;
    } else if (!run_->dropped) {
        failed_++;
        failure_ = done.error();
    }
    if (!done.ok() || *done) run_.reset();
    next();
}

// Of a segment that is no more: also what a run has left that was given up.
void Digests::remove(uint64_t segment) {
    working_ = true;
    const std::string path = options_.folder + "/" + digest_name(segment);
    const bool taken = helper_->submit(
        [&disk = disk_, path] {
            // Neither needs to have been there; what stays is removed by the next start.
            (void)disk.remove(path);
            (void)disk.remove(path + std::string(kDigestTemporary));
        },
        [this] {
            working_ = false;
            next();
        });
    ZB_CHECK(taken);
}

}  // namespace zbridge::durable

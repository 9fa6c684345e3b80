#include "plugins/durable/journal/digests.h"

#include <utility>

#include "bridge/base/check.h"

namespace zbridge::durable {

Digests::Digests(Options options, Disk& disk, std::unique_ptr<Executor> helper, Timers& timers,
                 const Clock& clock)
    : options_(std::move(options)),
      disk_(disk),
      clock_(clock),
      timer_(timers, [this] { next(); }),
      helper_(std::move(helper)) {}

void Digests::make(const SealedSegment& sealed, Hurry hurry) {
    if (!options_.shorten || stopped_) return;
    Run run;
    run.sealed = sealed;
    run.hurry = hurry;
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
        run_->writer = std::make_unique<DigestWriter>(disk_, options_.folder, options_.store,
                                                      run_->sealed, options_.shorten);
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

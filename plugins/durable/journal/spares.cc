#include "plugins/durable/journal/spares.h"

#include <algorithm>
#include <utility>

#include "bridge/base/check.h"
#include "plugins/durable/journal/segment_file.h"

namespace zbridge::durable {

namespace {

struct Step {
    uint64_t from = 0;
    bool last = false;  // however much there is to fill
    std::string name;   // of the spare
    std::shared_ptr<File> file;
    Status status;
    bool complete = false;
};

void fill(Disk& disk, const Spares::Options& options, Step& step) {
    const std::string path = options.folder + "/" + std::string(kFillingName);
    const auto run = [&]() -> Status {
        if (!step.file) {
            auto file = disk.open(path, OpenMode::kTruncate);
            if (!file.ok()) return std::move(file).error();
            step.file = *std::move(file);
            if (auto status = step.file->reserve(options.segment_bytes); !status.ok())
                return status;
        }
        if (auto status = fill_step(*step.file, step.from, options.segment_bytes); !status.ok())
            return status;
        if (!step.last) return {};
        if (auto status = step.file->sync_data(); !status.ok()) return status;
        step.file.reset();
        const std::string spare = options.folder + "/" + step.name;
        if (auto status = disk.rename(path, spare); !status.ok()) return status;
        step.complete = true;
        return disk.sync_dir(options.folder);
    };
    step.status = run();
    if (step.status.ok()) return;
    step.file.reset();
    // Gives its room back; where that fails too, the next try begins anew.
    (void)disk.remove(path);
}

Status retire(Disk& disk, const std::string& folder, const Spares::Drop& drop, bool keep) {
    const std::string path = folder + "/" + segment_name(drop.segment);
    const std::string store = folder + "/" + std::string(StoreFile::kName);
    auto status = replace_file(disk, store, drop.store_text);
    if (!status.ok()) return status;
    status = keep ? disk.rename(path, folder + "/" + spare_name(drop.segment)) : disk.remove(path);
    if (!status.ok()) return status;
    return disk.sync_dir(folder);
}

}  // namespace

Spares::Spares(Options options, Disk& disk, std::unique_ptr<Executor> helper, Timers& timers,
               const Clock& clock, std::function<void()> on_ready)
    : options_(std::move(options)),
      disk_(disk),
      clock_(clock),
      on_ready_(std::move(on_ready)),
      timer_(timers, [this] { next(); }),
      helper_(std::move(helper)) {}

void Spares::begin(std::vector<Spare> ready, uint64_t next_fresh) {
    ready_.assign(ready.begin(), ready.end());
    next_fresh_ = next_fresh;
    next();
}

void Spares::pump(Hurry hurry) {
    hurry_ = hurry;
    if (hurry != Hurry::kNone && timer_.armed() && failure_.ok()) {
        timer_.cancel();
        next();
    }
}

std::optional<Spare> Spares::take() {
    if (ready_.empty()) return std::nullopt;
    Spare spare = std::move(ready_.front());
    ready_.pop_front();
    if (!timer_.armed()) next();
    return spare;
}

void Spares::drop(Drop drop) {
    drops_.push_back(std::move(drop));
    next();
}

void Spares::finish() {
    stopped_ = true;
    timer_.cancel();
    helper_->finish();
}

// What is to be done next, if anything: room that comes back goes before room that is taken.
void Spares::next() {
    if (working_ || stopped_) return;
    if (!drops_.empty()) {
        Drop drop = std::move(drops_.front());
        drops_.pop_front();
        recycle(std::move(drop));
    } else if (ready_.empty()) {
        step();
    }
}

void Spares::step() {
    working_ = true;
    auto step = std::make_shared<Step>();
    step->from = filled_;
    step->last = hurry_ == Hurry::kNow || filled_ + kFillStepBytes >= options_.segment_bytes;
    step->name = fresh_name(next_fresh_);
    step->file = std::exchange(filling_, nullptr);
    const bool taken = helper_->submit([this, step] { fill(disk_, options_, *step); },
                                       [this, step] {
                                           filling_ = std::move(step->file);
                                           on_step(step->status, step->complete);
                                       });
    ZB_CHECK(taken);
}

void Spares::on_step(const Status& status, bool complete) {
    working_ = false;
    filled_ = status.ok() && !complete ? filled_ + kFillStepBytes : 0;
    failure_ = status;
    if (status.ok() && complete) {
        hurry_ = Hurry::kNone;
        ready_.push_back({fresh_name(next_fresh_++), 0, options_.segment_bytes});
        on_ready_();
        next();
        return;
    }
    if (stopped_) return;
    if (!status.ok())
        timer_.arm(clock_.now() + kRetry);
    else if (hurry_ == Hurry::kNone)
        timer_.arm(clock_.now() + kStepPause);
    if (!timer_.armed() || !drops_.empty()) next();
}

void Spares::recycle(Drop drop) {
    working_ = true;
    struct Recycled {
        Drop drop;
        Status status;
        std::optional<Spare> spare;
    };
    auto recycled = std::make_shared<Recycled>();
    if (ready_.size() < kSparesMax && drop.bytes == options_.segment_bytes)
        recycled->spare = {spare_name(drop.segment), drop.segment, drop.bytes};
    recycled->drop = std::move(drop);
    const bool taken = helper_->submit(
        [this, recycled] {
            recycled->status =
                retire(disk_, options_.folder, recycled->drop, recycled->spare.has_value());
        },
        [this, recycled] {
            on_recycled(std::move(recycled->drop), recycled->status, std::move(recycled->spare));
        });
    ZB_CHECK(taken);
}

void Spares::on_recycled(Drop drop, const Status& status, std::optional<Spare> spare) {
    working_ = false;
    if (status.code() == Code::kNoSpace && !stopped_) {
        drops_.push_front(std::move(drop));
        drop_failure_ = status;
        timer_.arm(clock_.now() + kRetry);
        return;
    }
    if (!status.ok()) {
        drop_failure_ = status;
    } else if (spare) {
        ready_.push_back(*std::move(spare));
        failure_ = {};
        on_ready_();
    }
    // A pause goes on; a try that failed for want of room may do now.
    if (timer_.armed() && failure_.ok() && drops_.empty()) return;
    timer_.cancel();
    next();
}

}  // namespace zbridge::durable

#include "plugins/durable/journal/scrub.h"

#include <optional>
#include <utility>

#include "bridge/base/check.h"
#include "plugins/durable/journal/segment_bytes.h"

namespace zbridge::durable {

// What a step works on; between two steps, what the reactor looks at.
struct Scrub::Run {
    Status open(Disk& disk, const StoreId& store) {
        auto opened = SegmentBytes::open(disk, target.path, store, true);
        if (!opened.ok()) return std::move(opened).error();
        bytes.emplace(*std::move(opened));
        bytes->forget_cached();
        return {};
    }

    void work(Disk& disk, const StoreId& store) {
        if (!bytes) scrubbed.status = open(disk, store);
        const uint64_t until = position + kStepBytes;
        while (scrubbed.status.ok() && position < std::min<uint64_t>(until, target.end.prev_end))
            scrubbed.status = look();
        ended = !scrubbed.status.ok() || position >= target.end.prev_end;
        if (ended && scrubbed.status.ok()) lose_until(target.end.first);
        if (ended && bytes) bytes->forget_cached();  // it was read for nobody
    }

    // At what stands at `position`.
    Status look() {
        const auto batch = bytes->batch_at(position);
        if (!batch.ok()) return batch.error();
        const auto& header = batch->header;
        if (!batch->whole || header->segment != target.segment || header->seq < expected ||
            header->seq >= target.end.first) {
            if (!lost_at) lost_at = position;
            position += kSectorBytes;
            return {};
        }
        lose_until(header->seq);
        scrubbed.batches++;
        expected = next(header->seq);
        position += header->padded_bytes();
        return {};
    }

    // What stands before `seq` should have been there.
    void lose_until(Seq seq) {
        const uint64_t at = lost_at.value_or(position);
        lost_at.reset();
        if (seq <= expected) return;
        Damage damage{target.path, at, expected, Seq{number(seq) - 1}, "it was sealed with them",
                      false};
        damage.accepted = target.known.contains(
            {target.segment, static_cast<uint32_t>(damage.position), damage.first});
        scrubbed.damage.push_back(std::move(damage));
    }

    Target target;
    Done done;
    std::optional<SegmentBytes> bytes;
    uint64_t position = kSegmentHeadBytes;
    Seq expected{};
    std::optional<uint64_t> lost_at;
    bool ended = false;
    Scrubbed scrubbed;
};

Scrub::Scrub(Disk& disk, const StoreId& store, Executor& reads, Timers& timers, const Clock& clock)
    : disk_(disk), store_(store), reads_(reads), clock_(clock), timer_(timers, [this] {
          step();
      }) {}

Scrub::~Scrub() = default;

void Scrub::begin(Target target, Done done) {
    ZB_CHECK(!busy());
    run_ = std::make_shared<Run>();
    run_->scrubbed.segment = target.segment;
    run_->expected = target.begin.first;
    run_->target = std::move(target);
    run_->done = std::move(done);
    step();
}

void Scrub::step() {
    if (!run_) return;
    const auto run = run_;
    // `disk` and `store` by themselves: the work may outlive this object.
    const bool taken =
        reads_.submit([run, &disk = disk_, store = store_] { run->work(disk, store); },
                      [this, run] {
                          if (run != run_) return;  // stopped meanwhile
                          if (run->ended)
                              end();
                          else
                              timer_.arm(clock_.now() + kPause);
                      });
    if (!taken) timer_.arm(clock_.now() + kPause);  // reads that someone waits for go first
}

void Scrub::on_dropped(uint64_t segment) {
    if (!run_ || run_->target.segment != segment) return;
    timer_.cancel();
    const auto run = std::exchange(run_, nullptr);  // a step may be at work on it
    run->done({segment, 0, {}, Status(Code::kNotFound, run->target.path + " was dropped")});
}

void Scrub::end() {
    const auto run = std::exchange(run_, nullptr);
    run->done(run->scrubbed);
}

}  // namespace zbridge::durable

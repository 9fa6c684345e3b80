#include "plugins/durable/log.h"

#include <algorithm>
#include <utility>

namespace zbridge::durable {

namespace {

// An executor of the host's, as long as the journal needs it.
class Lent final : public Executor {
 public:
    explicit Lent(Executor& its) : its_(its) {}
    // What was accepted runs; nobody is told any more.
    ~Lent() override {
        *alive_ = false;
        its_.finish();
    }
    Lent(const Lent&) = delete;
    Lent& operator=(const Lent&) = delete;

    bool submit(Work work, Done done) override {
        const bool taken =
            its_.submit(std::move(work), [this, alive = alive_, done = std::move(done)] {
                if (!*alive) return;
                tasks_--;
                if (done) done();
            });
        if (taken) tasks_++;
        return taken;
    }
    size_t run_done() override { return its_.run_done(); }
    void finish() override { its_.finish(); }
    size_t tasks() const override { return tasks_; }
    void hurry(Duration most) override { its_.hurry(most); }
    Duration hurries() const override { return its_.hurries(); }

 private:
    Executor& its_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
    size_t tasks_ = 0;
};

JournalOptions journal_options(const LogOptions& options, uint64_t epoch) {
    JournalOptions its;
    its.folder = options.folder;
    its.segment_bytes = options.segment_bytes;
    its.epoch = epoch;
    its.shorten = options.shorten;
    its.replay.accept_loss = options.accept_loss;
    its.replay.strict = options.strict;
    its.replay.clean_epoch = options.clean_epoch;
    if (options.skip) its.replay.skip = Seq{*options.skip};
    return its;
}

}  // namespace

Result<std::unique_ptr<Log>> Log::open(const LogOptions& options, const LogWorld& world,
                                       const Visit& visit) {
    std::unique_ptr<Log> log(new Log(world));
    auto journal = Journal::open(journal_options(options, world.epoch), log->journal_world(),
                                 [&](const ReplayedBatch& batch) {
                                     return visit({batch.seq, batch.place, batch.body});
                                 });
    if (!journal.ok()) return std::move(journal).error();
    log->journal_ = std::move(*journal);
    return log;
}

JournalWorld Log::journal_world() {
    return {*world_.disk, *world_.clock, *world_.random, timers_,
            [this](const ExecutorOptions& options) -> std::unique_ptr<Executor> {
                Executor* its =
                    world_.lend_executor(options.name.c_str(), options.threads, options.tasks_max);
                ZB_CHECK(its != nullptr, options.name);
                lent_.push_back(its);
                return std::make_unique<Lent>(*its);
            }};
}

void Log::set_alarm() {
    const auto due = timers_.next_due();
    if (due) alarm_.set(*due);
}

void Log::run_due() {
    alarm_.rang();
    timers_.run_due(world_.clock->now());
    set_alarm();
}

void Log::finish() {
    for (Executor* each : lent_)
        each->finish();
}

}  // namespace zbridge::durable

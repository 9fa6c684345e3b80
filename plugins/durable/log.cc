#include "plugins/durable/log.h"

#include <cstring>
#include <deque>
#include <utility>

namespace zbridge::durable {

namespace {

// In memory: what it has is gone with it.
class MemoryStore final : public Store {
 public:
    explicit MemoryStore(Executor& executor) : executor_(executor) {}

    size_t body_bytes_max() const override { return 32 << 20; }
    Seq next_seq() const override { return Seq{next_seq_}; }
    bool busy() const override { return busy_; }
    Place append(BatchMemory batch, Done done) override {
        const Place place{1, position_, static_cast<uint32_t>(batch.body_bytes)};
        batches_.emplace_back(position_, std::string(batch.body(), batch.body_bytes));
        position_++;
        next_seq_++;
        busy_ = true;
        ZB_CHECK(executor_.submit([] {},
                                  [this, done = std::move(done)] {
                                      busy_ = false;
                                      done({});
                                  }));
        return place;
    }
    bool read(Place place, char* into, Done done) override {
        const std::string& body = batches_[place.position].second;
        std::memcpy(into, body.data(), body.size());
        return executor_.submit([] {}, [done = std::move(done)] { done({}); });
    }
    std::vector<SegmentInfo> segments() const override { return {}; }
    void drop(uint64_t) override {}
    bool full() const override { return false; }
    const Status& failure() const override { return failure_; }
    Status close() override { return {}; }

 private:
    Executor& executor_;
    bool busy_ = false;
    uint32_t position_ = 0;
    uint64_t next_seq_ = 1;
    std::deque<std::pair<uint32_t, std::string>> batches_;
    Status failure_;
};

class MemoryLog final : public Log {
 public:
    explicit MemoryLog(Executor* executor) : executor_(executor), store_(*executor) {}
    Store& store() override { return store_; }
    const std::vector<std::string>& found() const override { return found_; }
    LogFigures figures() const override { return {}; }
    void run_done() override { (void)executor_->run_done(); }

 private:
    Executor* executor_;
    MemoryStore store_;
    std::vector<std::string> found_;
};

}  // namespace

Result<std::unique_ptr<Log>> open_log(const LogOptions&, const LogWorld& world, const Log::Visit&) {
    return std::unique_ptr<Log>(std::make_unique<MemoryLog>(world.make_executor("journal", 1, 64)));
}

}  // namespace zbridge::durable

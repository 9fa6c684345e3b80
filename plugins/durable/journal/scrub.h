// Reads a sealed segment again and checks each batch: what nobody reads may rot unseen.
//
// Thread:  the reactor; steps run on the readers' executor, between reads.
// Limits:  one segment at a time, kStepBytes a step, a pause of kPause between two: 10 MiB a second.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "bridge/base/disk.h"
#include "bridge/base/executor.h"
#include "bridge/base/timers.h"
#include "plugins/durable/journal/found.h"
#include "plugins/durable/journal/store_file.h"

namespace zbridge::durable {

struct Scrubbed {
    uint64_t segment = 0;
    uint64_t batches = 0;  // that are whole
    std::vector<Damage> damage;
    Status status;  // it could not be opened, or was dropped meanwhile: no more is said
};

class Scrub {
 public:
    static constexpr uint64_t kStepBytes = 1 << 20;
    static constexpr Duration kPause = std::chrono::milliseconds(100);

    using Done = std::function<void(const Scrubbed&)>;
    struct Target {
        uint64_t segment = 0;
        std::string path;
        Bound begin, end;      // of it, and of the segment behind it
        std::set<Loss> known;  // losses that were accepted
    };

    // All outlive it, but for `reads`, whose works end before it goes.
    Scrub(Disk& disk, const StoreId& store, Executor& reads, Timers& timers, const Clock& clock);
    ~Scrub();

    bool busy() const { return run_ != nullptr; }
    // REQUIRES: !busy().
    void begin(Target target, Done done);
    void on_dropped(uint64_t segment);
    void stop() { run_.reset(); }  // its done will not come

 private:
    struct Run;
    void step();
    void end();

    Disk& disk_;
    StoreId store_;
    Executor& reads_;
    const Clock& clock_;
    Timer timer_;
    std::shared_ptr<Run> run_;
};

}  // namespace zbridge::durable

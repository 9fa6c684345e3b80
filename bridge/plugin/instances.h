// All instances of a bridge, from the file to the end: made, given threads, started, turned,
// drained, stopped.
//
// Thread:  the reactor (the main thread before and after it runs).
// Failure: add() and start() say what is wrong, with the place in the file: the bridge then does
//          not start.
// Promise: torn down in reverse order of start; a thread has ended before its instance stops.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bridge/plugin/catalog.h"
#include "bridge/plugin/engine.h"
#include "bridge/plugin/sink_line.h"
#include "bridge/plugin/source_reader.h"
#include "bridge/plugin/step_stage.h"

namespace zbridge::plugin {

class Instances {
 public:
    static constexpr uint32_t kTasksMax =
        10'000;  // of one thread: one of each route that has the step

    // `catalog` and `services` outlive it.
    Instances(Catalog& catalog, Services services, MakeExecutor make_executor);
    ~Instances();
    Instances(const Instances&) = delete;
    Instances& operator=(const Instances&) = delete;

    // `folder`: what a path in `use` is relative to.
    Result<Instance*> add(const InstanceOptions& options, const std::string& folder);
    Instance* find(const std::string& name) const;  // null: none of that name

    // The thread of an instance that is a source, a sink, or a step that may block; made when first
    // asked for.
    Worker& worker_of(Instance& instance);
    Pulse& reactor_pulse() { return reactor_pulse_; }

    // One before the others: what they will need.
    Status start(Instance& instance);
    Status start();
    // Finishes what the threads have done. True: something was.
    bool on_turn();
    void drain(Instant deadline);
    void stop();

    bool empty() const { return instances_.empty(); }
    const std::vector<std::unique_ptr<Instance>>& all() const { return instances_; }
    // For the watchdog. After the last worker_of().
    std::vector<std::pair<const Pulse*, bool>> pulses() const;
    const Services& services() const { return services_; }

 private:
    bool has_worker(const Instance& instance) const;

    Catalog& catalog_;
    Services services_;
    MakeExecutor make_executor_;
    std::vector<std::unique_ptr<Instance>> instances_;
    std::vector<std::unique_ptr<Worker>> workers_;
    Pulse reactor_pulse_;
};

}  // namespace zbridge::plugin

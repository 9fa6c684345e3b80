#include "bridge/plugin/instances.h"

#include <algorithm>

namespace zbridge::plugin {

namespace {

// "shop.yaml:12:5: plugin mask: `fields`: ..."
std::string placed(const InstanceOptions& options, const OptionProblem& problem) {
    return options.file + ":" + std::to_string(problem.line) + ":" +
           std::to_string(problem.column) + ": " + of_instance(options.name, problem.sentence);
}

}  // namespace

Instances::Instances(Catalog& catalog, Services services, MakeExecutor make_executor)
    : catalog_(catalog), services_(std::move(services)), make_executor_(std::move(make_executor)) {}

Instances::~Instances() {
    stop();
    while (!instances_.empty())
        instances_.pop_back();
}

Result<Instance*> Instances::add(const InstanceOptions& options, const std::string& folder) {
    auto declaration = catalog_.declaration(options.use, folder);
    if (!declaration.ok()) {
        return Status(Code::kInvalid, placed(options, {options.line, options.column,
                                                       declaration.error().message()}));
    }
    auto made = Instance::create(**declaration, options, services_);
    if (!made.ok()) {
        std::string all;
        for (const OptionProblem& problem : made.error())
            all += (all.empty() ? "" : "\n") + placed(options, problem);
        return Status(Code::kInvalid, all);
    }
    instances_.push_back(*std::move(made));
    return instances_.back().get();
}

Instance* Instances::find(const std::string& name) const {
    for (const auto& instance : instances_) {
        if (instance->name() == name) return instance.get();
    }
    return nullptr;
}

Worker& Instances::worker_of(Instance& instance) {
    for (const auto& worker : workers_) {
        if (&worker->instance == &instance) return *worker;
    }
    ExecutorOptions options;
    options.name = instance.name().substr(0, 15);
    options.threads = 1;
    options.tasks_max = kTasksMax;
    workers_.push_back(std::make_unique<Worker>(instance, make_executor_(std::move(options))));
    return *workers_.back();
}

bool Instances::has_worker(const Instance& instance) const {
    return std::any_of(workers_.begin(), workers_.end(),
                       [&](const auto& worker) { return &worker->instance == &instance; });
}

Status Instances::start(Instance& instance) {
    if (!has_worker(instance)) instance.allow_reactor_calls(reactor_pulse_);
    Status status = instance.start();
    if (status.ok()) return {};
    const InstanceOptions& options = instance.context().options();
    return {status.code(), placed(options, {options.line, options.column, status.message()})};
}

Status Instances::start() {
    for (const auto& instance : instances_) {
        if (instance->started()) continue;
        if (Status status = start(*instance); !status.ok()) return status;
    }
    return {};
}

bool Instances::on_turn() {
    size_t done = 0;
    for (const auto& worker : workers_)
        done += worker->executor->run_done();
    for (const auto& instance : instances_)
        instance->context().run_posted();
    return done > 0;
}

void Instances::drain(Instant deadline) {
    for (const auto& instance : instances_) {
        instance->context().end_reactor_calls();
        if (!has_worker(*instance)) {
            instance->drain(deadline);
            continue;
        }
        // Behind what its thread works on; a thread that is full ends without it.
        Worker& worker = worker_of(*instance);
        (void)worker.executor->submit([&worker, deadline] { worker.instance.drain(deadline); },
                                      [] {});
    }
}

void Instances::stop() {
    for (const auto& worker : workers_)
        worker->executor.reset();  // waits until what it was given has run
    for (auto instance = instances_.rbegin(); instance != instances_.rend(); ++instance)
        (*instance)->stop();
}

std::vector<std::pair<const Pulse*, bool>> Instances::pulses() const {
    std::vector<std::pair<const Pulse*, bool>> pulses{{&reactor_pulse_, true}};
    for (const auto& worker : workers_)
        pulses.emplace_back(&worker->pulse, false);
    return pulses;
}

}  // namespace zbridge::plugin

#include "bridge/app/process.h"

#include <malloc.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <mutex>
#include <thread>

#include "bridge/app/bridge.h"
#include "bridge/app/calls.h"
#include "bridge/app/event_log.h"
#include "bridge/app/loss_watch.h"
#include "bridge/base/data_dir.h"
#include "bridge/base/disk.h"
#include "bridge/base/random.h"
#include "bridge/net/posix_net.h"
#include "bridge/plugin/watchdog.h"
#include "bridge/telemetry/event_ring.h"

namespace zbridge::app {

namespace {

// Files, dialled sockets, the admin calls' places: beside listeners and connections.
constexpr uint64_t kOwnDescriptors = 96;

constexpr int kWakeSignal = SIGUSR2;  // ends the signal thread; sent by ourselves only

sigset_t our_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int each : {SIGTERM, SIGINT, kWakeSignal})
        sigaddset(&signals, each);
    return signals;
}

// Waits for signals on a thread of its own, where anything may be called. As long as the process
// does anything: a plugin may not come back from its start, nor from what it does at the end.
class Signals {
 public:
    explicit Signals(telemetry::Log& log) : log_(log), thread_([this] { run(); }) {}
    ~Signals() {
        pthread_kill(thread_.native_handle(), kWakeSignal);
        thread_.join();
    }

    // From now on, and if it was asked before, it is told. It lives until forget().
    void tell(Bridge& bridge) {
        const std::lock_guard lock(mutex_);
        bridge_ = &bridge;
        if (asked_) bridge.request_stop();
    }
    // It ends now, whoever has asked for that: the next signal is one to end at once.
    void forget() {
        const std::lock_guard lock(mutex_);
        bridge_ = nullptr;
        asked_ = true;
    }

 private:
    void run() {
        const sigset_t signals = our_signals();
        for (;;) {
            int signal = 0;
            if (sigwait(&signals, &signal) != 0 || signal == kWakeSignal) return;
            const std::lock_guard lock(mutex_);
            if (asked_) _exit(1);  // at once is at once: nothing is written, marked or freed
            asked_ = true;
            log_.info("app", "ending: reading what is on its way; a second signal ends at once",
                      {{"signal", signal == SIGINT ? "SIGINT" : "SIGTERM"}});
            if (bridge_ != nullptr) bridge_->request_stop();
        }
    }

    telemetry::Log& log_;
    std::mutex mutex_;
    bool asked_ = false;
    Bridge* bridge_ = nullptr;  // none yet, or no more
    std::thread thread_;
};

// A plugin that writes to a pipe or socket nobody reads any more, a log that nobody reads, a file
// that may not grow: an error of that write, and not the end of the bridge. By a handler that does
// nothing: a program that a plugin starts has the system's own way again.
void survive_failed_writes() {
    struct sigaction nothing {};
    nothing.sa_handler = [](int) {};
    nothing.sa_flags = SA_RESTART;
    for (const int each : {SIGPIPE, SIGXFSZ})
        (void)sigaction(each, &nothing, nullptr);
}

// Of a new data directory's first life. In the lower half: lives are counted on from it.
uint32_t some_epoch() {
    constexpr uint64_t kFirstEpochMax = uint64_t{1} << 31;
    return static_cast<uint32_t>(1 + OsRandom().below(kFirstEpochMax));
}

// Every connection is a descriptor: take as many as we may. Returns how many there are.
uint64_t raise_descriptor_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return UINT64_MAX;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
}

// Connections leave enough of them for the bridge itself, and for whoever asks it how it is.
void leave_descriptors(settings::Config& config, uint64_t descriptors, telemetry::Log& log) {
    const uint64_t listeners = 2 * config.endpoints.size() + config.plugins.size();
    const uint64_t reserve = kOwnDescriptors + listeners;
    const uint64_t most = descriptors > reserve ? descriptors - reserve : 1;
    if (most >= config.bridge.connections_max) return;
    log.warn("app",
             "fewer connections than `max_connections`: the system gives too few descriptors",
             {{"connections", most},
              {"max_connections", config.bridge.connections_max},
              {"descriptors", descriptors}});
    config.bridge.connections_max = static_cast<uint32_t>(most);
}

Result<telemetry::LogOptions> log_options(const settings::BridgeConfig& config) {
    telemetry::LogOptions options;
    options.json = config.log_json;
    if (Status status = telemetry::set_levels(config.log_level, options); !status.ok())
        return status;
    for (const auto& [module, level] : config.log_levels) {
        if (Status status = telemetry::set_levels(module + "=" + level, options); !status.ok())
            return status;
    }
    return options;
}

void say_ready(telemetry::Log& log, const Bridge& bridge) {
    for (const auto& endpoint : bridge.endpoints()) {
        if (!endpoint) continue;
        for (const net::Address& address : endpoint->bound()) {
            log.info("app", "listening",
                     {{"endpoint", endpoint->name()},
                      {"address", address.text()},
                      {"is", purpose_of(bridge.config(), endpoint->id().number())},
                      {"serves", endpoint->accepts().list()}});
        }
    }
    log.info("app", "ready",
             {{"version", ZBRIDGE_VERSION},
              {"name", bridge.config().bridge.name},
              {"epoch", bridge.life().epoch.number()},
              {"last_end", bridge.life().clean_start ? "clean" : "unclean"}});
}

void watch_calls(plugin::Watchdog& watchdog, const Bridge& bridge) {
    if (bridge.plugins() == nullptr) return;
    std::vector<plugin::Watchdog::Watched> watched;
    for (const auto& [pulse, reactor] : bridge.plugins()->pulses())
        watched.push_back({pulse, reactor});
    watchdog.watch(std::move(watched));
}

// Ends a life that served nobody, for `why`: it leaves the mark of the life before as it was.
Status not_begun(DataDir& data_dir, Status why) {
    // The reason to fail is what matters; without the mark the next life only says `unclean`.
    if (data_dir.was_clean()) (void)data_dir.mark_clean();
    return why;
}

}  // namespace

Status run_process(settings::Config config, plugin::Catalog& catalog) {
    const sigset_t signals = our_signals();
    (void)pthread_sigmask(SIG_BLOCK, &signals,
                          nullptr);  // all threads inherit it: only ours waits for them
    survive_failed_writes();
    const uint64_t descriptors = raise_descriptor_limit();

    RealClock clock;
    auto options = log_options(config.bridge);
    if (!options.ok()) return std::move(options).error();
    telemetry::EventRing happened;
    options->events = &happened;
    telemetry::Log log(*options, clock);
    leave_descriptors(config, descriptors, log);
    Signals waiting(log);

    PosixDisk disk;
    auto data_dir = DataDir::open(disk, config.bridge.data_dir, some_epoch());
    if (!data_dir.ok()) return std::move(data_dir).error();
    auto net = net::PosixNet::open();
    if (!net.ok()) return not_begun(**data_dir, std::move(net).error());

    EventLog events(config, log, clock);
    const rpc::Life life{Epoch((*data_dir)->epoch()), (*data_dir)->was_clean(), clock.now()};
    const auto make_executor = [&net](ExecutorOptions executor) -> std::unique_ptr<Executor> {
        return std::make_unique<ThreadExecutor>(std::move(executor), [&net] { (*net)->wake(); });
    };
    OsRandom random;
    std::unique_ptr<plugin::Watchdog> watchdog;
    if (!config.plugins.empty())
        watchdog = std::make_unique<plugin::Watchdog>(catalog.lives(), log);
    auto bridge = Bridge::open(config, {**net, clock, events, life, &catalog, make_executor, &log,
                                        &disk, &random, config.bridge.data_dir});
    if (!bridge.ok()) return not_begun(**data_dir, std::move(bridge).error());
    auto losses = std::make_unique<LossWatch>(**bridge, clock, happened);
    auto calls = std::make_unique<Calls>(**bridge, clock, log);
    if (Status status = calls->serve(config.bridge.admin_path()); !status.ok())
        return not_begun(**data_dir, std::move(status));

    if (watchdog) watch_calls(*watchdog, **bridge);
    // What reading the file took is not needed any more; there may be ten thousand topics.
    for (settings::PluginConfig& each : config.plugins)
        each.options.sections.clear();
    (void)malloc_trim(0);
    say_ready(log, **bridge);
    waiting.tell(**bridge);
    (*bridge)->run();
    waiting.forget();
    const uint64_t undelivered = (*bridge)->undelivered();
    const plugin::Engine* engine = (*bridge)->engine();
    Status failed;
    if (engine != nullptr && engine->ends_process())
        failed = {Code::kIo, "ended, since nothing can be stored any more: " + engine->failure()};
    (*bridge)->stop_plugins();
    const bool clean = (*bridge)->ended_clean();
    if (watchdog) watchdog->watch({});
    losses.reset();
    calls.reset();
    bridge->reset();  // a plugin that does not come back is still named
    if (undelivered > 0) {
        log.warn("app", "ended with messages that nobody took in time: they are lost",
                 {{"messages", undelivered}});
    } else {
        log.info("app", "ended");
    }
    if (!failed.ok()) return failed;
    // Without the mark the next life gives workers the time to say what they are busy with.
    return clean ? (*data_dir)->mark_clean() : Status();
}

}  // namespace zbridge::app

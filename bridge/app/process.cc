#include "bridge/app/process.h"

#include <malloc.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "bridge/app/bridge.h"
#include "bridge/app/calls.h"
#include "bridge/app/event_log.h"
#include "bridge/base/data_dir.h"
#include "bridge/base/disk.h"
#include "bridge/base/random.h"
#include "bridge/net/posix_net.h"
#include "bridge/plugin/watchdog.h"

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

// Waits for signals on a thread of its own, where anything may be called.
class Signals {
 public:
    Signals(Bridge& bridge, telemetry::Log& log)
        : bridge_(bridge), log_(log), thread_([this] { run(); }) {}
    ~Signals() {
        pthread_kill(thread_.native_handle(), kWakeSignal);
        thread_.join();
    }

 private:
    void run() {
        const sigset_t signals = our_signals();
        for (int asked = 0;;) {
            int signal = 0;
            if (sigwait(&signals, &signal) != 0 || signal == kWakeSignal) return;
            if (asked++ > 0) _exit(1);  // at once is at once: nothing is written, marked or freed
            log_.info("app", "ending: reading what is on its way; a second signal ends at once",
                      {{"signal", signal == SIGINT ? "SIGINT" : "SIGTERM"}});
            bridge_.request_stop();
        }
    }

    Bridge& bridge_;
    telemetry::Log& log_;
    std::thread thread_;
};

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
    const uint64_t descriptors = raise_descriptor_limit();

    RealClock clock;
    auto options = log_options(config.bridge);
    if (!options.ok()) return std::move(options).error();
    telemetry::Log log(*options, clock);
    leave_descriptors(config, descriptors, log);

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
    Calls calls(**bridge, clock);
    if (Status status = calls.serve(config.bridge.admin_path()); !status.ok())
        return not_begun(**data_dir, std::move(status));

    if (watchdog) watch_calls(*watchdog, **bridge);
    // What reading the file took is not needed any more; there may be ten thousand topics.
    for (settings::PluginConfig& each : config.plugins)
        each.options.sections.clear();
    (void)malloc_trim(0);
    say_ready(log, **bridge);
    {
        const Signals waiting(**bridge, log);
        (*bridge)->run();
    }
    const uint64_t undelivered = (*bridge)->undelivered();
    const plugin::Engine* engine = (*bridge)->engine();
    Status failed;
    if (engine != nullptr && engine->ends_process())
        failed = {Code::kIo, "ended, since nothing can be stored any more: " + engine->failure()};
    (*bridge)->stop_plugins();
    const bool clean = (*bridge)->ended_clean();
    if (watchdog) watchdog->watch({});
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

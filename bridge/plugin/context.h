// An instance as the host keeps it for a plugin: its options, its call, its log, metrics, health,
// kept messages. What zb_context is; host.cc has the C functions over it.
//
// Thread:  as each group says. The instance itself is never in two threads at once.
// Limits:  kMetricsMax, kLogLinesMax a second, kPostsMax that wait, kTimersMax, kEmitsMax a call,
//          and keep_messages and keep_bytes of InstanceOptions. Beyond each the plugin is refused,
//          and it is counted.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "bridge/base/clock.h"
#include "bridge/base/timers.h"
#include "bridge/plugin/life_calls.h"
#include "bridge/plugin/message_view.h"
#include "bridge/plugin/options.h"
#include "bridge/plugin/remarks.h"
#include "bridge/telemetry/log.h"

struct zb_metric final {
    enum class Kind : uint8_t { kCounter, kGauge, kHistogram };
    Kind kind = Kind::kCounter;
    std::string name, help;
    std::atomic<int64_t> value{0};  // of a histogram: the sum
    std::atomic<int64_t> count{0}, least{INT64_MAX}, most{INT64_MIN};
};

namespace zbridge::plugin {

class Engine;

// What instances stand on. Outlives them.
struct Services {
    const Clock* clock = nullptr;
    telemetry::Log* log = nullptr;  // none: what an instance logs is lost (check)
    Timers* timers = nullptr;       // none: no timers (check)
    std::function<void()> wake;     // ends the reactor's wait, from any thread
    LifeCalls* lives = nullptr;     // none: nobody watches who does not come back
};

struct Trouble {
    zb_result code = ZB_OK;
    bool retryable = false;
    std::string sentence;
};

// Of the on_message that runs now.
struct StepCall {
    const std::vector<std::string>* targets = nullptr;  // of the route
    std::string reason;
    uint64_t hold_ns = 0;
    int target = -1;  // of set_target
    std::vector<std::unique_ptr<zb_message>> emitted;
    uint64_t emitted_too_many = 0;  // beyond Context::kEmitsMax

    // For another message: what the last one needed is kept, empty.
    void begin() {
        reason.clear();
        hold_ns = 0;
        target = -1;
        if (!emitted.empty()) emitted.clear();
        emitted_too_many = 0;
    }
};

// Of the read that runs now.
struct ReadCall {
    struct Delivered {
        LooseMessage message;
        uint64_t cookie = 0;
    };
    size_t messages_max = 0;
    size_t bytes_max = 0;
    size_t bytes = 0;
    std::vector<Delivered> delivered;
};

class Context {
 public:
    static constexpr size_t kMetricsMax = 64;
    static constexpr uint32_t kLogLinesMax = 32;  // a second
    static constexpr size_t kLogBytesMax = 4096;  // of a line
    static constexpr size_t kPostsMax = 1024;
    static constexpr size_t kTimersMax = 64;
    static constexpr size_t kEmitsMax = 64;
    static constexpr uint64_t kTimerNsMax = uint64_t{366} * 24 * 3600 * 1'000'000'000;
    static constexpr size_t kSentenceBytesMax = 512;
    static constexpr size_t kProblemsMax = 200;  // of options; more say nothing new

    // A plugin's sentence for people, whatever bytes it is: a terminal does not obey it, and it is
    // UTF-8 where a protocol wants that.
    static std::string sentence_of(std::string_view said);

    Context(InstanceOptions options, const Services& services);
    ~Context();
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;

    const InstanceOptions& options() const { return options_; }
    const Services& services() const { return services_; }

    // Options. Null: there is no such value.
    const OptionValue* option(const char* key, uint32_t index) const;
    uint32_t option_count(const char* key) const;
    void option_error(const char* key, uint32_t index, std::string_view sentence);
    // Of its entries too.
    std::vector<OptionProblem> problems() const;

    // Of an engine: the entries of a section of the file, in its order, each a context of its own:
    // options().name is the entry's, and its options are read as those of an instance. Null: there
    // is no such entry.
    uint32_t entry_count(const char* section) const;
    zb_context* entry(const char* section, uint32_t index) const;
    // It has started: nobody asks for them any more, and there may be ten thousand.
    void forget_entries() {
        entries_.clear();
        options_.sections.clear();
    }

    // The last error of the call that runs, or has just ended.
    void begin_call() {
        if (!trouble_.sentence.empty()) trouble_ = {};  // of an earlier call, which did not fail
    }
    void set_error(zb_result code, bool retryable, std::string_view sentence);
    bool in_trouble() const { return !trouble_.sentence.empty(); }
    Trouble take_trouble() { return std::exchange(trouble_, {}); }

    // Any thread.
    void log(uint32_t level, std::string_view text);
    uint64_t log_lines_lost() const { return log_lost_.load(std::memory_order_relaxed); }
    zb_metric* metric(zb_metric::Kind kind, const char* name, const char* help);
    void each_metric(const std::function<void(const zb_metric&)>& visit) const;
    // As the instance sees it.
    void set_health(bool healthy, std::string_view sentence);
    // As the bridge does, beside that: a call that fails, one that takes too long. Empty: nothing.
    void set_trouble(std::string_view sentence);
    // Healthy if both say so; else why not, the bridge's word first.
    std::pair<bool, std::string> health() const;

    // Kept messages. Any thread of the instance.
    zb_message* keep(LooseMessage message);                    // null: as many as may be, or bytes
    std::unique_ptr<zb_message> give_up(zb_message* message);  // null: it is none of those kept
    size_t kept_messages() const;
    uint64_t kept_bytes() const { return kept_bytes_->used(); }

    // The call that runs now; null: none does.
    StepCall* step_call = nullptr;
    ReadCall* read_call = nullptr;

    // Of an engine: what it is to the bridge; null until it is about to start.
    Engine* engine = nullptr;
    Remarks* remarks = nullptr;  // of its instance

    // Of instances that run on the reactor: how what they have posted, or set a timer for, is
    // called. None, and not before: they may not. end_reactor_calls(): nor from now on.
    using Call = std::function<void(void (*call)(void*), void* argument)>;
    void allow_reactor_calls(Call enter);
    void end_reactor_calls();
    zb_result post(void (*call)(void*), void* argument);
    zb_result set_timer(uint64_t after_ns, void (*call)(void*), void* argument);
    void run_posted();

 private:
    // Of set_timer; used again once it has fired, but not while its call runs.
    struct CallLater {
        CallLater(Timers& timers, Context& context)
            : timer(timers, [this, &context] { context.fire(*this); }) {}
        Timer timer;
        void (*call)(void*) = nullptr;
        void* argument = nullptr;
        bool running = false;
    };
    void fire(CallLater& later);

    InstanceOptions options_;
    const Services& services_;
    std::map<std::string, std::vector<std::unique_ptr<zb_context>>> entries_;  // by section
    std::vector<OptionProblem> problems_;
    Trouble trouble_;

    std::atomic<int64_t> log_second_{0};
    std::atomic<uint32_t> log_lines_{0};
    std::atomic<uint64_t> log_lost_{0};

    mutable std::mutex shared_;  // all below
    std::list<zb_metric> metrics_;
    bool healthy_ = true;
    std::string why_degraded_;    // where it is not
    std::string bridge_trouble_;  // empty: none
    std::map<zb_message*, std::unique_ptr<zb_message>> kept_;
    std::deque<std::pair<void (*)(void*), void*>> posted_;
    // How many of them; read without the lock: most instances never post, and each turn asks all.
    std::atomic<size_t> posted_count_{0};

    std::shared_ptr<KeptBytes> kept_bytes_;
    std::atomic<bool> reactor_calls_{false};
    Call enter_;                   // reactor
    std::list<CallLater> timers_;  // reactor
};

// The functions that every instance is given.
const zb_host& host_table();

}  // namespace zbridge::plugin

// What the C interface calls it.
struct zb_context final : zbridge::plugin::Context {
    using Context::Context;
};

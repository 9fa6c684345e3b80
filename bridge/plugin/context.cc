#include "bridge/plugin/context.h"

#include <algorithm>

#include "bridge/base/utf8.h"
#include "bridge/telemetry/line.h"

namespace zbridge::plugin {

namespace {

bool is_metric_name(std::string_view name) {
    if (name.empty() || name.size() > 63 || name[0] < 'a' || name[0] > 'z') return false;
    return std::all_of(name.begin(), name.end(), [](char letter) {
        return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') ||
               letter == '_';
    });
}

// What an entry's context is asked for.
InstanceOptions options_of(const SectionEntry& entry, const InstanceOptions& engine) {
    InstanceOptions options;
    options.name = entry.name;
    options.use = engine.use;
    options.file = engine.file;
    options.line = entry.line;
    options.column = entry.column;
    options.values = entry.values;
    return options;
}

}  // namespace

Context::Context(InstanceOptions options, const Services& services)
    : options_(std::move(options)),
      services_(services),
      kept_bytes_(std::make_shared<KeptBytes>(options_.keep_bytes)) {
    for (const auto& [section, entries] : options_.sections) {
        auto& contexts = entries_[section];
        for (const SectionEntry& entry : entries)
            contexts.push_back(std::make_unique<zb_context>(options_of(entry, options_), services));
    }
}

Context::~Context() = default;

std::string Context::sentence_of(std::string_view said) {
    return telemetry::readable(cut_at_character(said, kSentenceBytesMax));
}

const OptionValue* Context::option(const char* key, uint32_t index) const {
    if (key == nullptr) return nullptr;
    const auto found = options_.values.find(key);
    if (found == options_.values.end() || index >= found->second.size()) return nullptr;
    return &found->second[index];
}

uint32_t Context::option_count(const char* key) const {
    if (key == nullptr) return 0;
    const auto found = options_.values.find(key);
    return found == options_.values.end() ? 0 : static_cast<uint32_t>(found->second.size());
}

void Context::option_error(const char* key, uint32_t index, std::string_view sentence) {
    if (problems_.size() >= kProblemsMax) return;
    const OptionValue* value = option(key, index);
    OptionProblem problem{options_.line, options_.column, ""};
    if (value != nullptr && value->line > 0) {
        problem.line = value->line;
        problem.column = value->column;
    }
    problem.sentence =
        "`" + sentence_of(key == nullptr ? "?" : key) + "`: " + sentence_of(sentence);
    problems_.push_back(std::move(problem));
}

std::vector<OptionProblem> Context::problems() const {
    std::vector<OptionProblem> all = problems_;
    for (const auto& [section, entries] : entries_) {
        for (const auto& entry : entries)
            all.insert(all.end(), entry->problems_.begin(), entry->problems_.end());
    }
    return all;
}

uint32_t Context::entry_count(const char* section) const {
    if (section == nullptr) return 0;
    const auto found = entries_.find(section);
    return found == entries_.end() ? 0 : static_cast<uint32_t>(found->second.size());
}

zb_context* Context::entry(const char* section, uint32_t index) const {
    return index < entry_count(section) ? entries_.at(section)[index].get() : nullptr;
}

void Context::set_error(zb_result code, bool retryable, std::string_view sentence) {
    trouble_ = {code, retryable, sentence_of(sentence)};
}

void Context::log(uint32_t level, std::string_view text) {
    if (services_.log == nullptr) return;
    const int64_t second = services_.clock->wall_us() / 1'000'000;
    if (log_second_.exchange(second, std::memory_order_relaxed) != second)
        log_lines_.store(0, std::memory_order_relaxed);
    if (log_lines_.fetch_add(1, std::memory_order_relaxed) >= kLogLinesMax) {
        log_lost_.fetch_add(1, std::memory_order_relaxed);
        return;
    }
    const auto as = static_cast<telemetry::Level>(std::min(level, uint32_t{ZB_LOG_ERROR}));
    services_.log->log(as, "plugin", cut_at_character(text, kLogBytesMax),
                       {{"instance", options_.name}});
}

zb_metric* Context::metric(zb_metric::Kind kind, const char* name, const char* help) {
    if (name == nullptr || !is_metric_name(name)) return nullptr;
    const std::lock_guard lock(shared_);
    for (zb_metric& metric : metrics_) {
        if (metric.name == name) return metric.kind == kind ? &metric : nullptr;
    }
    if (metrics_.size() >= kMetricsMax) return nullptr;
    zb_metric& metric = metrics_.emplace_back();
    metric.kind = kind;
    metric.name = name;
    metric.help = help == nullptr ? "" : help;
    return &metric;
}

void Context::each_metric(const std::function<void(const zb_metric&)>& visit) const {
    const std::lock_guard lock(shared_);
    for (const zb_metric& metric : metrics_)
        visit(metric);
}

void Context::set_health(bool healthy, std::string_view sentence) {
    const std::lock_guard lock(shared_);
    healthy_ = healthy;
    why_degraded_ = healthy ? "" : sentence_of(sentence);
}

void Context::set_trouble(std::string_view sentence) {
    const std::lock_guard lock(shared_);
    bridge_trouble_ = sentence;
}

std::pair<bool, std::string> Context::health() const {
    const std::lock_guard lock(shared_);
    if (!bridge_trouble_.empty()) return {false, bridge_trouble_};
    return {healthy_, why_degraded_};
}

zb_message* Context::keep(LooseMessage message) {
    auto made = std::make_unique<zb_message>();
    const std::lock_guard lock(shared_);
    if (kept_.size() >= options_.keep_messages) return nullptr;
    if (!made->own(std::move(message), kept_bytes_)) return nullptr;
    zb_message* handle = made.get();
    kept_.emplace(handle, std::move(made));
    return handle;
}

std::unique_ptr<zb_message> Context::give_up(zb_message* message) {
    const std::lock_guard lock(shared_);
    const auto found = kept_.find(message);
    if (found == kept_.end()) return nullptr;
    std::unique_ptr<zb_message> owned = std::move(found->second);
    kept_.erase(found);
    return owned;
}

size_t Context::kept_messages() const {
    const std::lock_guard lock(shared_);
    return kept_.size();
}

void Context::allow_reactor_calls(Call enter) {
    enter_ = std::move(enter);
    reactor_calls_ = static_cast<bool>(enter_);
}

void Context::end_reactor_calls() {
    reactor_calls_ = false;
    for (CallLater& later : timers_)
        later.timer.cancel();
    const std::lock_guard lock(shared_);
    posted_.clear();
    posted_count_ = 0;
}

zb_result Context::post(void (*call)(void*), void* argument) {
    if (call == nullptr) return ZB_INVALID;
    if (!reactor_calls_) return ZB_UNSUPPORTED;
    {
        const std::lock_guard lock(shared_);
        if (posted_.size() >= kPostsMax) return ZB_FULL;
        posted_.emplace_back(call, argument);
        posted_count_ = posted_.size();
    }
    if (services_.wake) services_.wake();
    return ZB_OK;
}

zb_result Context::set_timer(uint64_t after_ns, void (*call)(void*), void* argument) {
    if (call == nullptr) return ZB_INVALID;
    if (!reactor_calls_ || services_.timers == nullptr) return ZB_UNSUPPORTED;
    auto free = std::find_if(timers_.begin(), timers_.end(), [](const CallLater& later) {
        return !later.timer.armed() && !later.running;
    });
    if (free == timers_.end()) {
        if (timers_.size() >= kTimersMax) return ZB_FULL;
        free = timers_.emplace(timers_.end(), *services_.timers, *this);
    }
    free->call = call;
    free->argument = argument;
    const auto after = Duration(static_cast<int64_t>(std::min(after_ns, kTimerNsMax)));
    free->timer.arm(services_.clock->now() + after);
    return ZB_OK;
}

void Context::fire(CallLater& later) {
    later.running = true;
    enter_(later.call, later.argument);
    later.running = false;
}

void Context::run_posted() {
    if (posted_count_ == 0) return;
    std::deque<std::pair<void (*)(void*), void*>> posted;
    {
        const std::lock_guard lock(shared_);
        posted.swap(posted_);
        posted_count_ = 0;
    }
    for (const auto& [call, argument] : posted) {
        if (reactor_calls_) enter_(call, argument);
    }
}

}  // namespace zbridge::plugin

// spdlog gives the queue and the thread; it stays in this file.
#include "bridge/telemetry/log.h"

#include <spdlog/async.h>
#include <spdlog/async_logger.h>
#include <spdlog/sinks/base_sink.h>

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <mutex>

#include "bridge/telemetry/event_ring.h"
#include "bridge/telemetry/line.h"

namespace zbridge::telemetry {

namespace {

constexpr std::string_view kNames[] = {"trace", "debug", "info", "warn", "error", "off"};
constexpr int64_t kLostEveryUs = 1'000'000;  // lost lines are told at most this often

Level lowest_of(const LogOptions& options) {
    Level lowest = options.level;
    for (const auto& [module, level] : options.levels)
        lowest = std::min(lowest, level);
    return options.events == nullptr ? lowest : std::min(lowest, Level::kInfo);
}

void write_to_stderr(std::string_view line) {
    (void)std::fwrite(line.data(), 1, line.size(),
                      stderr);  // nobody is left to be told of a failure
}

class Sink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
    explicit Sink(std::function<void(std::string_view)> write) : write_(std::move(write)) {}

    // Waits until `done`, called with how many lines have been written, says so.
    template <class Done>
    void wait(Done done) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return done(written_); });
    }

 private:
    void sink_it_(const spdlog::details::log_msg& line) override {
        write_({line.payload.data(), line.payload.size()});
        const std::lock_guard lock(mutex_);
        written_++;
        changed_.notify_all();
    }
    void flush_() override {}

    std::function<void(std::string_view)> write_;
    std::mutex mutex_;
    std::condition_variable changed_;
    uint64_t written_ = 0;
};

}  // namespace

std::string_view name_of(Level level) {
    return kNames[static_cast<size_t>(level)];
}

std::optional<Level> level_named(std::string_view name) {
    if (name == "warning") return Level::kWarn;
    for (size_t i = 0; i < std::size(kNames); i++) {
        if (kNames[i] == name) return static_cast<Level>(i);
    }
    return std::nullopt;
}

struct Log::Writer {
    explicit Writer(const LogOptions& options)
        : pool(std::make_shared<spdlog::details::thread_pool>(
              std::max<size_t>(options.lines_max, 1), 1)),
          sink(std::make_shared<Sink>(options.write ? options.write : write_to_stderr)),
          logger(std::make_shared<spdlog::async_logger>(
              "zbridge", sink, pool, spdlog::async_overflow_policy::overrun_oldest)) {
        logger->set_level(spdlog::level::trace);
        logger->set_error_handler([](const std::string&) {});
    }
    // The thread first, which writes what waits: then nobody else knows the sink.
    ~Writer() { pool.reset(); }
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    void post(std::string_view line) {
        posted.fetch_add(1, std::memory_order_relaxed);
        logger->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
    }

    std::shared_ptr<spdlog::details::thread_pool> pool;
    std::shared_ptr<Sink> sink;
    std::shared_ptr<spdlog::async_logger> logger;
    std::atomic<uint64_t> posted{0};
};

Log::Log(LogOptions options, const Clock& clock)
    : options_(std::move(options)),
      clock_(clock),
      lowest_(lowest_of(options_)),
      writer_(std::make_unique<Writer>(options_)) {}

// The pool's end waits until its queue has been written.
Log::~Log() {
    report_lost();
}

Level Log::level_of(std::string_view module) const {
    for (const auto& [name, level] : options_.levels) {
        if (name == module) return level;
    }
    return options_.level;
}

void Log::write(Level level, std::string_view module, std::string_view message,
                std::span<const Field> fields) {
    if (is_event(level)) options_.events->add(clock_.wall_us(), level, module, message, fields);
    if (level >= level_of(module)) put(level, module, message, fields);
}

void Log::event(Level level, std::string_view module, std::string_view message, Fields fields) {
    if (options_.events != nullptr && !is_event(level)) {
        options_.events->add(clock_.wall_us(), level, module, message,
                             {fields.begin(), fields.size()});
    }
    log(level, module, message, fields);
}

void Log::put(Level level, std::string_view module, std::string_view message,
              std::span<const Field> fields) {
    const Line line{clock_.wall_us(), level, module, message, fields};
    const std::string text = options_.json ? format_json(line) : format_text(line);
    writer_->post(text);
    if (lost() == told_lost_.load(std::memory_order_relaxed)) return;
    int64_t told_at = told_lost_at_us_.load(std::memory_order_relaxed);
    if (line.time_us - told_at >= kLostEveryUs &&
        told_lost_at_us_.compare_exchange_strong(told_at, line.time_us)) {
        report_lost();
    }
}

void Log::report_lost() {
    const uint64_t now = lost();
    const uint64_t news = now - told_lost_.exchange(now);
    if (news == 0) return;
    const Field fields[] = {{"lines", news}, {"in_all", now}};
    const Line line{clock_.wall_us(), Level::kWarn, "log",
                    "lines were lost: they came faster than they could be written", fields};
    const std::string text = options_.json ? format_json(line) : format_text(line);
    writer_->post(text);
}

uint64_t Log::lost() const {
    return writer_->pool->overrun_counter();
}

void Log::flush() {
    const uint64_t posted = writer_->posted.load();
    writer_->sink->wait([&](uint64_t written) { return written + lost() >= posted; });
}

Status set_levels(std::string_view text, LogOptions& options) {
    while (!text.empty()) {
        const size_t comma = std::min(text.find(','), text.size());
        const std::string_view item = text.substr(0, comma);
        text.remove_prefix(std::min(comma + 1, text.size()));
        const size_t equals = item.find('=');
        const std::string_view name = equals == item.npos ? item : item.substr(equals + 1);
        const auto level = level_named(name);
        if (!level) {
            return {Code::kInvalid, "'" + std::string(name) +
                                        "' is no level: trace, debug, info, warn, error or off"};
        }
        if (equals == item.npos)
            options.level = *level;
        else
            options.levels.emplace_back(item.substr(0, equals), *level);
    }
    return {};
}

}  // namespace zbridge::telemetry

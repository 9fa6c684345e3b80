// The structured log: what happened, where, with named values. One object, given to whoever logs.
//
//   log.info("net", "peer connected", {{"endpoint", "packers"}, {"type", "PULL"}});
//   2026-11-24 10:00:00.123Z info  net      peer connected  endpoint=packers type=PULL
//   {"time":"2026-11-24T10:00:00.123Z","level":"info","module":"net","message":"peer
//   connected","endpoint":"packers",...}
//
// Thread:  any. A line is made where it is logged and written by the log's own thread, so that
//          nobody waits for a terminal or a pipe.
// Values:  may be any bytes. As text, all that is not printable stands as \n, \x1b ..., and values
//          with blanks, quotes, = or such escapes in quotes; in JSON the same escapes stand inside
//          the string, with their backslash doubled.
// Failure: what cannot be written is lost. A log never stops the bridge.
// Limits:  LogOptions::lines_max lines wait to be written; beyond that the oldest are lost, counted
//          by lost(), and told in a line of its own. kValueBytesMax of a value and kMessageBytesMax
//          of a message are shown.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "bridge/base/clock.h"
#include "bridge/base/result.h"
#include "bridge/telemetry/widened.h"

namespace zbridge::telemetry {

enum class Level : uint8_t { kTrace, kDebug, kInfo, kWarn, kError, kOff };

std::string_view name_of(Level level);                    // "info"
std::optional<Level> level_named(std::string_view name);  // also "warning"

// A named value. A view: it lives as long as the call.
struct Field {
    using Value = std::variant<std::string_view, int64_t, uint64_t, double, bool>;
    std::string_view name;
    Value value;

    template <class T>
    Field(std::string_view field_name, const T& field_value)
        : name(field_name), value(value_of(field_value)) {}

 private:
    template <class T>
    static Value value_of(const T& value) {
        if constexpr (std::is_arithmetic_v<T>)
            return widened(value);
        else
            return std::string_view(value);
    }
};
using Fields = std::initializer_list<Field>;

class EventRing;

struct LogOptions {
    Level level = Level::kInfo;
    std::vector<std::pair<std::string, Level>> levels;  // of single modules: {"net", kDebug}
    bool json = false;
    size_t lines_max = 4096;
    // Writes one line, its newline included; called on the log's thread, one line at a time. None:
    // to stderr.
    std::function<void(std::string_view line)> write;
    // Is told what is info or more important, also where a level here is above that; and what
    // Log::event() is. None: nobody is. It outlives the log.
    EventRing* events = nullptr;
};

class Log {
 public:
    static constexpr size_t kValueBytesMax = 512;
    static constexpr size_t kMessageBytesMax = 2048;

    // `clock` outlives the log.
    Log(LogOptions options, const Clock& clock);
    // Writes what waits.
    ~Log();
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;

    void trace(std::string_view module, std::string_view message, Fields fields = {}) {
        log(Level::kTrace, module, message, fields);
    }
    void debug(std::string_view module, std::string_view message, Fields fields = {}) {
        log(Level::kDebug, module, message, fields);
    }
    void info(std::string_view module, std::string_view message, Fields fields = {}) {
        log(Level::kInfo, module, message, fields);
    }
    void warn(std::string_view module, std::string_view message, Fields fields = {}) {
        log(Level::kWarn, module, message, fields);
    }
    void error(std::string_view module, std::string_view message, Fields fields = {}) {
        log(Level::kError, module, message, fields);
    }
    void log(Level level, std::string_view module, std::string_view message, Fields fields) {
        if (on(level, module)) write(level, module, message, {fields.begin(), fields.size()});
    }
    // Notable, however unimportant the level: LogOptions::events is told in any case.
    void event(Level level, std::string_view module, std::string_view message, Fields fields = {});
    const EventRing* events() const { return options_.events; }

    // Would be written: asked before values are computed only to be logged. A comparison when no
    // module has it on.
    bool on(Level level, std::string_view module) const {
        return level >= lowest_ && (is_event(level) || level >= level_of(module));
    }
    void write(Level level, std::string_view module, std::string_view message,
               std::span<const Field> fields);

    uint64_t lost() const;  // lines, since the start
    void flush();  // waits until what has been logged is written; not for the reactor thread

 private:
    struct Writer;

    Level level_of(std::string_view module) const;
    bool is_event(Level level) const { return options_.events != nullptr && level >= Level::kInfo; }
    void put(Level level, std::string_view module, std::string_view message,
             std::span<const Field> fields);
    void report_lost();

    const LogOptions options_;
    const Clock& clock_;
    const Level lowest_;
    std::unique_ptr<Writer> writer_;
    std::atomic<uint64_t> told_lost_{0};
    std::atomic<int64_t> told_lost_at_us_{0};
};

// Levels as the configuration and the command line write them: "info", or "info,net=debug,rpc=off".
Status set_levels(std::string_view text, LogOptions& options);

}  // namespace zbridge::telemetry

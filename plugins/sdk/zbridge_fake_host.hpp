// A host for unit tests of plugins: runs an instance in the test's own thread, with time and
// options that the test decides. Header-only; no part of the bridge.
//
//   zbridge::testing::FakeHost host;
//   host.set("fields", {"card"});
//   auto mask = host.create(zbridge_plugin_entry());
//   auto result = mask.step({R"({"card": "4111"})"});
//   CHECK(result.frames[0] == R"({"card": "***"})");
//
// Promise: options are taken as the bridge takes them: fallbacks, units, bounds, required; what is
//          wrong throws std::invalid_argument. Frames are given in memory of exactly their size, so
//          that AddressSanitizer sees who reads or writes beyond. What an instance still keeps when
//          it is destroyed is in kept_messages().
// Time:    stands still until the test calls advance(): timers fire in it, in the order of their
//          times, each with now_ns at its own. What was posted waits in `posted`, for the test to
//          call. Both end with drain() or stop(), and are refused (ZB_UNSUPPORTED) from then on.
// Limits:  those of the bridge: kTimersMax timers and kPostsMax posted calls wait, then ZB_FULL;
//          keep_messages and keep_bytes.
#ifndef ZBRIDGE_FAKE_HOST_HPP
#define ZBRIDGE_FAKE_HOST_HPP

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "zbridge_plugin.h"

namespace zbridge {
inline namespace sdk {
namespace testing {

using FakeValue = std::variant<std::monostate, bool, int64_t, double, std::string>;

// What a message is made of, before and after a call.
struct Content {
    std::vector<std::string> frames;
    std::map<uint32_t, FakeValue> attributes = {};  // by ZB_ID, ZB_TAG and so on
    std::vector<std::string> keys = {};
    std::map<std::string, FakeValue> properties = {};
    std::map<uint32_t, std::string> peer = {};  // by ZB_PEER_USER and so on
};

// The answer of a step, and the message as it left it.
struct StepResult : Content {
    zb_verdict verdict = ZB_PASS;
    std::string reason;  // of set_reason
    std::string error;   // of set_error
    std::string target;  // of set_target
    uint64_t hold_ns = 0;
    std::vector<Content> emitted;
};

struct Delivered {
    Content message;
    uint64_t cookie = 0;
};

struct Line {
    uint32_t level = 0;
    std::string text;
};

class FakeHost;

class Instance {
 public:
    Instance(FakeHost& host, const zb_plugin* plugin, void* self);
    Instance(Instance&& other) noexcept
        : host_(other.host_),
          plugin_(std::exchange(other.plugin_, nullptr)),
          self_(other.self_),
          started_(other.started_) {}
    Instance& operator=(Instance&&) = delete;
    ~Instance() {
        if (plugin_ == nullptr) return;
        if (started_) stop();
        end_calls();
        plugin_->destroy(self_);
    }

    void start();  // throws std::runtime_error with the sentence of set_error
    void stop();
    void drain(uint64_t deadline_ns) {
        end_calls();
        if (plugin_->drain != nullptr) plugin_->drain(self_, deadline_ns);
    }

    StepResult step(const Content& message);
    StepResult step(const std::vector<std::string>& frames) { return step(Content{frames}); }
    zb_result read(uint64_t wait_ns = 0);
    void outcomes(const std::vector<zb_outcome>& outcomes) {
        extension<zb_source>(ZB_SOURCE).on_outcomes(self_, outcomes.data(),
                                                    static_cast<uint32_t>(outcomes.size()));
    }
    void accept(uint64_t cookie) { outcomes({{cookie, ZB_ACCEPTED, 0, {nullptr, 0}}}); }
    std::vector<uint32_t> batch(const std::vector<Content>& messages);
    // Whether the claim is allowed, and as whom.
    std::pair<bool, std::string> peer(const zb_peer_claim& claim);

    // For interfaces that have no verb here.
    void* self() const { return self_; }
    template <class T>
    const T& extension(const char* id) const {
        const void* found = plugin_->get_extension(id);
        if (found == nullptr) throw std::logic_error(std::string("the plugin is no ") + id);
        return *static_cast<const T*>(found);
    }

 private:
    void end_calls();  // their arguments may be gone

    FakeHost& host_;
    const zb_plugin* plugin_;
    void* self_;
    bool started_ = false;
};

class FakeHost {
 public:
    static constexpr size_t kTimersMax = 64;
    static constexpr size_t kPostsMax = 1024;
    static constexpr uint64_t kTimerNsMax = uint64_t{366} * 24 * 3600 * 1'000'000'000;

    FakeHost() { fill_table(); }
    FakeHost(const FakeHost&) = delete;
    FakeHost& operator=(const FakeHost&) = delete;

    // Options, as one writes them in the YAML file.
    void set(const std::string& key, const std::string& value) { options_[key] = {{"", value}}; }
    void set(const std::string& key, const std::vector<std::string>& values) {
        options_[key].clear();
        for (const std::string& value : values)
            options_[key].emplace_back("", value);
    }
    void set_map(const std::string& key,
                 const std::vector<std::pair<std::string, std::string>>& values) {
        options_[key] = values;
    }
    // Throws std::invalid_argument: an option is wrong; std::runtime_error: create failed.
    Instance create(const zb_plugin* plugin);

    // Moves the time on, and calls what is due by then. A timer that is set from within is called
    // too if its time comes; one that is set for at once has its turn in the next advance().
    void advance(uint64_t ns) {
        const uint64_t until = now_ns + ns;
        const uint64_t begin = timers_set_;
        for (Timer* next = due(until, begin); next != nullptr; next = due(until, begin)) {
            now_ns = std::max(now_ns, next->at_ns);
            fire(*next);
        }
        now_ns = until;
    }
    // Calls each timer that is set now, once and at once, whatever its time: for tests of what is
    // done, not when.
    void fire_timers() {
        for (size_t left = timers_.size(); left > 0 && !timers_.empty(); left--)
            fire(timers_.front());
    }
    size_t timers() const { return timers_.size(); }  // that are set
    // When the next one is due, as now_ns; none: UINT64_MAX.
    uint64_t next_timer_ns() const {
        uint64_t next = UINT64_MAX;
        for (const Timer& timer : timers_)
            next = std::min(next, timer.at_ns);
        return next;
    }
    std::vector<Line> log;
    std::vector<Delivered> delivered;        // by a source
    size_t deliveries_max = SIZE_MAX;        // beyond it deliver() says ZB_FULL
    std::set<std::string> targets;           // of the route
    std::map<std::string, int64_t> metrics;  // of a histogram: how many values
    bool healthy = true;
    std::string trouble;  // of set_health
    std::string error;    // of set_error
    size_t keep_messages = 1000;
    size_t keep_bytes = SIZE_MAX;  // of their frames; in the bridge 16 MiB by default
    size_t kept_messages() const { return kept_.size(); }
    size_t kept_bytes() const {
        size_t bytes = 0;
        for (const auto& [its, message] : kept_)
            bytes += message->size();
        return bytes;
    }
    uint64_t now_ns = 1'000'000'000;
    int64_t wall_clock_ms = 1'700'000'000'000;
    std::vector<std::function<void()>> posted;      // by post; yours to call and to clear
    std::string its_name = "fake";                  // of the instance
    std::map<std::string, const void*> extensions;  // of get_extension

    const zb_host* table() const { return &table_; }
    // As the host of one entry of an engine's section: its options, by the section's table.
    zb_context* entry(const zb_option* rows, uint32_t count, uint32_t row_size) {
        take_options(rows, count, row_size);
        return context();
    }
    zb_context* context() { return reinterpret_cast<zb_context*>(this); }
    const std::string& option_error() const { return option_error_; }

 private:
    friend class Instance;

    struct Option {
        const zb_option* row = nullptr;
        std::vector<std::pair<std::string, std::string>> values;
    };
    // A message with its frames in memory of their own.
    struct Message {
        Content content;
        std::vector<std::unique_ptr<char[]>> bytes;
        const FakeHost* keeper = nullptr;  // of one of an instance's own
        explicit Message(Content of) : content(std::move(of)) { place(); }
        size_t size() const {
            size_t sum = 0;
            for (const std::string& frame : content.frames)
                sum += frame.size();
            return sum;
        }
        // Whether `from` bytes of it may become `to`.
        bool may_change(size_t from, size_t to) const {
            if (keeper == nullptr || to <= from) return true;
            return keeper->kept_bytes() - from + to <= keeper->keep_bytes;
        }
        void place() {
            bytes.clear();
            for (const std::string& frame : content.frames) {
                bytes.emplace_back(new char[frame.size()]);
                std::copy(frame.begin(), frame.end(), bytes.back().get());
            }
        }
    };

    static FakeHost& of(zb_context* context) { return *reinterpret_cast<FakeHost*>(context); }
    static Message& of(zb_message* message) { return *reinterpret_cast<Message*>(message); }
    static const Message& of(const zb_message* message) {
        return *reinterpret_cast<const Message*>(message);
    }
    static zb_message* handle(Message& message) { return reinterpret_cast<zb_message*>(&message); }
    static zb_view view(std::string_view text) { return {text.data(), text.size()}; }
    static std::string text(zb_view bytes) {
        return bytes.size == 0 ? "" : std::string(bytes.data, bytes.size);
    }

    static FakeValue value_of(const zb_value& value) {
        switch (value.kind) {
            case ZB_BOOL:
                return value.flag != 0;
            case ZB_INTEGER:
                return value.integer;
            case ZB_NUMBER:
                return value.number;
            case ZB_STRING:
                return text(value.text);
            default:
                return std::monostate{};
        }
    }
    static zb_value value_of(const FakeValue& value) {
        zb_value out{ZB_NOTHING, 0, 0, 0, {nullptr, 0}};
        out.kind = static_cast<uint32_t>(value.index());
        if (const bool* flag = std::get_if<bool>(&value)) out.flag = *flag ? 1 : 0;
        if (const int64_t* integer = std::get_if<int64_t>(&value)) out.integer = *integer;
        if (const double* number = std::get_if<double>(&value)) out.number = *number;
        if (const std::string* words = std::get_if<std::string>(&value)) out.text = view(*words);
        return out;
    }
    template <class Key>
    static zb_value look_up(const std::map<Key, FakeValue>& in, const Key& key) {
        static const FakeValue nothing;
        const auto found = in.find(key);
        return value_of(found == in.end() ? nothing : found->second);
    }

    // "10 MiB", "5s": a number and its unit, as one number.
    static double with_unit(const std::string& written, uint32_t type, const std::string& key) {
        char* rest = nullptr;
        const double number = std::strtod(written.c_str(), &rest);
        std::string unit(rest);
        unit.erase(std::remove(unit.begin(), unit.end(), ' '), unit.end());
        static const std::map<std::string, double> sizes{{"B", 1},
                                                         {"KiB", 1024},
                                                         {"MiB", 1048576},
                                                         {"GiB", 1073741824.0},
                                                         {"TiB", 1099511627776.0},
                                                         {"KB", 1e3},
                                                         {"MB", 1e6},
                                                         {"GB", 1e9},
                                                         {"TB", 1e12}};
        static const std::map<std::string, double> durations{
            {"ns", 1},   {"us", 1e3},   {"ms", 1e6},   {"s", 1e9},
            {"m", 60e9}, {"h", 3600e9}, {"d", 86400e9}};
        const bool has_units = type == ZB_OPTION_SIZE || type == ZB_OPTION_DURATION;
        const auto& units = type == ZB_OPTION_SIZE ? sizes : durations;
        const bool bare = unit.empty() && (!has_units || number == 0);
        if (rest == written.c_str() || (!bare && (!has_units || units.count(unit) == 0)))
            throw std::invalid_argument("`" + key + "`: \"" + written +
                                        "\" is no value of its type");
        return bare ? number : number * units.at(unit);
    }
    static void check(const zb_option& row, const std::string& written) {
        const std::string key = row.key;
        switch (row.type) {
            case ZB_OPTION_FLAG:
                if (written != "true" && written != "false")
                    throw std::invalid_argument("`" + key + "`: expected true or false");
                return;
            case ZB_OPTION_CHOICE: {
                const std::string all = "|" + std::string(row.choices) + "|";
                if (all.find("|" + written + "|") == std::string::npos)
                    throw std::invalid_argument("`" + key + "`: expected one of " + row.choices);
                return;
            }
            case ZB_OPTION_COUNT:
            case ZB_OPTION_NUMBER:
            case ZB_OPTION_SIZE:
            case ZB_OPTION_DURATION: {
                const double number = with_unit(written, row.type, key);
                if ((row.min != nullptr && number < with_unit(row.min, row.type, key)) ||
                    (row.max != nullptr && number > with_unit(row.max, row.type, key)) ||
                    (row.type == ZB_OPTION_COUNT && (number < 0 || number != std::floor(number))))
                    throw std::invalid_argument("`" + key + "`: " + written + " is out of range");
                return;
            }
            default:
                return;
        }
    }
    void take_options(const zb_option* rows, uint32_t count, uint32_t row_size) {
        taken_.clear();
        std::set<std::string> known;
        for (uint32_t i = 0; i < count; i++) {
            const auto* row = reinterpret_cast<const zb_option*>(
                reinterpret_cast<const char*>(rows) + size_t{i} * row_size);
            known.insert(row->key);
            Option option{row, {}};
            const auto given = options_.find(row->key);
            if (given != options_.end())
                option.values = given->second;
            else if (row->fallback != nullptr)
                option.values = {{"", row->fallback}};
            else if ((row->flags & ZB_OPTION_REQUIRED) != 0)
                throw std::invalid_argument(std::string("`") + row->key + "` is required");
            for (const auto& [name, written] : option.values)
                check(*row, written);
            taken_[row->key] = std::move(option);
        }
        for (const auto& [key, values] : options_) {
            if (known.count(key) == 0) throw std::invalid_argument("unknown option `" + key + "`");
        }
    }
    // Null where there is no such value.
    const std::pair<std::string, std::string>* option_at(const char* key, uint32_t index) const {
        const auto found = taken_.find(key);
        if (found == taken_.end() || index >= found->second.values.size()) return nullptr;
        return &found->second.values[index];
    }
    double number_at(const char* key, uint32_t index) const {
        const auto* value = option_at(key, index);
        if (value == nullptr) return 0;
        const uint32_t type = taken_.at(key).row->type;
        if (type == ZB_OPTION_FLAG) return value->second == "true" ? 1 : 0;
        return with_unit(value->second, type, key);
    }

    zb_message* keep(Content content) {
        if (kept_.size() >= keep_messages) return nullptr;
        auto made = std::make_unique<Message>(std::move(content));
        made->keeper = this;
        if (!made->may_change(0, made->size())) return nullptr;
        zb_message* its = handle(*made);
        kept_[its] = std::move(made);
        return its;
    }

    struct Timer {
        uint64_t at_ns = 0;
        uint64_t number = 0;  // in the order in which they were set
        uint64_t set_ns = 0;  // when that was
        void (*call)(void*) = nullptr;
        void* argument = nullptr;
    };
    zb_result set_timer(uint64_t after_ns, void (*call)(void*), void* argument) {
        if (ended_) return ZB_UNSUPPORTED;
        // The one that fires has its place until its call is over, as in the bridge.
        if (timers_.size() + firing_ >= kTimersMax) return ZB_FULL;
        timers_.push_back(
            {now_ns + std::min(after_ns, kTimerNsMax), timers_set_++, now_ns, call, argument});
        return ZB_OK;
    }
    // The first one that is due by `until`; of those numbered `begin` and above, none that was set
    // for at once. Null: there is none.
    Timer* due(uint64_t until, uint64_t begin) {
        Timer* first = nullptr;
        for (Timer& timer : timers_) {
            const bool at_once = timer.number >= begin && timer.at_ns == timer.set_ns;
            if (timer.at_ns > until || at_once) continue;
            if (first == nullptr || timer.at_ns < first->at_ns) first = &timer;
        }
        return first;
    }
    void fire(Timer& timer) {
        const Timer its = timer;
        timers_.erase(timers_.begin() + (&timer - timers_.data()));
        firing_++;
        its.call(its.argument);
        firing_--;
    }

    void fill_table() {
        table_.size = sizeof(zb_host);
        table_.abi_major = ZB_ABI_MAJOR;
        table_.abi_minor = ZB_ABI_MINOR;
        table_.version = "fake";
        table_.build_id = "fake";
        fill_options();
        fill_reports();
        fill_messages();
        fill_verbs();
    }
    void fill_options() {
        table_.option_count = [](zb_context* c, const char* key) {
            const auto found = of(c).taken_.find(key);
            return found == of(c).taken_.end() ? 0u
                                               : static_cast<uint32_t>(found->second.values.size());
        };
        table_.option_text = [](zb_context* c, const char* key, uint32_t index) {
            const auto* value = of(c).option_at(key, index);
            return value == nullptr ? zb_view{nullptr, 0} : view(value->second);
        };
        table_.option_integer = [](zb_context* c, const char* key, uint32_t index) {
            return static_cast<int64_t>(of(c).number_at(key, index));
        };
        table_.option_number = [](zb_context* c, const char* key, uint32_t index) {
            return of(c).number_at(key, index);
        };
        table_.option_name = [](zb_context* c, const char* key, uint32_t index) {
            const auto* value = of(c).option_at(key, index);
            return value == nullptr ? zb_view{nullptr, 0} : view(value->first);
        };
        table_.option_error = [](zb_context* c, const char* key, uint32_t, zb_view sentence) {
            of(c).option_error_ = "`" + std::string(key) + "`: " + text(sentence);
        };
        table_.instance_name = [](zb_context* c) { return view(of(c).its_name); };
    }
    void fill_reports() {
        table_.set_error = [](zb_context* c, zb_result, int, zb_view sentence) {
            of(c).error = text(sentence);
        };
        table_.log = [](zb_context* c, uint32_t level, zb_view line) {
            of(c).log.push_back({level, text(line)});
        };
        const auto metric = [](zb_context* c, const char* name, const char*) {
            return reinterpret_cast<zb_metric*>(&of(c).metrics[name]);
        };
        table_.counter = metric;
        table_.gauge = metric;
        table_.histogram = metric;
        table_.metric_add = [](zb_metric* m, int64_t by) { *reinterpret_cast<int64_t*>(m) += by; };
        table_.metric_set = [](zb_metric* m, int64_t to) { *reinterpret_cast<int64_t*>(m) = to; };
        table_.metric_record = [](zb_metric* m, int64_t) { *reinterpret_cast<int64_t*>(m) += 1; };
        table_.set_health = [](zb_context* c, int is, zb_view why) {
            of(c).healthy = is != 0;
            of(c).trouble = text(why);
        };
        table_.now_ns = [](zb_context* c) { return of(c).now_ns; };
        table_.wall_clock_ms = [](zb_context* c) { return of(c).wall_clock_ms; };
        table_.get_extension = [](zb_context* c, const char* id) -> const void* {
            const auto found = of(c).extensions.find(id);
            return found == of(c).extensions.end() ? nullptr : found->second;
        };
    }
    void fill_messages() {
        table_.frame_count = [](const zb_message* m) {
            return static_cast<uint32_t>(of(m).content.frames.size());
        };
        table_.frame = [](const zb_message* m, uint32_t index) {
            const Message& message = of(m);
            if (index >= message.content.frames.size()) return zb_view{nullptr, 0};
            return zb_view{message.bytes[index].get(), message.content.frames[index].size()};
        };
        table_.set_frame = [](zb_message* m, uint32_t index, zb_view body) -> zb_result {
            Message& message = of(m);
            if (index >= message.content.frames.size()) return ZB_NOT_FOUND;
            if (!message.may_change(message.content.frames[index].size(), body.size))
                return ZB_FULL;
            message.content.frames[index] = text(body);
            message.bytes[index].reset(new char[body.size]);
            std::copy_n(message.content.frames[index].data(), body.size,
                        message.bytes[index].get());
            return ZB_OK;
        };
        table_.set_frames = [](zb_message* m, const zb_view* bodies, uint32_t count) -> zb_result {
            if (count == 0 || count > 64) return ZB_INVALID;
            std::vector<std::string> frames;
            size_t bytes = 0;
            for (uint32_t i = 0; i < count; i++) {
                frames.push_back(text(bodies[i]));
                bytes += bodies[i].size;
            }
            if (!of(m).may_change(of(m).size(), bytes)) return ZB_FULL;
            of(m).content.frames = std::move(frames);
            of(m).place();
            return ZB_OK;
        };
        table_.attribute = [](const zb_message* m, uint32_t which) {
            return look_up(of(m).content.attributes, which);
        };
        table_.set_attribute = [](zb_message* m, uint32_t which, zb_value value) -> zb_result {
            const bool fits = value.kind == ZB_NOTHING ||
                              value.kind == (which == ZB_DELIVER_AT ? ZB_INTEGER : ZB_STRING);
            if (which > ZB_DELIVER_AT || !fits) return ZB_INVALID;
            of(m).content.attributes[which] = value_of(value);
            return ZB_OK;
        };
        table_.key_count = [](const zb_message* m) {
            return static_cast<uint32_t>(of(m).content.keys.size());
        };
        table_.key = [](const zb_message* m, uint32_t index) {
            const auto& keys = of(m).content.keys;
            return index < keys.size() ? view(keys[index]) : zb_view{nullptr, 0};
        };
        table_.property = [](const zb_message* m, zb_view name) {
            return look_up(of(m).content.properties, text(name));
        };
        table_.set_property = [](zb_message* m, zb_view name, zb_value value) -> zb_result {
            if (name.size == 0) return ZB_INVALID;
            if (value.kind == ZB_NOTHING)
                of(m).content.properties.erase(text(name));
            else
                of(m).content.properties[text(name)] = value_of(value);
            return ZB_OK;
        };
        table_.property_count = [](const zb_message* m) {
            return static_cast<uint32_t>(of(m).content.properties.size());
        };
        table_.property_name = [](const zb_message* m, uint32_t index) {
            const auto& all = of(m).content.properties;
            if (index >= all.size()) return zb_view{nullptr, 0};
            return view(std::next(all.begin(), index)->first);
        };
        table_.peer = [](const zb_message* m, uint32_t what) {
            const auto found = of(m).content.peer.find(what);
            return found == of(m).content.peer.end() ? zb_view{nullptr, 0} : view(found->second);
        };
    }
    void fill_verbs() {
        table_.make = [](zb_context* c) { return of(c).keep({}); };
        table_.copy = [](zb_context* c, const zb_message* m) { return of(c).keep(of(m).content); };
        table_.release = [](zb_context* c, zb_message* m) { of(c).kept_.erase(m); };
        table_.emit = [](zb_context* c, zb_message* m) -> zb_result {
            Content content = of(m).content;
            of(c).kept_.erase(m);
            if (of(c).current_ == nullptr) return ZB_WRONG_STATE;
            if (content.frames.empty()) return ZB_INVALID;
            if (of(c).current_->emitted.size() >= 64) return ZB_FULL;
            of(c).current_->emitted.push_back(std::move(content));
            return ZB_OK;
        };
        table_.set_reason = [](zb_context* c, zb_view why) {
            of(c).reason_ = text(why);
            if (of(c).current_ != nullptr) of(c).current_->reason = text(why);
        };
        table_.set_hold = [](zb_context* c, uint64_t ns) {
            if (of(c).current_ != nullptr) of(c).current_->hold_ns = ns;
        };
        table_.set_target = [](zb_context* c, zb_view name) -> zb_result {
            if (of(c).targets.count(text(name)) == 0) return ZB_NOT_FOUND;
            if (of(c).current_ != nullptr) of(c).current_->target = text(name);
            return ZB_OK;
        };
        table_.deliver = [](zb_context* c, zb_message* m, uint64_t cookie) -> zb_result {
            if (of(m).content.frames.empty()) return ZB_INVALID;
            if (of(c).delivered.size() >= of(c).deliveries_max) return ZB_FULL;
            of(c).delivered.push_back({of(m).content, cookie});
            return ZB_OK;
        };
        table_.post = [](zb_context* c, void (*call)(void*), void* argument) -> zb_result {
            if (call == nullptr) return ZB_INVALID;
            if (of(c).ended_) return ZB_UNSUPPORTED;
            if (of(c).posted.size() >= kPostsMax) return ZB_FULL;
            of(c).posted.emplace_back([call, argument] { call(argument); });
            return ZB_OK;
        };
        table_.set_timer = [](zb_context* c, uint64_t after_ns, void (*call)(void*),
                              void* argument) -> zb_result {
            if (call == nullptr) return ZB_INVALID;
            return of(c).set_timer(after_ns, call, argument);
        };
    }

    zb_host table_{};
    std::map<std::string, std::vector<std::pair<std::string, std::string>>> options_;
    std::map<std::string, Option> taken_;
    std::map<zb_message*, std::unique_ptr<Message>> kept_;
    std::vector<Timer> timers_;
    uint64_t timers_set_ = 0;  // ever
    size_t firing_ = 0;
    bool ended_ = false;             // drain has begun, of the instance that was made last
    StepResult* current_ = nullptr;  // of the call that runs now
    std::string reason_, option_error_;
};

inline Instance::Instance(FakeHost& host, const zb_plugin* plugin, void* self)
    : host_(host), plugin_(plugin), self_(self) {}

inline Instance FakeHost::create(const zb_plugin* plugin) {
    take_options(plugin->options, plugin->option_count, plugin->option_size);
    error.clear();
    option_error_.clear();
    ended_ = false;
    void* self = nullptr;
    const zb_result result = plugin->create(&table_, context(), &self);
    if (!option_error_.empty()) throw std::invalid_argument(option_error_);
    if (result != ZB_OK) throw std::runtime_error(error);
    return {*this, plugin, self};
}

inline void Instance::stop() {
    started_ = false;
    end_calls();
    if (plugin_->stop != nullptr) plugin_->stop(self_);
}

inline void Instance::end_calls() {
    host_.ended_ = true;
    host_.timers_.clear();
    host_.posted.clear();
}

inline void Instance::start() {
    host_.error.clear();
    if (plugin_->start != nullptr && plugin_->start(self_) != ZB_OK)
        throw std::runtime_error(host_.error);
    started_ = true;
}

inline StepResult Instance::step(const Content& message) {
    FakeHost::Message its(message);
    StepResult result;
    host_.error.clear();
    host_.current_ = &result;
    result.verdict = extension<zb_step>(ZB_STEP).on_message(self_, FakeHost::handle(its));
    host_.current_ = nullptr;
    static_cast<Content&>(result) = its.content;
    result.error = host_.error;
    return result;
}

inline zb_result Instance::read(uint64_t wait_ns) {
    return extension<zb_source>(ZB_SOURCE).read(self_, host_.now_ns + wait_ns);
}

inline std::vector<uint32_t> Instance::batch(const std::vector<Content>& messages) {
    std::vector<std::unique_ptr<FakeHost::Message>> owned;
    std::vector<zb_message*> handles;
    for (const Content& content : messages) {
        owned.push_back(std::make_unique<FakeHost::Message>(content));
        handles.push_back(FakeHost::handle(*owned.back()));
    }
    std::vector<uint32_t> answers(messages.size(), ZB_RETRY);
    (void)extension<zb_sink>(ZB_SINK).on_batch(
        self_, handles.data(), static_cast<uint32_t>(handles.size()), answers.data());
    return answers;
}

inline std::pair<bool, std::string> Instance::peer(const zb_peer_claim& claim) {
    zb_view user = claim.user;
    const bool allowed = extension<zb_auth>(ZB_AUTH).on_peer(self_, &claim, &user) == ZB_ALLOW;
    return {allowed, FakeHost::text(user)};
}

}  // namespace testing
}  // namespace sdk
}  // namespace zbridge

#endif

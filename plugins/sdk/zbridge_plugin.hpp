// The plugin interface of zbridge for C++17 and later: a thin, header-only coat over
// zbridge_plugin.h, which says what holds for threads, lifetimes and limits.
//
//   class Shout final : public zbridge::Step {
//    public:
//       using Step::Step;
//       zbridge::Verdict on_message(zbridge::Message& message) override {
//           std::string body(message.frame(0));
//           for (char& letter : body) letter = static_cast<char>(std::toupper(letter));
//           message.set_frame(0, body);
//           return pass();
//       }
//   };
//   ZBRIDGE_PLUGIN(Shout, "shout", "1.0.0", "Turns bodies into capitals.")
//
// A class derives from Step, Source, Sink or Auth, and may have
//   static constexpr zbridge::Option options[] = {...};   its option table
//   static constexpr bool may_block = true;               a step that waits: a thread of its own
// Its constructor takes a zbridge::Context&: context.options() are read there. It has no side
// effects: they belong into start().
//
// Failure: any exception becomes the bridge's error, with its what() as the sentence. zbridge::Error
//          says whether another try may do; options().refuse() points at the line of the file.
#ifndef ZBRIDGE_PLUGIN_HPP
#define ZBRIDGE_PLUGIN_HPP

#include <chrono>
#include <cstdint>
#include <exception>
#include <iterator>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "zbridge_plugin.h"

// Inline: `zbridge::Step` is what one writes; a plugin that is linked in with the bridge keeps its
// names apart.
namespace zbridge {
inline namespace sdk {

inline zb_view to_c(std::string_view bytes) {
    return {bytes.data(), bytes.size()};
}
inline std::string_view from_c(zb_view view) {
    return {view.data, view.size};
}

// Missing, or a value.
using PropertyValue = std::variant<std::monostate, bool, int64_t, double, std::string_view>;
inline zb_value value_to_c(const PropertyValue& value);
inline PropertyValue value_from_c(const zb_value& value);

class Error : public std::runtime_error {
 public:
    explicit Error(const std::string& sentence, bool retryable = false, zb_result code = ZB_FAILED)
        : std::runtime_error(sentence), retryable_(retryable), code_(code) {}
    bool retryable() const { return retryable_; }
    zb_result code() const { return code_; }

 private:
    bool retryable_;
    zb_result code_;
};

// A row of an option table: Option("fields", ZB_OPTION_TEXT, "The fields to
// mask.").required().many()
struct Option : zb_option {
    constexpr Option(const char* name, uint32_t of_type, const char* sentence)
        : zb_option{name, of_type, 0, nullptr, nullptr, nullptr, nullptr, sentence, nullptr} {}
    constexpr Option required() const { return with(ZB_OPTION_REQUIRED); }
    constexpr Option many() const { return with(ZB_OPTION_MANY); }
    constexpr Option map() const { return with(ZB_OPTION_MAP); }
    constexpr Option short_form() const { return with(ZB_OPTION_SHORT); }
    constexpr Option by_default(const char* text) const {
        Option copy = *this;
        copy.fallback = text;
        return copy;
    }
    constexpr Option at_least(const char* text) const {
        Option copy = *this;
        copy.min = text;
        return copy;
    }
    constexpr Option at_most(const char* text) const {
        Option copy = *this;
        copy.max = text;
        return copy;
    }
    constexpr Option one_of(const char* names) const {  // "hold|refuse"
        Option copy = *this;
        copy.choices = names;
        return copy;
    }
    constexpr Option such_as(const char* text) const {
        Option copy = *this;
        copy.example = text;
        return copy;
    }

 private:
    constexpr Option with(uint32_t flag) const {
        Option copy = *this;
        copy.flags |= flag;
        return copy;
    }
};
static_assert(sizeof(Option) == sizeof(zb_option));

// What the YAML gives this instance, already checked against its table.
class Options {
 public:
    Options(const zb_host* host, zb_context* context) : host_(host), context_(context) {}

    uint32_t count_of(const char* key) const { return host_->option_count(context_, key); }
    bool has(const char* key) const { return count_of(key) > 0; }
    std::string_view text(const char* key, uint32_t index = 0) const {
        return from_c(host_->option_text(context_, key, index));
    }
    int64_t integer(const char* key, uint32_t index = 0) const {
        return host_->option_integer(context_, key, index);
    }
    double number(const char* key, uint32_t index = 0) const {
        return host_->option_number(context_, key, index);
    }
    bool flag(const char* key) const { return integer(key) != 0; }
    std::chrono::nanoseconds duration(const char* key, uint32_t index = 0) const {
        return std::chrono::nanoseconds(integer(key, index));
    }
    std::vector<std::string_view> texts(const char* key) const {
        std::vector<std::string_view> all;
        for (uint32_t i = 0; i < count_of(key); i++)
            all.push_back(text(key, i));
        return all;
    }
    // Of a map: the user's names with their values, in the order of the file.
    std::vector<std::pair<std::string_view, std::string_view>> map(const char* key) const {
        std::vector<std::pair<std::string_view, std::string_view>> all;
        for (uint32_t i = 0; i < count_of(key); i++)
            all.emplace_back(from_c(host_->option_name(context_, key, i)), text(key, i));
        return all;
    }
    // Ends the constructor: this value is wrong. The sentence stands beside its file, line and
    // column.
    [[noreturn]] void refuse(const char* key, std::string_view sentence, uint32_t index = 0) const {
        host_->option_error(context_, key, index, to_c(sentence));
        throw Error(std::string(sentence), false, ZB_INVALID);
    }

 private:
    const zb_host* host_;
    zb_context* context_;
};

// A counter, gauge or histogram; one that the host did not give (there are too many) swallows what
// it is told.
class Metric {
 public:
    Metric() = default;
    Metric(const zb_host* host, zb_metric* metric) : host_(host), metric_(metric) {}
    void add(int64_t change = 1) {
        if (metric_) host_->metric_add(metric_, change);
    }
    void set(int64_t value) {
        if (metric_) host_->metric_set(metric_, value);
    }
    void record(int64_t value) {
        if (metric_) host_->metric_record(metric_, value);
    }

 private:
    const zb_host* host_ = nullptr;
    zb_metric* metric_ = nullptr;
};

// The host, as one instance sees it.
class Context {
 public:
    Context(const zb_host* host, zb_context* context) : host_(host), context_(context) {}

    const zb_host& host() const { return *host_; }
    zb_context* handle() const { return context_; }
    Options options() const { return {host_, context_}; }
    std::string_view name() const { return from_c(host_->instance_name(context_)); }

    void log(uint32_t level, std::string_view text) const {
        host_->log(context_, level, to_c(text));
    }
    void info(std::string_view text) const { log(ZB_LOG_INFO, text); }
    void warn(std::string_view text) const { log(ZB_LOG_WARN, text); }
    Metric counter(const char* name, const char* help) const {
        return {host_, host_->counter(context_, name, help)};
    }
    Metric gauge(const char* name, const char* help) const {
        return {host_, host_->gauge(context_, name, help)};
    }
    Metric histogram(const char* name, const char* help) const {
        return {host_, host_->histogram(context_, name, help)};
    }
    void healthy() const { host_->set_health(context_, 1, zb_view{nullptr, 0}); }
    void degraded(std::string_view why) const { host_->set_health(context_, 0, to_c(why)); }
    std::chrono::nanoseconds now() const {
        return std::chrono::nanoseconds(host_->now_ns(context_));
    }
    int64_t wall_clock_ms() const { return host_->wall_clock_ms(context_); }
    void fail(const std::exception& error, zb_result code, bool retryable) const {
        const char* what = error.what();  // an exception of somebody else's may have none
        host_->set_error(context_, code, retryable ? 1 : 0,
                         to_c(what == nullptr ? std::string_view() : std::string_view(what)));
    }

 private:
    const zb_host* host_;
    zb_context* context_;
};

// A message of the host's: frames, attributes, properties.
class Message {
 public:
    Message(const zb_host* host, zb_message* message) : host_(host), message_(message) {}
    zb_message* handle() const { return message_; }

    uint32_t frame_count() const { return host_->frame_count(message_); }
    std::string_view frame(uint32_t index) const { return from_c(host_->frame(message_, index)); }
    void set_frame(uint32_t index, std::string_view body) {
        check(host_->set_frame(message_, index, to_c(body)));
    }
    void set_frames(const std::vector<std::string_view>& bodies) {
        std::vector<zb_view> views;
        views.reserve(bodies.size());
        for (const std::string_view body : bodies)
            views.push_back(to_c(body));
        check(host_->set_frames(message_, views.data(), static_cast<uint32_t>(views.size())));
    }

    PropertyValue attribute(uint32_t which) const {
        return value_from_c(host_->attribute(message_, which));
    }
    void set_attribute(uint32_t which, const PropertyValue& value) {
        check(host_->set_attribute(message_, which, value_to_c(value)));
    }
    std::string_view tag() const { return text(ZB_TAG); }
    std::string_view id() const { return text(ZB_ID); }
    std::string_view order_key() const { return text(ZB_ORDER_KEY); }
    std::vector<std::string_view> keys() const {
        std::vector<std::string_view> all;
        for (uint32_t i = 0; i < host_->key_count(message_); i++)
            all.push_back(from_c(host_->key(message_, i)));
        return all;
    }
    PropertyValue property(std::string_view name) const {
        return value_from_c(host_->property(message_, to_c(name)));
    }
    void set_property(std::string_view name, const PropertyValue& value) {
        check(host_->set_property(message_, to_c(name), value_to_c(value)));
    }
    std::string_view peer(uint32_t what) const { return from_c(host_->peer(message_, what)); }

 private:
    std::string_view text(uint32_t which) const {
        const zb_value value = host_->attribute(message_, which);
        return value.kind == ZB_STRING ? from_c(value.text) : std::string_view();
    }
    static void check(zb_result result) {
        if (result == ZB_OK) return;
        throw Error(result == ZB_FULL ? "the message would be larger than allowed"
                                      : "the message has no such frame or attribute",
                    false, result);
    }

    const zb_host* host_;
    zb_message* message_;
};

// A message of the instance's own, until it is emitted, delivered or dropped.
class OwnMessage {
 public:
    OwnMessage() = default;
    OwnMessage(const zb_host* host, zb_context* context, zb_message* message)
        : host_(host), context_(context), message_(message) {}
    OwnMessage(OwnMessage&& other) noexcept
        : host_(other.host_),
          context_(other.context_),
          message_(std::exchange(other.message_, nullptr)) {}
    OwnMessage& operator=(OwnMessage&& other) noexcept {
        std::swap(host_, other.host_);
        std::swap(context_, other.context_);
        std::swap(message_, other.message_);
        return *this;
    }
    ~OwnMessage() {
        if (message_ != nullptr) host_->release(context_, message_);
    }
    // False: as many are kept as may be.
    explicit operator bool() const { return message_ != nullptr; }
    Message operator*() const { return {host_, message_}; }
    zb_message* get() const { return message_; }
    zb_message* give_up() { return std::exchange(message_, nullptr); }

 private:
    const zb_host* host_ = nullptr;
    zb_context* context_ = nullptr;
    zb_message* message_ = nullptr;
};

struct Verdict {
    zb_verdict value = ZB_PASS;
};

// What Step, Source, Sink and Auth have in common.
class Plugin {
 public:
    explicit Plugin(Context& context) : context_(context) {}
    virtual ~Plugin() = default;
    Plugin(const Plugin&) = delete;
    Plugin& operator=(const Plugin&) = delete;

    virtual void start() {}
    virtual void drain(std::chrono::nanoseconds deadline) { (void)deadline; }
    virtual void stop() {}

 protected:
    const Context& context() const { return context_; }
    Options options() const { return context_.options(); }
    OwnMessage make() const { return own(context_.host().make(context_.handle())); }
    OwnMessage copy(const Message& message) const {
        return own(context_.host().copy(context_.handle(), message.handle()));
    }

 private:
    OwnMessage own(zb_message* message) const {
        return {&context_.host(), context_.handle(), message};
    }
    Context context_;
};

class Step : public Plugin {
 public:
    using Plugin::Plugin;
    virtual Verdict on_message(Message& message) = 0;

 protected:
    Verdict pass() const { return {ZB_PASS}; }
    Verdict drop() const { return {ZB_DROP}; }
    Verdict refuse(std::string_view reason) const {
        context().host().set_reason(context().handle(), to_c(reason));
        return {ZB_REFUSE};
    }
    Verdict hold(std::chrono::nanoseconds time) const {
        context().host().set_hold(context().handle(), static_cast<uint64_t>(time.count()));
        return {ZB_HOLD};
    }
    Verdict route(std::string_view target) const {
        if (context().host().set_target(context().handle(), to_c(target)) != ZB_OK)
            throw Error("the route has no target " + std::string(target), false, ZB_NOT_FOUND);
        return {ZB_ROUTE};
    }
    // False: more than a message may become.
    bool emit(OwnMessage message) const {
        return context().host().emit(context().handle(), message.give_up()) == ZB_OK;
    }
};

class Source : public Plugin {
 public:
    using Plugin::Plugin;
    virtual void read(std::chrono::nanoseconds deadline) = 0;
    virtual void on_outcomes(const zb_outcome* outcomes, uint32_t count) = 0;

 protected:
    // False: not now; again in the next read.
    bool deliver(const OwnMessage& message, uint64_t cookie) const {
        const zb_result result =
            context().host().deliver(context().handle(), message.get(), cookie);
        if (result != ZB_OK && result != ZB_FULL)
            throw Error("a message without frames, or one that is too large", false, result);
        return result == ZB_OK;
    }
};

class Sink : public Plugin {
 public:
    using Plugin::Plugin;
    // The messages of one call; each is retried unless it is answered otherwise.
    class Batch {
     public:
        Batch(const zb_host* host, zb_message* const* messages, uint32_t count, uint32_t* answers)
            : host_(host), messages_(messages), count_(count), answers_(answers) {}
        uint32_t size() const { return count_; }
        Message operator[](uint32_t index) const { return {host_, messages_[index]}; }
        void done(uint32_t index) { answers_[index] = ZB_DONE; }
        void retry(uint32_t index) { answers_[index] = ZB_RETRY; }
        void reject(uint32_t index) { answers_[index] = ZB_REJECT; }

     private:
        const zb_host* host_;
        zb_message* const* messages_;
        uint32_t count_;
        uint32_t* answers_;
    };
    virtual void on_batch(Batch& batch) = 0;
};

class Auth : public Plugin {
 public:
    using Plugin::Plugin;
    // Whether this peer may be here, and as whom: `user` may be changed.
    virtual bool on_peer(const zb_peer_claim& claim, std::string& user) = 0;

 protected:
    bool deny(std::string_view reason) const {
        context().host().set_reason(context().handle(), to_c(reason));
        return false;
    }
};

inline zb_value value_to_c(const PropertyValue& value) {
    zb_value out{ZB_NOTHING, 0, 0, 0, {nullptr, 0}};
    if (const bool* flag = std::get_if<bool>(&value)) {
        out.kind = ZB_BOOL;
        out.flag = *flag ? 1 : 0;
    } else if (const int64_t* integer = std::get_if<int64_t>(&value)) {
        out.kind = ZB_INTEGER;
        out.integer = *integer;
    } else if (const double* number = std::get_if<double>(&value)) {
        out.kind = ZB_NUMBER;
        out.number = *number;
    } else if (const std::string_view* text = std::get_if<std::string_view>(&value)) {
        out.kind = ZB_STRING;
        out.text = to_c(*text);
    }
    return out;
}

inline PropertyValue value_from_c(const zb_value& value) {
    switch (value.kind) {
        case ZB_BOOL:
            return value.flag != 0;
        case ZB_INTEGER:
            return value.integer;
        case ZB_NUMBER:
            return value.number;
        case ZB_STRING:
            return from_c(value.text);
        default:
            return std::monostate{};
    }
}

// The border: C functions around a class. No exception passes it.
namespace border {

template <class T>
struct Instance {
    Context context;
    std::unique_ptr<T> plugin;
    std::string user;  // Auth's answer, until the next one
};

// Runs `call`; an exception becomes the host's error, and its code the answer.
template <class Call>
zb_result guarded(const Context& context, Call&& call) noexcept {
    try {
        call();
        return ZB_OK;
    } catch (const Error& error) {
        const zb_result code = error.code() == ZB_OK ? ZB_FAILED : error.code();
        context.fail(error, code, error.retryable());
        return code;
    } catch (const std::exception& error) {
        context.fail(error, ZB_FAILED, false);
    } catch (...) {
        context.fail(std::runtime_error("an exception that is none of the standard's"), ZB_FAILED,
                     false);
    }
    return ZB_FAILED;
}

template <class T>
Instance<T>& self(void* instance) {
    return *static_cast<Instance<T>*>(instance);
}

template <class T>
zb_result create(const zb_host* host, zb_context* context, void** instance) {
    Context given(host, context);
    return guarded(given, [&] {
        auto made = std::make_unique<Instance<T>>(Instance<T>{given, nullptr, {}});
        made->plugin = std::make_unique<T>(made->context);
        *instance = made.release();
    });
}

template <class T>
zb_result start(void* instance) {
    return guarded(self<T>(instance).context, [&] { self<T>(instance).plugin->start(); });
}

template <class T>
void drain(void* instance, uint64_t deadline_ns) {
    (void)guarded(self<T>(instance).context,
                  [&] { self<T>(instance).plugin->drain(std::chrono::nanoseconds(deadline_ns)); });
}

template <class T>
void stop(void* instance) {
    (void)guarded(self<T>(instance).context, [&] { self<T>(instance).plugin->stop(); });
}

template <class T>
void destroy(void* instance) {
    delete static_cast<Instance<T>*>(instance);
}

template <class T>
zb_verdict on_message(void* instance, zb_message* message) {
    auto& [context, plugin, user] = self<T>(instance);
    zb_verdict verdict = ZB_ERROR;
    const zb_result result = guarded(context, [&, &its = *plugin, &host = context.host()] {
        Message view(&host, message);
        verdict = its.on_message(view).value;
    });
    return result == ZB_OK ? verdict : static_cast<zb_verdict>(ZB_ERROR);
}

template <class T>
zb_result read(void* instance, uint64_t deadline_ns) {
    return guarded(self<T>(instance).context,
                   [&] { self<T>(instance).plugin->read(std::chrono::nanoseconds(deadline_ns)); });
}

template <class T>
void on_outcomes(void* instance, const zb_outcome* outcomes, uint32_t count) {
    (void)guarded(self<T>(instance).context,
                  [&] { self<T>(instance).plugin->on_outcomes(outcomes, count); });
}

template <class T>
zb_result on_batch(void* instance, zb_message* const* messages, uint32_t count, uint32_t* answers) {
    const Context& context = self<T>(instance).context;
    return guarded(context, [&] {
        Sink::Batch batch(&context.host(), messages, count, answers);
        self<T>(instance).plugin->on_batch(batch);
    });
}

template <class T>
int32_t on_peer(void* instance, const zb_peer_claim* claim, zb_view* user) {
    bool allowed = false;
    std::string& name = self<T>(instance).user;
    const zb_result result = guarded(self<T>(instance).context, [&] {
        name = std::string(from_c(claim->user));
        allowed = self<T>(instance).plugin->on_peer(*claim, name);
    });
    *user = to_c(name);
    return result == ZB_OK && allowed ? ZB_ALLOW : ZB_DENY;
}

template <class T, class = void>
struct Table {
    static constexpr const zb_option* rows = nullptr;
    static constexpr uint32_t count = 0;
};
template <class T>
struct Table<T, std::void_t<decltype(T::options)>> {
    static constexpr const zb_option* rows = T::options;
    static constexpr uint32_t count = std::size(T::options);
};

template <class T, class = void>
struct MayBlock : std::false_type {};
template <class T>
struct MayBlock<T, std::void_t<decltype(T::may_block)>> : std::bool_constant<T::may_block> {};

template <class T>
const void* extension(const char* id) {
    const std::string_view wanted(id);
    if constexpr (std::is_base_of_v<Step, T>) {
        static const zb_step step{sizeof(zb_step), MayBlock<T>::value * uint32_t{ZB_STEP_MAY_BLOCK},
                                  &on_message<T>};
        if (wanted == ZB_STEP) return &step;
    }
    if constexpr (std::is_base_of_v<Source, T>) {
        static const zb_source source{sizeof(zb_source), 0, &read<T>, &on_outcomes<T>};
        if (wanted == ZB_SOURCE) return &source;
    }
    if constexpr (std::is_base_of_v<Sink, T>) {
        static const zb_sink sink{sizeof(zb_sink), 0, 0, 0, 0, &on_batch<T>};
        if (wanted == ZB_SINK) return &sink;
    }
    if constexpr (std::is_base_of_v<Auth, T>) {
        static const zb_auth auth{sizeof(zb_auth), 0, &on_peer<T>};
        if (wanted == ZB_AUTH) return &auth;
    }
    return nullptr;
}

template <class T>
constexpr zb_plugin describe(const char* name, const char* version, const char* summary) {
    return {sizeof(zb_plugin), ZB_ABI_MAJOR,      ZB_ABI_MINOR, name,
            version,           summary,           nullptr,      Table<T>::rows,
            Table<T>::count,   sizeof(zb_option), &create<T>,   &start<T>,
            &drain<T>,         &stop<T>,          &destroy<T>,  &extension<T>};
}

}  // namespace border

}  // namespace sdk
}  // namespace zbridge

// Exports CLASS as the plugin of this shared object. Once, in one source file.
#define ZBRIDGE_PLUGIN(CLASS, NAME, VERSION, SUMMARY)                                             \
    extern "C" ZB_EXPORT const zb_plugin* ZB_ENTRY_NAME(void) {                                   \
        static const zb_plugin plugin = zbridge::border::describe<CLASS>(NAME, VERSION, SUMMARY); \
        return &plugin;                                                                           \
    }

#endif

// The C functions of zb_host, in the order of the header: each checks what it was given and calls
// Context or MessageView. No exception passes this border.
#include <cstring>
#include <limits>

#include "bridge/plugin/context.h"
#include "bridge/plugin/declaration.h"
#include "bridge/plugin/engine.h"

namespace zbridge::plugin {

namespace {

constexpr uint64_t kHoldNsMin = 1'000'000;
constexpr uint64_t kHoldNsMax = 60'000'000'000;

// --- options

uint32_t option_count(zb_context* context, const char* key) {
    return context->option_count(key);
}
zb_view option_text(zb_context* context, const char* key, uint32_t index) {
    const OptionValue* value = context->option(key, index);
    return value == nullptr ? zb_view{nullptr, 0} : to_c(value->text);
}
int64_t option_integer(zb_context* context, const char* key, uint32_t index) {
    const OptionValue* value = context->option(key, index);
    return value == nullptr ? 0 : value->integer;
}
double option_number(zb_context* context, const char* key, uint32_t index) {
    const OptionValue* value = context->option(key, index);
    return value == nullptr ? 0 : value->number;
}
zb_view option_name(zb_context* context, const char* key, uint32_t index) {
    const OptionValue* value = context->option(key, index);
    return value == nullptr ? zb_view{nullptr, 0} : to_c(value->name);
}
void option_error(zb_context* context, const char* key, uint32_t index, zb_view sentence) {
    context->option_error(key, index, from_c(sentence));
}
zb_view instance_name(zb_context* context) {
    return to_c(context->options().name);
}

// --- what it reports

void set_error(zb_context* context, zb_result code, int retryable, zb_view sentence) {
    context->set_error(code, retryable != 0, from_c(sentence));
}
void log(zb_context* context, uint32_t level, zb_view text) {
    context->log(level, from_c(text));
}
zb_metric* counter(zb_context* context, const char* name, const char* help) {
    return context->metric(zb_metric::Kind::kCounter, name, help);
}
zb_metric* gauge(zb_context* context, const char* name, const char* help) {
    return context->metric(zb_metric::Kind::kGauge, name, help);
}
zb_metric* histogram(zb_context* context, const char* name, const char* help) {
    return context->metric(zb_metric::Kind::kHistogram, name, help);
}
void metric_add(zb_metric* metric, int64_t change) {
    if (metric != nullptr) metric->value.fetch_add(change, std::memory_order_relaxed);
}
void metric_set(zb_metric* metric, int64_t value) {
    if (metric != nullptr) metric->value.store(value, std::memory_order_relaxed);
}
void metric_record(zb_metric* metric, int64_t value) {
    if (metric == nullptr) return;
    metric->value.fetch_add(value, std::memory_order_relaxed);
    metric->count.fetch_add(1, std::memory_order_relaxed);
    // One thread of an instance at a time: load and store do.
    if (value < metric->least.load(std::memory_order_relaxed))
        metric->least.store(value, std::memory_order_relaxed);
    if (value > metric->most.load(std::memory_order_relaxed))
        metric->most.store(value, std::memory_order_relaxed);
}
void set_health(zb_context* context, int healthy, zb_view sentence) {
    context->set_health(healthy != 0, from_c(sentence));
}
uint64_t now_ns(zb_context* context) {
    return static_cast<uint64_t>(context->services().clock->now().time_since_epoch().count());
}
int64_t wall_clock_ms(zb_context* context) {
    return context->services().clock->wall_us() / 1000;
}

// --- messages; null is what make() and copy() give at their limit, and is an empty one here

uint32_t frame_count(const zb_message* message) {
    return message == nullptr ? 0 : message->frame_count();
}
zb_view frame(const zb_message* message, uint32_t index) {
    return message == nullptr ? zb_view{nullptr, 0} : message->frame(index);
}
zb_result set_frame(zb_message* message, uint32_t index, zb_view body) {
    return message == nullptr ? zb_result{ZB_INVALID} : message->set_frame(index, from_c(body));
}
zb_result set_frames(zb_message* message, const zb_view* bodies, uint32_t count) {
    return message == nullptr ? zb_result{ZB_INVALID} : message->set_frames(bodies, count);
}
constexpr zb_value kNothing{ZB_NOTHING, 0, 0, 0, {nullptr, 0}};
zb_value attribute(const zb_message* message, uint32_t which) {
    return message == nullptr ? kNothing : message->attribute(which);
}
zb_result set_attribute(zb_message* message, uint32_t which, zb_value value) {
    return message == nullptr ? zb_result{ZB_INVALID} : message->set_attribute(which, value);
}
uint32_t key_count(const zb_message* message) {
    return message == nullptr ? 0 : static_cast<uint32_t>(message->attributes().keys.size());
}
zb_view key(const zb_message* message, uint32_t index) {
    return index < key_count(message) ? to_c(message->attributes().keys[index])
                                      : zb_view{nullptr, 0};
}
zb_value property(const zb_message* message, zb_view name) {
    return message == nullptr ? kNothing : message->property(from_c(name));
}
zb_result set_property(zb_message* message, zb_view name, zb_value value) {
    return message == nullptr ? zb_result{ZB_INVALID} : message->set_property(from_c(name), value);
}
uint32_t property_count(const zb_message* message) {
    return message == nullptr ? 0 : static_cast<uint32_t>(message->attributes().properties.size());
}
zb_view property_name(const zb_message* message, uint32_t index) {
    return index < property_count(message) ? to_c(message->attributes().properties[index].first)
                                           : zb_view{nullptr, 0};
}
zb_view peer(const zb_message* message, uint32_t what) {
    return message == nullptr ? zb_view{nullptr, 0} : message->peer(what);
}
zb_message* keep(zb_context* context, LooseMessage message) {
    zb_message* kept = context->keep(std::move(message));
    if (kept == nullptr && context->remarks != nullptr)
        context->remarks->say(Remarks::Kind::kKeptTooMany,
                              "keeps as many messages as it may, and is given no more");
    return kept;
}
zb_message* make(zb_context* context) {
    return keep(context, {});
}
zb_message* copy(zb_context* context, const zb_message* message) {
    return message == nullptr ? nullptr : keep(context, message->copy());
}
void release(zb_context* context, zb_message* message) {
    (void)context->give_up(message);  // one that is not its own is not freed
}

// --- verbs of a call

zb_result emit(zb_context* context, zb_message* message) {
    std::unique_ptr<zb_message> owned = context->give_up(message);
    if (!owned) return ZB_NOT_FOUND;
    StepCall* call = context->step_call;
    if (call == nullptr) return ZB_WRONG_STATE;
    if (owned->frame_count() == 0) return ZB_INVALID;
    if (call->emitted.size() >= Context::kEmitsMax) {
        call->emitted_too_many++;
        return ZB_FULL;
    }
    call->emitted.push_back(std::move(owned));
    return ZB_OK;
}
void set_reason(zb_context* context, zb_view sentence) {
    if (context->step_call != nullptr)
        context->step_call->reason = Context::sentence_of(from_c(sentence));
}
void set_hold(zb_context* context, uint64_t ns) {
    if (context->step_call != nullptr)
        context->step_call->hold_ns = std::min(std::max(ns, kHoldNsMin), kHoldNsMax);
}
zb_result set_target(zb_context* context, zb_view name) {
    StepCall* call = context->step_call;
    if (call == nullptr || call->targets == nullptr) return ZB_WRONG_STATE;
    for (size_t i = 0; i < call->targets->size(); i++) {
        if ((*call->targets)[i] != from_c(name)) continue;
        call->target = static_cast<int>(i);
        return ZB_OK;
    }
    return ZB_NOT_FOUND;
}
zb_result deliver(zb_context* context, zb_message* message, uint64_t cookie) {
    ReadCall* call = context->read_call;
    if (call == nullptr) return ZB_WRONG_STATE;
    if (message == nullptr || message->frame_count() == 0) return ZB_INVALID;
    LooseMessage loose = message->copy();
    const size_t bytes = loose.bytes();
    const bool first = call->delivered.empty();
    if (call->delivered.size() >= call->messages_max ||
        (!first && call->bytes + bytes > call->bytes_max))
        return ZB_FULL;
    call->bytes += bytes;
    call->delivered.push_back({std::move(loose), cookie});
    return ZB_OK;
}
zb_result post(zb_context* context, void (*call)(void*), void* argument) {
    return context->post(call, argument);
}
zb_result set_timer(zb_context* context, uint64_t after_ns, void (*call)(void*), void* argument) {
    return context->set_timer(after_ns, call, argument);
}
const void* get_extension(zb_context*, const char* id) {
    return id != nullptr && std::strcmp(id, ZB_ENGINE_HOST) == 0 ? &engine_host_table() : nullptr;
}

}  // namespace

const zb_host& host_table() {
    static const std::string id(build_id());
    static const zb_host table{sizeof(zb_host),
                               ZB_ABI_MAJOR,
                               ZB_ABI_MINOR,
                               ZBRIDGE_VERSION,
                               id.c_str(),
                               option_count,
                               option_text,
                               option_integer,
                               option_number,
                               option_name,
                               option_error,
                               instance_name,
                               set_error,
                               log,
                               counter,
                               gauge,
                               histogram,
                               metric_add,
                               metric_set,
                               metric_record,
                               set_health,
                               now_ns,
                               wall_clock_ms,
                               frame_count,
                               frame,
                               set_frame,
                               set_frames,
                               attribute,
                               set_attribute,
                               key_count,
                               key,
                               property,
                               set_property,
                               property_count,
                               property_name,
                               peer,
                               make,
                               copy,
                               release,
                               emit,
                               set_reason,
                               set_hold,
                               set_target,
                               deliver,
                               post,
                               set_timer,
                               get_extension};
    return table;
}

}  // namespace zbridge::plugin

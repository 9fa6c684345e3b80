// A plugin whose functions are the test's lambdas, as an instance of the real host.
#pragma once

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bridge/plugin/instance.h"
#include "bridge/plugin/worker.h"

namespace zbridge::testing {

inline zb_view view_of(std::string_view text) {
    return {text.data(), text.size()};
}
inline std::string text_of(zb_view view) {
    return view.size == 0 ? std::string() : std::string(view.data, view.size);
}

// What the plugin does. What is not set: a step passes, a source has nothing, a sink takes all.
struct Script {
    std::function<zb_result()> create, start;
    std::function<void()> drain, stop, destroy;
    std::function<zb_verdict(zb_message*)> step;
    std::function<zb_result(uint64_t deadline_ns)> read;
    std::function<void(const zb_outcome&)> outcome;
    std::function<zb_result(zb_message* const*, uint32_t, uint32_t*)> batch;
    std::function<int32_t(const zb_peer_claim&, zb_view*)> peer;

    zb_step as_step{sizeof(zb_step), 0, call_step};
    zb_source as_source{sizeof(zb_source), 0, call_read, call_outcomes};
    zb_sink as_sink{sizeof(zb_sink), 0, 0, 0, 0, call_batch};
    zb_auth as_auth{sizeof(zb_auth), 0, call_peer};
    bool is_step = true, is_source = true, is_sink = true, is_auth = true;
    const zb_engine* as_engine = nullptr;  // null: it is none
    zb_plugin plugin{sizeof(zb_plugin), ZB_ABI_MAJOR, ZB_ABI_MINOR, "scripted", "1.2.3",
                     "A test's own.",   nullptr,      nullptr,      0,          sizeof(zb_option),
                     call_create,       call_start,   call_drain,   call_stop,  call_destroy,
                     extension};
    const zb_host* host = nullptr;
    zb_context* context = nullptr;

    // The one that create and get_extension, which have no object, speak for.
    static inline Script* current = nullptr;

 private:
    static Script& of(void* self) { return *static_cast<Script*>(self); }
    static zb_result call_create(const zb_host* host, zb_context* context, void** self) {
        current->host = host;
        current->context = context;
        *self = current;
        return current->create ? current->create() : zb_result{ZB_OK};
    }
    static zb_result call_start(void* self) {
        return of(self).start ? of(self).start() : zb_result{ZB_OK};
    }
    static void call_drain(void* self, uint64_t) {
        if (of(self).drain) of(self).drain();
    }
    static void call_stop(void* self) {
        if (of(self).stop) of(self).stop();
    }
    static void call_destroy(void* self) {
        if (of(self).destroy) of(self).destroy();
    }
    static zb_verdict call_step(void* self, zb_message* message) {
        return of(self).step ? of(self).step(message) : zb_verdict{ZB_PASS};
    }
    static zb_result call_read(void* self, uint64_t deadline_ns) {
        return of(self).read ? of(self).read(deadline_ns) : zb_result{ZB_OK};
    }
    static void call_outcomes(void* self, const zb_outcome* outcomes, uint32_t count) {
        for (uint32_t i = 0; i < count; i++) {
            if (of(self).outcome) of(self).outcome(outcomes[i]);
        }
    }
    static zb_result call_batch(void* self, zb_message* const* messages, uint32_t count,
                                uint32_t* answers) {
        if (of(self).batch) return of(self).batch(messages, count, answers);
        std::fill(answers, answers + count, uint32_t{ZB_DONE});
        return ZB_OK;
    }
    static int32_t call_peer(void* self, const zb_peer_claim* claim, zb_view* user) {
        return of(self).peer ? of(self).peer(*claim, user) : int32_t{ZB_ALLOW};
    }
    static const void* extension(const char* id) {
        const std::string_view wanted(id);
        if (wanted == ZB_STEP && current->is_step) return &current->as_step;
        if (wanted == ZB_SOURCE && current->is_source) return &current->as_source;
        if (wanted == ZB_SINK && current->is_sink) return &current->as_sink;
        if (wanted == ZB_AUTH && current->is_auth) return &current->as_auth;
        if (wanted == ZB_ENGINE) return current->as_engine;
        return nullptr;
    }
};

inline plugin::InstanceOptions instance_named(const std::string& name) {
    plugin::InstanceOptions options;
    options.name = name;
    options.file = "shop.yaml";
    options.line = 7;
    options.column = 3;
    return options;
}

// Script -> declaration -> instance, started.
class ScriptedPlugin {
 public:
    explicit ScriptedPlugin(const plugin::Services& services, const std::string& name = "scripted")
        : options(instance_named(name)), services_(services) {}

    plugin::Instance& make(bool start = true) {
        Script::current = &script;
        instance.reset();
        auto checked = plugin::Declaration::check(&script.plugin, "");
        REQUIRE(checked.ok());
        declaration_ = *std::move(checked);
        auto made = plugin::Instance::create(*declaration_, options, services_);
        REQUIRE(made.ok());
        instance = *std::move(made);
        if (start) REQUIRE(instance->start().ok());
        return *instance;
    }
    // Emits a message of one frame.
    zb_result emit(std::string_view body) {
        zb_message* made = script.host->make(script.context);
        if (made == nullptr) return ZB_FULL;
        const zb_view frame = view_of(body);
        REQUIRE(script.host->set_frames(made, &frame, 1) == ZB_OK);
        return script.host->emit(script.context, made);
    }
    zb_verdict hold(Duration time) {
        script.host->set_hold(script.context, static_cast<uint64_t>(time.count()));
        return ZB_HOLD;
    }
    std::string body(const zb_message* message) { return text_of(script.host->frame(message, 0)); }

    Script script;
    plugin::InstanceOptions options;

 private:
    const plugin::Services& services_;
    std::unique_ptr<plugin::Declaration> declaration_;

 public:
    std::unique_ptr<plugin::Instance> instance;
};

}  // namespace zbridge::testing

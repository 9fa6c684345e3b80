// A catalog with engines that keep nothing: `durable` has topics, and a word on their options;
// `bare` declares no section. And a sink, a step.
#pragma once

#include "bridge/plugin/catalog.h"
#include "bridge/plugin/context.h"
#include "plugins/built_in.h"
#include "tests/unit/support/toy_engine.h"

namespace zbridge::testing {

// What only the engine itself can know of a topic.
inline zb_result make_toy(const zb_host* host, zb_context* context, void**) {
    constexpr std::string_view kSentence = "not with `dedup` of 3s";
    bool good = true;
    for (uint32_t i = 0; i < context->entry_count("topics"); i++) {
        zb_context* topic = context->entry("topics", i);
        if (host->option_integer(topic, "dedup.window", 0) != 3'000'000'000) continue;
        host->option_error(topic, "dedup.window", 0, {kSentence.data(), kSentence.size()});
        good = false;
    }
    return good ? ZB_OK : ZB_INVALID;
}

inline zb_plugin toy_plugin(const char* name, const void* (*extension)(const char*)) {
    zb_plugin plugin{};
    plugin.size = sizeof(zb_plugin);
    plugin.abi_major = ZB_ABI_MAJOR;
    plugin.abi_minor = ZB_ABI_MINOR;
    plugin.name = name;
    plugin.version = "1.0.0";
    plugin.summary = "A test's own.";
    plugin.build_id = our_build_id().c_str();
    plugin.create = make_toy;
    plugin.destroy = [](void*) {};
    plugin.get_extension = extension;
    return plugin;
}

inline const zb_plugin* toy_durable() {
    static const zb_engine engine = toy_engine();
    static const zb_plugin plugin = toy_plugin("durable", [](const char* id) -> const void* {
        return std::string_view(id) == ZB_ENGINE ? &engine : nullptr;
    });
    return &plugin;
}

inline const zb_plugin* toy_bare() {
    static const zb_engine engine = [] {
        zb_engine bare = toy_engine();
        bare.section_count = 0;
        return bare;
    }();
    static const zb_plugin plugin = toy_plugin("bare", [](const char* id) -> const void* {
        return std::string_view(id) == ZB_ENGINE ? &engine : nullptr;
    });
    return &plugin;
}

struct ToyCatalog {
    RealClock clock;
    plugin::Catalog catalog{{toy_durable, toy_bare, zbridge_plugin_entry_mask,
                             zbridge_plugin_entry_file_sink, zbridge_plugin_entry_file_source},
                            {},
                            clock};
};

}  // namespace zbridge::testing

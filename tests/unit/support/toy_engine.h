// An engine that keeps nothing, with the sections `topics` and `groups`: for what is declared and configured.
#pragma once

#include <string>

#include "bridge/plugin/declaration.h"
#include "plugins/sdk/zbridge_engine.h"

namespace zbridge::testing {

inline const std::string& our_build_id() {
    static const std::string id(plugin::build_id());
    return id;
}

inline constexpr zb_option kToyTopicOptions[] = {
    {"retention.age", ZB_OPTION_DURATION, 0, nullptr, "1s", nullptr, nullptr,
     "How old a message becomes.", "72h"},
    {"retention.size", ZB_OPTION_SIZE, 0, nullptr, "1MiB", nullptr, nullptr,
     "How many bytes are kept.", "20GiB"},
    {"keep", ZB_OPTION_CHOICE, 0, "all", nullptr, nullptr, "all|last_per_key", "Which are kept.",
     nullptr},
    {"dedup.window", ZB_OPTION_DURATION, 0, "10m", nullptr, nullptr, nullptr,
     "How long an id is known.", nullptr},
};

inline constexpr zb_option kToyGroupOptions[] = {
    {"topic", ZB_OPTION_TEXT, ZB_OPTION_REQUIRED, nullptr, nullptr, nullptr, nullptr,
     "The topic that it reads.", "orders"},
    {"dead_letter", ZB_OPTION_TEXT, 0, nullptr, nullptr, nullptr, nullptr,
     "The topic of its dead letters.", nullptr},
    {"resume_grace", ZB_OPTION_DURATION, 0, "2s", nullptr, nullptr, nullptr,
     "How long what was given before a start may be settled.", nullptr},
    {"mode", ZB_OPTION_CHOICE, 0, "share", nullptr, nullptr, "share|broadcast", "Who gets what.",
     nullptr},
};

inline constexpr zb_section kToySections[] = {
    {"topics", "What is kept.", kToyTopicOptions, 4, sizeof(zb_option)},
    {"groups", "Who shares it.", kToyGroupOptions, 4, sizeof(zb_option)}};

inline zb_engine toy_engine() {
    zb_engine engine{};
    engine.size = sizeof(zb_engine);
    engine.sections = kToySections;
    engine.section_count = 2;
    engine.section_size = sizeof(zb_section);
    engine.topic = [](void*, zb_view) -> uint32_t { return ZB_NO_TOPIC; };
    engine.has_room = [](void*) -> uint32_t { return 1; };
    engine.publish = [](void*, const zb_publication*, uint32_t, zb_receipt*) -> zb_taken {
        return ZB_STORE_FULL;
    };
    engine.note = [](void*, uint64_t, uint32_t, zb_view, uint32_t, zb_receipt*) -> zb_taken {
        return ZB_STORE_FULL;
    };
    engine.turn_end = [](void*) {};
    engine.bounds = [](void*, uint32_t) -> zb_bounds { return {0, 0}; };
    engine.position = [](void*, uint32_t, uint32_t, int64_t) -> uint64_t { return 0; };
    engine.read = [](void*, uint32_t, uint64_t, uint64_t, zb_run*, uint32_t,
                     uint32_t* count) -> zb_taken {
        *count = 0;
        return ZB_TAKEN;
    };
    engine.group = [](void*, zb_view) -> uint32_t { return ZB_NO_GROUP; };
    engine.receive = [](void*, uint32_t, const zb_receive*, zb_delivery*, uint32_t) -> uint32_t {
        return 0;
    };
    engine.settle = [](void*, uint32_t, const zb_settlement*, const zb_publication*, uint32_t,
                       zb_settled*) -> zb_taken { return ZB_STALE; };
    engine.admin = [](void*, zb_view, zb_view, uint64_t) {};
    engine.idle = [](void*) -> uint32_t { return 1; };
    engine.prepare = [](void*, const zb_publication*, zb_view, zb_receipt*,
                        zb_transaction*) -> zb_taken { return ZB_STORE_FULL; };
    engine.resolve = [](void*, zb_transaction, uint32_t, uint64_t) -> zb_taken { return ZB_STALE; };
    return engine;
}

}  // namespace zbridge::testing

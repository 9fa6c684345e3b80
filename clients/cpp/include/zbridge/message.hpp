// What is published: frames, and the attributes that the bridge looks at.
//
// What the bridge would close the connection over (a name that is none) is refused here: Invalid.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "attributes.hpp"

namespace zbridge::client {

// The frames of a message, and its attributes.
struct Message : Attributes {
    std::vector<std::string> frames;
    std::optional<std::chrono::milliseconds> delay;  // `deliver_at` so long from now on

    Message() = default;
    Message(std::string body) { frames.push_back(std::move(body)); }  // NOLINT: meant to convert
    Message(std::string_view body) : Message(std::string(body)) {}    // NOLINT
    Message(const char* body) : Message(std::string(body)) {}         // NOLINT
};

// A topic's or a group's: [A-Za-z0-9%_.-], 1 to 127 octets.
inline void check_name(std::string_view name, const char* what) {
    bool good = !name.empty() && name.size() <= 127;
    for (const char each : name)
        good = good && ((each >= 'A' && each <= 'Z') || (each >= 'a' && each <= 'z') ||
                        (each >= '0' && each <= '9') ||
                        std::string_view("%_.-").find(each) != std::string_view::npos);
    if (!good)
        throw Invalid(std::string(what) + ": `" + std::string(name) +
                      "` is no name: [A-Za-z0-9%_.-], 1 to 127 octets");
}

namespace core {

// The attributes of a message in msgpack; empty where it has none.
inline std::string attributes_of(const Message& message, WallClock::time_point now) {
    if (!message.id && message.keys.empty() && !message.order_key && !message.tag &&
        !message.deliver_at && !message.delay && !message.priority && message.properties.empty())
        return {};
    Octets fields;
    Packer packer(fields);
    uint32_t count = 0;
    const auto text = [&](const char* key, const std::optional<std::string>& value) {
        if (!value) return;
        count++;
        pack_text(packer, key);
        pack_text(packer, checked(*value, key));
    };
    text("id", message.id);
    if (!message.keys.empty()) {
        count++;
        pack_text(packer, "keys");
        packer.pack_array(static_cast<uint32_t>(message.keys.size()));
        for (const std::string& each : message.keys)
            pack_text(packer, checked(each, "keys"));
    }
    text("order_key", message.order_key);
    text("tag", message.tag);
    if (message.deliver_at && message.delay) throw Invalid("deliver_at or delay, not both");
    if (message.deliver_at || message.delay) {
        count++;
        pack_text(packer, "deliver_at");
        packer.pack_uint64(
            milliseconds_since_1970(message.delay ? now + *message.delay : *message.deliver_at));
    }
    if (message.priority) {
        if (*message.priority > kPriorityMax) throw Invalid("priority: 0 to 9");
        count++;
        pack_text(packer, "priority");
        packer.pack_uint32(*message.priority);
    }
    if (!message.properties.empty()) {
        count++;
        pack_text(packer, "properties");
        packer.pack_map(static_cast<uint32_t>(message.properties.size()));
        for (const auto& each : message.properties) {
            pack_text(packer, checked(each.first, "properties"));
            pack_property(packer, each.second);
        }
    }
    Octets whole;
    Packer(whole).pack_map(count);
    return std::move(whole.bytes) + fields.bytes;
}

inline void check_frames(const Message& message) {
    if (message.frames.empty()) throw Invalid("a message has at least one frame");
}

// A message as it stands in a block.
inline std::string body_of(const Message& message) {
    check_frames(message);
    std::string body;
    append_message(body, message.frames);
    return body;
}

}  // namespace core
}  // namespace zbridge::client

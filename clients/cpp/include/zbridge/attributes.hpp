// What a message has besides its frames, and the bridge looks at: written by producers, read of what
// is delivered, found or checked.
//
// Failure: writing what the bridge would close the connection over is Invalid; reading what the
//          protocol does not allow is a Violation. Attributes that are not known are not looked at.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/heard.hpp"
#include "core/text.hpp"

namespace zbridge::client {

using Property = std::variant<bool, int64_t, double, std::string>;
using WallClock = std::chrono::system_clock;

// What is not set the message has not.
struct Attributes {
    std::optional<std::string> id;  // the producer's own: with `dedup` a second one is not stored
    std::vector<std::string> keys;
    std::optional<std::string> order_key;
    std::optional<std::string> tag;
    std::optional<WallClock::time_point> deliver_at;
    std::optional<uint32_t> priority;            // 0 to 9, for groups that look at it
    std::map<std::string, Property> properties;  // what filters compare
};

using AttributesPtr = std::shared_ptr<const Attributes>;  // null: it has none, or none are known

namespace core {

constexpr uint32_t kPriorityMax = 9;

inline uint64_t milliseconds_since_1970(WallClock::time_point when) {
    const auto since =
        std::chrono::duration_cast<std::chrono::milliseconds>(when.time_since_epoch());
    if (since.count() < 0) throw Invalid("a time from 1970 on");
    return static_cast<uint64_t>(since.count());
}

inline WallClock::time_point time_of(const Value& milliseconds) {
    const uint64_t since = std::min<uint64_t>(number_of(milliseconds), INT64_MAX / 1'000'000);
    return WallClock::time_point(std::chrono::duration_cast<WallClock::duration>(
        std::chrono::milliseconds(static_cast<int64_t>(since))));
}

inline const std::string& checked(const std::string& text, const char* what) {
    if (!is_utf8(text)) throw Invalid(std::string(what) + ": not UTF-8");
    return text;
}

inline void pack_property(Packer& packer, const Property& value) {
    if (const auto* text = std::get_if<std::string>(&value))
        pack_text(packer, checked(*text, "properties"));
    else if (const auto* flag = std::get_if<bool>(&value))
        packer.pack(*flag);
    else if (const auto* number = std::get_if<int64_t>(&value))
        packer.pack_int64(*number);
    else
        packer.pack_double(std::get<double>(value));
}

inline Property property_of(const Value& value) {
    switch (value.type) {
        case msgpack::type::BOOLEAN:
            return value.via.boolean;
        case msgpack::type::POSITIVE_INTEGER:
            return static_cast<int64_t>(value.via.u64);  // above that the bridge keeps a float
        case msgpack::type::NEGATIVE_INTEGER:
            return value.via.i64;
        case msgpack::type::FLOAT32:
        case msgpack::type::FLOAT64:
            return value.via.f64;
        default:
            return std::string(text_of(value));
    }
}

// Null where it is nil.
inline AttributesPtr attributes_of(const Value& value) {
    if (value.is_nil()) return nullptr;
    const Fields fields(value);
    auto found = std::make_shared<Attributes>();
    const auto text = [&fields](const char* key, std::optional<std::string>& to) {
        if (const Value* its = fields.find(key)) to = std::string(text_of(*its));
    };
    text("id", found->id);
    text("order_key", found->order_key);
    text("tag", found->tag);
    for (const Value& each : fields.list_or_empty("keys"))
        found->keys.emplace_back(text_of(each));
    if (const Value* at = fields.find("deliver_at")) found->deliver_at = time_of(*at);
    if (const auto priority = fields.number_if("priority"))
        found->priority = static_cast<uint32_t>(std::min<uint64_t>(*priority, kPriorityMax));
    const Value* properties = fields.find("properties");
    if (properties == nullptr) return found;
    if (properties->type != msgpack::type::MAP) throw Violation("properties that are no map");
    const auto& map = properties->via.map;
    for (size_t at = 0; at < map.size; at++)
        found->properties.emplace(text_of(map.ptr[at].key), property_of(map.ptr[at].val));
    return found;
}

}  // namespace core
}  // namespace zbridge::client

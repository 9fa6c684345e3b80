// A message's attributes as bytes: zb_run.attributes, and in MSG records. None are no bytes.
//
// Each is  u8 what | varint length | bytes,  in the order of the enum, keys and properties as they
// were given. So that equal attributes are equal bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/durable/ids.h"
#include "plugins/sdk/zbridge_engine.h"

namespace zbridge::durable {

// On the disk: a number is never given to another one.
enum class AttributeKind : uint8_t {
    kId = 1,
    kOrderKey = 2,
    kTag = 3,
    kDeliverAt = 4,  // i64 milliseconds since 1970
    kKey = 5,
    kProperty = 6,   // varint name length | name | u8 kind (as zb_kind) | value
    kPriority = 10,  // u8, 1 to 9; none is 0
    kTarget = 7,     // u32 topic that it is delivered to when its time has come; the last one
    kChecker = 16,   // of a prepared one: who is asked whether it is to be; the last but one
    kPrepared = 17,  // likewise: u32 topic that it is committed to; the last one
};

// Of a property: a bool is 1 byte, an integer 8, a number 8 (IEEE 754), a text its bytes.
void encode_attributes(const zb_attributes& attributes, std::string& bytes);

void append_target(std::string& attributes, TopicId target);
// Taken off the end. None: there is none.
std::optional<TopicId> take_target(std::string_view& attributes);

struct PreparedFor {
    TopicId target;
    std::string_view checker;
};
void append_prepared(std::string& attributes, const PreparedFor& what);
// Taken off the end. None: it is no prepared message's.
std::optional<PreparedFor> take_prepared(std::string_view& attributes);

// What encode_attributes() was given; views into the bytes. None: they are not such bytes.
struct DecodedAttributes {
    std::string_view id, order_key, tag;
    int64_t deliver_at_ms = 0;
    std::vector<std::string_view> keys;
    std::vector<std::pair<std::string_view, zb_value>> properties;
    uint32_t priority = 0;
};
std::optional<DecodedAttributes> decode_attributes(std::string_view bytes);
// One of them alone, without the others: the first text of a kind (empty: none), the property of a
// name (ZB_NOTHING: none). What is no such bytes has none.
std::string_view text_in(std::string_view attributes, AttributeKind kind);
zb_value property_in(std::string_view attributes, std::string_view name);
// The producer's id alone; empty: none.
std::string_view id_in(std::string_view attributes);
// The first key alone; empty: none.
std::string_view key_in(std::string_view attributes);
uint8_t priority_in(std::string_view attributes);
bool has_key(std::string_view attributes, std::string_view key);

}  // namespace zbridge::durable

#include "plugins/durable/topics/attributes.h"

#include "plugins/durable/record.h"
#include "plugins/durable/topics/bytes.h"

namespace zbridge::durable {

namespace {

std::string_view from_view(zb_view view) {
    return {view.data, view.size};
}

void append_attribute(std::string& bytes, AttributeKind kind, std::string_view value) {
    bytes += static_cast<char>(kind);
    append_varint(bytes, value.size());
    bytes += value;
}

void append_text(std::string& bytes, AttributeKind kind, zb_view text) {
    if (text.size > 0) append_attribute(bytes, kind, from_view(text));
}

void append_property(std::string& bytes, const zb_property& property) {
    std::string value;
    append_varint(value, property.name.size);
    value += from_view(property.name);
    value += static_cast<char>(property.value.kind);
    switch (property.value.kind) {
        case ZB_BOOL:
            append(value, static_cast<uint8_t>(property.value.flag));
            break;
        case ZB_INTEGER:
            append(value, property.value.integer);
            break;
        case ZB_NUMBER:
            append(value, std::bit_cast<uint64_t>(property.value.number));
            break;
        case ZB_STRING:
            value += from_view(property.value.text);
            break;
        default:
            break;
    }
    append_attribute(bytes, AttributeKind::kProperty, value);
}

std::optional<std::pair<std::string_view, zb_value>> read_property(std::string_view bytes) {
    const auto name_bytes = take_varint(bytes);
    if (!name_bytes || *name_bytes >= bytes.size()) return std::nullopt;
    const std::string_view name = bytes.substr(0, static_cast<size_t>(*name_bytes));
    Taker taker(bytes.substr(name.size()));
    zb_value value{taker.number<uint8_t>(), 0, 0, 0, {nullptr, 0}};
    switch (value.kind) {
        case ZB_NOTHING:
            break;
        case ZB_BOOL:
            value.flag = taker.number<uint8_t>();
            break;
        case ZB_INTEGER:
            value.integer = taker.number<int64_t>();
            break;
        case ZB_NUMBER:
            value.number = std::bit_cast<double>(taker.number<uint64_t>());
            break;
        case ZB_STRING: {
            const std::string_view text = taker.text(taker.rest().size());
            value.text = {text.data(), text.size()};
            break;
        }
        default:
            return std::nullopt;
    }
    if (!taker.ok() || !taker.rest().empty()) return std::nullopt;
    return std::pair(name, value);
}

// The first attribute, taken off the front.
struct Attribute {
    AttributeKind kind{};
    std::string_view value;
};
std::optional<Attribute> take_attribute(std::string_view& bytes) {
    const auto kind = static_cast<AttributeKind>(bytes[0]);
    bytes.remove_prefix(1);
    const auto size = take_varint(bytes);
    if (!size || *size > bytes.size()) return std::nullopt;
    const Attribute attribute{kind, bytes.substr(0, static_cast<size_t>(*size))};
    bytes.remove_prefix(attribute.value.size());
    return attribute;
}

void append_topic(std::string& attributes, AttributeKind kind, TopicId topic) {
    std::string number;
    append(number, topic.number());
    append_attribute(attributes, kind, number);
}

// Of one that stands last.
std::optional<TopicId> take_topic(std::string_view& attributes, AttributeKind kind) {
    constexpr size_t kBytes = 1 + 1 + sizeof(uint32_t);
    if (attributes.size() < kBytes) return std::nullopt;
    std::string_view last = attributes.substr(attributes.size() - kBytes);
    const auto attribute = take_attribute(last);
    if (!attribute || attribute->kind != kind || !last.empty()) return std::nullopt;
    attributes.remove_suffix(kBytes);
    return TopicId(Taker(attribute->value).number<uint32_t>());
}

}  // namespace

void encode_attributes(const zb_attributes& attributes, std::string& bytes) {
    append_text(bytes, AttributeKind::kId, attributes.id);
    append_text(bytes, AttributeKind::kOrderKey, attributes.order_key);
    append_text(bytes, AttributeKind::kTag, attributes.tag);
    if (attributes.deliver_at_ms != 0) {
        std::string at;
        append(at, attributes.deliver_at_ms);
        append_attribute(bytes, AttributeKind::kDeliverAt, at);
    }
    for (uint32_t i = 0; i < attributes.key_count; i++)
        append_attribute(bytes, AttributeKind::kKey, from_view(attributes.keys[i]));
    for (uint32_t i = 0; i < attributes.property_count; i++)
        append_property(bytes, attributes.properties[i]);
    if (attributes.priority != 0) {
        const char priority = static_cast<char>(attributes.priority);
        append_attribute(bytes, AttributeKind::kPriority, {&priority, 1});
    }
}

void append_target(std::string& attributes, TopicId target) {
    append_topic(attributes, AttributeKind::kTarget, target);
}

std::optional<TopicId> take_target(std::string_view& attributes) {
    return take_topic(attributes, AttributeKind::kTarget);
}

void append_prepared(std::string& attributes, const PreparedFor& what) {
    append_attribute(attributes, AttributeKind::kChecker, what.checker);
    append_topic(attributes, AttributeKind::kPrepared, what.target);
}

std::optional<PreparedFor> take_prepared(std::string_view& attributes) {
    std::string_view own = attributes;
    const auto target = take_topic(own, AttributeKind::kPrepared);
    if (!target) return std::nullopt;
    for (std::string_view rest = own; !rest.empty();) {
        const size_t at = own.size() - rest.size();
        const auto attribute = take_attribute(rest);
        if (!attribute) break;
        if (attribute->kind != AttributeKind::kChecker || !rest.empty()) continue;
        attributes = own.substr(0, at);
        return PreparedFor{*target, attribute->value};
    }
    return std::nullopt;
}

std::optional<DecodedAttributes> decode_attributes(std::string_view bytes) {
    DecodedAttributes decoded;
    while (!bytes.empty()) {
        const auto attribute = take_attribute(bytes);
        if (!attribute) return std::nullopt;
        const std::string_view value = attribute->value;
        switch (attribute->kind) {
            case AttributeKind::kId:
                decoded.id = value;
                break;
            case AttributeKind::kOrderKey:
                decoded.order_key = value;
                break;
            case AttributeKind::kTag:
                decoded.tag = value;
                break;
            case AttributeKind::kDeliverAt:
                if (value.size() != sizeof(int64_t)) return std::nullopt;
                decoded.deliver_at_ms = Taker(value).number<int64_t>();
                break;
            case AttributeKind::kKey:
                decoded.keys.push_back(value);
                break;
            case AttributeKind::kProperty: {
                const auto property = read_property(value);
                if (!property) return std::nullopt;
                decoded.properties.push_back(*property);
                break;
            }
            case AttributeKind::kTarget:
            case AttributeKind::kChecker:
            case AttributeKind::kPrepared:
                break;
            case AttributeKind::kPriority:
                if (value.size() != 1) return std::nullopt;
                decoded.priority = static_cast<uint8_t>(value[0]);
                break;
            default:
                return std::nullopt;
        }
    }
    return decoded;
}

std::string_view text_in(std::string_view attributes, AttributeKind kind) {
    while (!attributes.empty()) {
        const auto attribute = take_attribute(attributes);
        if (!attribute) break;
        if (attribute->kind == kind) return attribute->value;
    }
    return {};
}

zb_value property_in(std::string_view attributes, std::string_view name) {
    while (!attributes.empty()) {
        const auto attribute = take_attribute(attributes);
        if (!attribute) break;
        if (attribute->kind != AttributeKind::kProperty) continue;
        const auto property = read_property(attribute->value);
        if (property && property->first == name) return property->second;
    }
    return {};
}

std::string_view id_in(std::string_view attributes) {
    // It stands first, if there is one.
    if (attributes.empty() || attributes[0] != static_cast<char>(AttributeKind::kId)) return {};
    const auto attribute = take_attribute(attributes);
    return attribute ? attribute->value : std::string_view();
}

std::string_view key_in(std::string_view attributes) {
    return text_in(attributes, AttributeKind::kKey);
}

uint8_t priority_in(std::string_view attributes) {
    const std::string_view value = text_in(attributes, AttributeKind::kPriority);
    return value.empty() ? uint8_t{0} : static_cast<uint8_t>(value[0]);
}

bool has_key(std::string_view attributes, std::string_view key) {
    while (!attributes.empty()) {
        const auto attribute = take_attribute(attributes);
        if (!attribute) return false;
        if (attribute->kind == AttributeKind::kKey && attribute->value == key) return true;
    }
    return false;
}

}  // namespace zbridge::durable

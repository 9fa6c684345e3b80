#include "bridge/app/stored_messages.h"

#include <string>

namespace zbridge::app {

namespace {

using telemetry::Report;

std::optional<std::string> text_of(const Report& told) {
    std::string text = told.text();
    return text.empty() ? std::nullopt : std::optional(std::move(text));
}

// None: it is no value that a property has.
std::optional<Value> value_of(const Report& told) {
    const auto& value = told.value();
    if (const auto* flag = std::get_if<bool>(&value)) return *flag;
    if (const auto* number = std::get_if<int64_t>(&value)) return *number;
    if (const auto* number = std::get_if<uint64_t>(&value)) return static_cast<int64_t>(*number);
    if (const auto* real = std::get_if<double>(&value)) return *real;
    if (const auto* text = std::get_if<std::string>(&value)) return *text;
    return std::nullopt;
}

Attributes attributes_of(const Report& told) {
    Attributes its;
    its.id = text_of(told.at("producer_id"));
    its.order_key = text_of(told.at("order_key"));
    its.tag = text_of(told.at("tag"));
    if (const uint64_t priority = told.at("priority").number(); priority > 0)
        its.priority = static_cast<uint8_t>(priority);
    for (const Report& key : told.at("keys").items())
        its.keys.push_back(key.text());
    for (const auto& [name, value] : told.at("properties").entries()) {
        if (auto known = value_of(value)) its.properties.emplace_back(name, *std::move(known));
    }
    return its;
}

}  // namespace

StoredMessage::StoredMessage(const Report& told, MemoryBudget& memory)
    : offset_(told.at("offset").number()),
      stored_us_(static_cast<int64_t>(told.at("stored_ms").number()) * 1000),
      id_(MessageId::parse(told.at("id").text())),
      attributes_(attributes_of(told)) {
    std::string wire;
    const auto& frames = told.at("frames").items();
    for (size_t i = 0; i < frames.size(); i++)
        append_frame(wire, frames[i].text(), i + 1 < frames.size());
    wire_ = memory.copy(wire);
}

Passing StoredMessage::passing() const {
    Passing passing;
    passing.way = Passing::Way::kStored;
    passing.wire = wire_;
    passing.attributes = &attributes_;
    passing.offset = offset_;
    passing.id = id_;
    return passing;
}

}  // namespace zbridge::app

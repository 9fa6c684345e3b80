#include "bridge/protocol/found_messages.h"

#include <utility>
#include <variant>

#include "bridge/model/message.h"

namespace zbridge::protocol {

using telemetry::Report;

namespace {

std::optional<Value> value_of(const Report& report) {
    const Report::Value& value = report.value();
    if (const bool* flag = std::get_if<bool>(&value)) return Value(*flag);
    if (const int64_t* whole = std::get_if<int64_t>(&value)) return Value(*whole);
    if (const uint64_t* whole = std::get_if<uint64_t>(&value))
        return Value(static_cast<int64_t>(*whole));
    if (const double* real = std::get_if<double>(&value)) return Value(*real);
    if (const std::string* text = std::get_if<std::string>(&value)) return Value(*text);
    return std::nullopt;
}

std::optional<std::string> text_of(const Report& report) {
    const std::string text = report.text();
    return text.empty() ? std::nullopt : std::optional(text);
}

Attributes attributes_of(const Report& message) {
    Attributes its;
    its.id = text_of(message.at("producer_id"));
    for (const Report& key : message.at("keys").items())
        its.keys.push_back(key.text());
    its.order_key = text_of(message.at("order_key"));
    its.tag = text_of(message.at("tag"));
    const uint64_t priority = message.at("priority").number();
    if (priority > 0 && priority <= kPriorityMax) its.priority = static_cast<uint8_t>(priority);
    for (const auto& [name, value] : message.at("properties").entries()) {
        if (auto its_value = value_of(value)) its.properties.emplace_back(name, *its_value);
    }
    return its;
}

}  // namespace

FoundMessages read_found(const Report& report) {
    FoundMessages found;
    for (const Report& message : report.items()) {
        const auto& frames = message.at("frames").items();
        for (size_t i = 0; i < frames.size(); i++)
            append_frame(found.block, frames[i].text(), i + 1 < frames.size());
        found.messages.push_back({message.at("offset").number(),
                                  MessageId::parse(message.at("id").text()).value_or(MessageId{}),
                                  message.at("stored_ms").number(), attributes_of(message)});
    }
    return found;
}

}  // namespace zbridge::protocol

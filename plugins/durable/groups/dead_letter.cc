#include "plugins/durable/groups/dead_letter.h"

#include "bridge/base/message_id.h"

namespace zbridge::durable {

namespace {

zb_view view(std::string_view text) {
    return {text.data(), text.size()};
}

bool is_of_death(std::string_view name) {
    return name.starts_with(DeadLetter::kPrefix);
}

}  // namespace

DeadLetter::DeadLetter(const zb_run& run, std::string_view topic, std::string_view group,
                       std::string_view reason, uint32_t attempts, int64_t now_ms)
    : id_(MessageId{run.id_epoch, run.first_sequence}.text()) {
    attributes_.size = sizeof(zb_attributes);
    DecodedAttributes its;
    if (auto decoded = decode_attributes({run.attributes.data, run.attributes.size}))
        its = std::move(*decoded);
    for (const std::string_view key : its.keys)
        keys_.push_back(view(key));
    for (const auto& [name, value] : its.properties) {
        if (!is_of_death(name)) properties_.push_back({view(name), value});
    }
    add("dead.topic", topic);
    add("dead.group", group);
    add("dead.id", id_);
    if (!reason.empty()) add("dead.reason", reason);
    add("dead.attempts", int64_t{attempts});
    add("dead.stored_ms", run.stored_ms);
    add("dead.died_ms", now_ms);
    attributes_.id = view(its.id);
    attributes_.order_key = view(its.order_key);
    attributes_.tag = view(its.tag);
    attributes_.keys = keys_.data();
    attributes_.key_count = static_cast<uint32_t>(keys_.size());
    attributes_.properties = properties_.data();
    attributes_.property_count = static_cast<uint32_t>(properties_.size());
}

void DeadLetter::add(std::string_view name, std::string_view text) {
    zb_value value{};
    value.kind = ZB_STRING;
    value.text = view(text);
    properties_.push_back({view(name), value});
}

void DeadLetter::add(std::string_view name, int64_t number) {
    zb_value value{};
    value.kind = ZB_INTEGER;
    value.integer = number;
    properties_.push_back({view(name), value});
}

}  // namespace zbridge::durable

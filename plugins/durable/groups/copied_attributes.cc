#include "plugins/durable/groups/copied_attributes.h"

#include <algorithm>

namespace zbridge::durable {

namespace {

zb_view view(std::string_view text) {
    return {text.data(), text.size()};
}

}  // namespace

CopiedAttributes::CopiedAttributes(zb_view attributes,
                                   std::initializer_list<std::string_view> without) {
    DecodedAttributes its;
    if (auto decoded = decode_attributes({attributes.data, attributes.size}))
        its = std::move(*decoded);
    for (const std::string_view key : its.keys)
        keys_.push_back(view(key));
    for (const auto& [name, value] : its.properties) {
        const bool left_out = std::any_of(
            without.begin(), without.end(),
            [&, named = name](std::string_view prefix) { return named.starts_with(prefix); });
        if (!left_out) properties_.push_back({view(name), value});
    }
    attributes_.size = sizeof(zb_attributes);
    attributes_.id = view(its.id);
    attributes_.order_key = view(its.order_key);
    attributes_.tag = view(its.tag);
    attributes_.priority = its.priority;
}

void CopiedAttributes::add(std::string_view name, std::string_view text) {
    zb_value value{};
    value.kind = ZB_STRING;
    value.text = view(text);
    properties_.push_back({view(name), value});
}

void CopiedAttributes::add(std::string_view name, int64_t number) {
    zb_value value{};
    value.kind = ZB_INTEGER;
    value.integer = number;
    properties_.push_back({view(name), value});
}

const zb_attributes& CopiedAttributes::to_c() {
    attributes_.keys = keys_.data();
    attributes_.key_count = static_cast<uint32_t>(keys_.size());
    attributes_.properties = properties_.data();
    attributes_.property_count = static_cast<uint32_t>(properties_.size());
    return attributes_;
}

}  // namespace zbridge::durable

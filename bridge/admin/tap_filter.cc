#include "bridge/admin/tap_filter.h"

#include <algorithm>
#include <variant>

namespace zbridge::admin {

namespace {

sql92::Value view_of(const Value& value) {
    return std::visit([](const auto& its) { return sql92::Value(its); }, value);
}

sql92::Value text_or_null(std::string_view text) {
    return text.empty() ? sql92::Value() : sql92::Value(text);
}

sql92::Value number(uint64_t value) {
    return static_cast<int64_t>(value);
}

std::string_view last_frame(const Message& message) {
    const std::string_view wire = message.wire().bytes();
    std::string_view body;
    for (size_t at = 0; at < wire.size();) {
        const Frame frame = frame_at(wire, at);
        body = frame.body;
        at = frame.end;
    }
    return body;
}

bool is_of_bridge(std::string_view name) {
    return name.starts_with("$") || name == "TAGS";
}

}  // namespace

std::string_view name_of(Passing::Way way) {
    switch (way) {
        case Passing::Way::kIn:
            return "in";
        case Passing::Way::kOut:
            return "out";
        case Passing::Way::kRouted:
            return "routed";
        case Passing::Way::kGiven:
            return "given";
        case Passing::Way::kStored:
            return "stored";
    }
    return "";
}

class TapFilter::View final : public sql92::Properties {
 public:
    View(const TapFilter& filter, bool has_fields, const Passing& passing, const Message& message)
        : filter_(filter), has_fields_(has_fields), passing_(passing), message_(message) {}

    sql92::Value value_of(std::string_view name) const override {
        if (const Attributes* attributes = passing_.attributes) {
            for (const auto& [property, value] : attributes->properties) {
                if (property == name) return view_of(value);
            }
            if (name == "TAGS" && attributes->tag) return std::string_view(*attributes->tag);
        }
        return is_of_bridge(name) ? value_of_bridge(name) : field(name);
    }

 private:
    sql92::Value field(std::string_view name) const {
        if (!has_fields_) return {};
        for (const auto& [known, slot] : filter_.slots_) {
            if (known == name) return routing::view_of(filter_.fields_->found(slot));
        }
        return {};
    }

    sql92::Value value_of_bridge(std::string_view name) const {
        if (name == "$way") return name_of(passing_.way);
        if (name == "$user") return text_or_null(passing_.user);
        if (name == "$identity") return text_or_null(passing_.identity);
        if (name == "$address") return text_or_null(passing_.address);
        if (name == "$peer" && passing_.peer != PeerId{}) return number(passing_.peer.number());
        if (name == "$bytes") return number(passing_.head.size() + message_.size());
        if (name == "$frames") return number(frames_in(passing_.head.bytes()) + message_.frames());
        if (name == "$attempt" && passing_.attempt > 0) return number(passing_.attempt);
        if (name == "$offset" && passing_.offset) return number(*passing_.offset);
        if (name == "$body") return last_frame(message_).substr(0, kFieldsBytesMax);
        if (passing_.attributes != nullptr) return value_of_attribute(name);
        return {};
    }

    sql92::Value value_of_attribute(std::string_view name) const {
        const Attributes& its = *passing_.attributes;
        if (name == "$id" && its.id) return std::string_view(*its.id);
        if (name == "$order_key" && its.order_key) return std::string_view(*its.order_key);
        if (name == "$priority") return number(its.priority.value_or(0));
        if (name != "$keys" || its.keys.empty()) return {};
        if (its.keys.size() == 1) return std::string_view(its.keys.front());
        keys_.clear();
        for (const std::string& key : its.keys)
            keys_ += (keys_.empty() ? "" : " ") + key;
        return std::string_view(keys_);
    }

    const TapFilter& filter_;
    bool has_fields_;
    const Passing& passing_;
    const Message& message_;
    mutable std::string keys_;
};

size_t frames_in(std::string_view wire) {
    size_t frames = 0;
    for (size_t at = 0; at < wire.size(); frames++)
        at = frame_at(wire, at).end;
    return frames;
}

TapFilter::TapFilter(sql92::Filter filter) : filter_(std::move(filter)) {}

Result<TapFilter> TapFilter::compile(std::string_view where) {
    auto filter = sql92::Filter::compile(where);
    if (!filter.ok()) return std::move(filter).error().with_context("where");
    TapFilter made(*std::move(filter));
    const routing::DecodeOptions decode{.as = routing::Codec::kJson, .frame = {}};
    made.fields_ = std::make_unique<routing::Evaluator>(decode);
    for (const std::string& name : made.filter_.names()) {
        if (name.starts_with("$") &&
            std::find(kNames.begin(), kNames.end(), name) == kNames.end()) {
            std::string known;
            for (const std::string_view each : kNames)
                known += (known.empty() ? "" : ", ") + std::string(each);
            return Status(Code::kInvalid,
                          "where: nothing is called `" + name + "`: expected one of " + known);
        }
        if (is_of_bridge(name)) continue;
        auto slot = made.fields_->add("$['" + name + "']");
        if (!slot.ok()) return std::move(slot).error().with_context("where");
        made.slots_.emplace_back(name, *slot);
    }
    return made;
}

bool TapFilter::matches(const Passing& passing, const Message& message) const {
    const bool asked = !slots_.empty() && message.size() <= kFieldsBytesMax;
    const bool has_fields = asked && !fields_->read(message, {});  // what is no JSON has none
    const bool matches = filter_.matches(View(*this, has_fields, passing, message));
    if (asked) fields_->trim();
    return matches;
}

}  // namespace zbridge::admin

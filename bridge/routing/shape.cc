#include "bridge/routing/shape.h"

#include <algorithm>
#include <cmath>

#include "bridge/base/time_text.h"

namespace zbridge::routing {

namespace {

std::optional<int64_t> time_ms_of(const Found& found) {
    std::optional<int64_t> ms;
    if (found.kind == Found::Kind::kInteger) {
        ms = found.integer;
    } else if (found.kind == Found::Kind::kDouble && std::abs(found.real) < 1e15) {
        ms = static_cast<int64_t>(found.real);
    } else if (found.kind == Found::Kind::kText) {
        return parse_time_ms(found.text);
    }
    if (ms && (*ms < kTimeMsMin || *ms > kTimeMsMax)) ms.reset();
    return ms;
}

std::optional<uint8_t> priority_of(const Found& found) {
    int64_t number = -1;
    if (found.kind == Found::Kind::kInteger)
        number = found.integer;
    else if (found.kind == Found::Kind::kText && found.text.size() == 1)
        number = found.text[0] - '0';
    if (number < 0 || number > kPriorityMax) return std::nullopt;
    return static_cast<uint8_t>(number);
}

}  // namespace

// What a filter sees: views of what the evaluator found.
class Shape::FilterView final : public sql92::Properties {
 public:
    explicit FilterView(const Shape& shape) : shape_(shape) {}

    sql92::Value value_of(std::string_view name) const override {
        for (const auto& [property, slot] : shape_.properties_) {
            if (property == name) return view_of(shape_.evaluator_->found(slot));
        }
        if (name != "TAGS" || !shape_.tag_) return {};
        return view_of(shape_.evaluator_->found(*shape_.tag_));
    }

 private:
    const Shape& shape_;
};

Shape::Shape(const DecodeOptions& decode, const Clock& clock)
    : clock_(&clock), evaluator_(std::make_unique<Evaluator>(decode)) {}
Shape::Shape(Shape&&) noexcept = default;
Shape& Shape::operator=(Shape&&) noexcept = default;
Shape::~Shape() = default;

Result<Shape> Shape::compile(const ShapeOptions& options, const Clock& clock) {
    Shape shape(options.decode, clock);
    shape.prefix_ = options.match_prefix.value_or("");
    if (auto status = shape.add(options.set); !status.ok()) return status;
    if (options.match_filter) {
        auto filter = sql92::Filter::compile(*options.match_filter);
        if (!filter.ok()) return std::move(filter).error().with_context("match.filter");
        shape.filter_ = std::move(*filter);
    }
    for (const std::string& name : options.required) {
        if (auto status = shape.add_required(name, options); !status.ok()) return status;
    }
    shape.evaluator_->require_decode();
    shape.trivial_ = shape.evaluator_->empty() && !shape.filter_;
    return shape;
}

Status Shape::add(std::string_view key, const std::optional<Expression>& expression,
                  std::optional<Slot>& slot) {
    if (!expression) return {};
    auto added = evaluator_->add(*expression);
    if (!added.ok()) return std::move(added).error().with_context("set." + std::string(key));
    slot = *added;
    return {};
}

Status Shape::add(const SetOptions& set) {
    if (set.deliver_at && set.delay) {
        return {Code::kInvalid, "set.deliver_at, set.delay: one of them says when, not both"};
    }
    if (auto status = add("id", set.id, id_); !status.ok()) return status;
    for (const Expression& expression : set.keys) {
        std::optional<Slot> slot;
        if (auto status = add("keys", expression, slot); !status.ok()) return status;
        keys_.push_back(*slot);
    }
    if (auto status = add("order_key", set.order_key, order_key_); !status.ok()) return status;
    if (auto status = add("tag", set.tag, tag_); !status.ok()) return status;
    if (auto status = add("deliver_at", set.deliver_at, deliver_at_); !status.ok()) return status;
    if (auto status = add("delay", set.delay, delay_); !status.ok()) return status;
    if (auto status = add("priority", set.priority, priority_); !status.ok()) return status;
    for (const auto& [name, expression] : set.properties) {
        std::optional<Slot> slot;
        auto status = add("properties." + name, expression, slot);
        if (!status.ok()) return status;
        properties_.emplace_back(name, *slot);
    }
    return {};
}

// An attribute or property that `set` sets; else a path of the decoded frame, with or without its
// `$.`.
Status Shape::add_required(const std::string& name, const ShapeOptions& options) {
    const std::pair<std::string_view, const std::optional<Slot>*> attributes[] = {
        {"id", &id_},       {"order_key", &order_key_},   {"tag", &tag_},
        {"delay", &delay_}, {"deliver_at", &deliver_at_}, {"priority", &priority_},
    };
    Required required{.name = name, .slots = {}};
    for (const auto& [attribute, slot] : attributes) {
        if (attribute == name && *slot) required.slots.push_back(**slot);
    }
    if (name == "keys") required.slots = keys_;
    for (const auto& [property, slot] : properties_) {
        if (property == name) required.slots.push_back(slot);
    }
    if (required.slots.empty()) {
        const bool is_expression = name.starts_with('$');
        if (!is_expression && options.decode.as == Codec::kNone) {
            return {Code::kInvalid, "required: `set` sets no '" + name + "'"};
        }
        auto slot = evaluator_->add(is_expression ? name : "$." + name);
        if (!slot.ok()) return std::move(slot).error().with_context("required: '" + name + "'");
        required.slots.push_back(*slot);
    }
    required_.push_back(std::move(required));
    return {};
}

Result<Attributes, Refusal> Shape::attributes(const Message& body, const PeerView& peer) const {
    Attributes attributes;
    if (trivial_) return attributes;
    auto refusal = evaluator_->read(body, peer);
    if (refusal)
        detail_ = {};
    else if (filter_ && !filter_->matches(FilterView(*this)))
        refusal = refuse(Refusal::kNoMatch, {});
    if (!refusal) refusal = check_required();
    if (!refusal) refusal = fill(attributes);
    evaluator_->trim();
    if (refusal) return *refusal;
    return attributes;
}

std::optional<Refusal> Shape::fill(Attributes& attributes) const {
    if (auto refusal = id_ ? fill_text("id", *id_, attributes.id) : std::nullopt) return refusal;
    if (auto refusal =
            order_key_ ? fill_text("order_key", *order_key_, attributes.order_key) : std::nullopt) {
        return refusal;
    }
    if (auto refusal = tag_ ? fill_text("tag", *tag_, attributes.tag) : std::nullopt)
        return refusal;
    attributes.keys.reserve(keys_.size());
    for (const Slot slot : keys_) {
        std::optional<std::string> key;
        if (auto refusal = fill_text("keys", slot, key)) return refusal;
        if (key) attributes.keys.push_back(std::move(*key));
    }
    attributes.properties.reserve(properties_.size());
    for (const auto& [name, slot] : properties_) {
        const Found found = evaluator_->found(slot);
        if (found.text.size() > kAttributeBytesMax) return refuse(Refusal::kTooLarge, name);
        if (found) attributes.properties.emplace_back(name, value_of(found));
    }
    if (auto refusal = fill_priority(attributes.priority)) return refusal;
    return fill_time(attributes);
}

std::optional<Refusal> Shape::fill_text(std::string_view key, Slot slot,
                                        std::optional<std::string>& text) const {
    const Found found = evaluator_->found(slot);
    if (found.text.size() > kAttributeBytesMax) return refuse(Refusal::kTooLarge, key);
    if (found) text = text_of(found);
    return std::nullopt;
}

std::optional<Refusal> Shape::fill_time(Attributes& attributes) const {
    if (deliver_at_) {
        const Found found = evaluator_->found(*deliver_at_);
        attributes.deliver_at_ms = time_ms_of(found);
        // Never delivered at once because its time was not understood.
        if (found && !attributes.deliver_at_ms)
            return refuse(
                Refusal::kUndecodable,
                "deliver_at is no time, as 2026-11-24T10:00:00Z or milliseconds since 1970");
    }
    if (delay_) {
        const Found found = evaluator_->found(*delay_);
        if (!found) return std::nullopt;
        const auto delay =
            found.kind == Found::Kind::kText ? parse_duration(found.text) : std::nullopt;
        if (!delay)
            return refuse(Refusal::kUndecodable, "delay is no text with a duration, as 10s");
        attributes.deliver_at_ms =
            clock_->wall_us() / 1000 +
            std::chrono::duration_cast<std::chrono::milliseconds>(*delay).count();
    }
    return std::nullopt;
}

std::optional<Refusal> Shape::fill_priority(std::optional<uint8_t>& priority) const {
    if (!priority_) return std::nullopt;
    const Found found = evaluator_->found(*priority_);
    if (!found) return std::nullopt;
    priority = priority_of(found);
    // Never behind all others because it was not understood.
    if (!priority) return refuse(Refusal::kUndecodable, "priority is no number from 0 to 9");
    return std::nullopt;
}

std::optional<Refusal> Shape::check_required() const {
    for (const Required& required : required_) {
        for (const Slot slot : required.slots) {
            if (!evaluator_->found(slot)) return refuse(Refusal::kMissing, required.name);
        }
    }
    return std::nullopt;
}

Refusal Shape::refuse(Refusal why, std::string_view about) const {
    detail_ = about;
    return why;
}

}  // namespace zbridge::routing

// What a route makes of one message: is it for the route, and which attributes does it have.
//
// Flow:    intake -> [shape] -> steps -> delivery
// Thread:  one at a time, though attributes() is const: it reads into buffers that are kept.
// Values:  a property is a bool, a number (int64_t if it fits, else double) or text; every other
//          attribute is text: a number as it was written. An array or map is its compact JSON text;
//          null is missing. A `keys` entry of "" is kept. deliver_at: a number, or digits, are
//          milliseconds since 1970; else RFC 3339. delay counts from now. priority: a whole number, or
//          its digits, from 0 to kPriorityMax.
// Filter:  match_filter sees the properties and, as TAGS, the tag. A message for which it is not
//          TRUE, so also one without the property it asks for, is none of the route's: kNoMatch,
//          whatever is required of the route's messages.
// Failure: kNoMatch; kUndecodable: a frame is not what `decode` says, deliver_at or delay is no
//          time, priority no such number; kMissing; kTooLarge: a frame to decode above
//          Decoder::kFrameBytesMax, an attribute above kAttributeBytesMax. detail() names the
//          attribute, and says what was expected of a time, a delay or a priority.
// Limits:  Selector::kPathsMax paths into one frame.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bridge/base/clock.h"
#include "bridge/base/result.h"
#include "bridge/base/sql92/filter.h"
#include "bridge/model/attributes.h"
#include "bridge/model/message.h"
#include "bridge/model/refusal.h"
#include "bridge/routing/evaluator.h"
#include "bridge/routing/options.h"

namespace zbridge::routing {

class Shape {
 public:
    static constexpr size_t kAttributeBytesMax = 64 << 10;

    // `clock` outlives the shape. The error names the key of `set` or `required` that is wrong, and
    // says what is right.
    static Result<Shape> compile(const ShapeOptions& options, const Clock& clock);
    Shape(Shape&&) noexcept;
    Shape& operator=(Shape&&) noexcept;
    ~Shape();

    // By the prefix of the body's first frame alone. Costs a comparison.
    bool matches(const Message& body) const {
        return prefix_.empty() || body.first().body.starts_with(prefix_);
    }
    // Every message has the same, empty attributes, which need not be asked for.
    bool trivial() const { return trivial_; }
    // REQUIRES: matches(body). `body` is the message after its envelope.
    Result<Attributes, Refusal> attributes(const Message& body, const PeerView& peer) const;
    // The attribute, property or path that the last refusal was about: "order_id"; empty if it was
    // about all of it.
    std::string_view detail() const { return detail_; }

 private:
    using Slot = Evaluator::Slot;
    class FilterView;
    struct Required {
        std::string name;
        std::vector<Slot> slots;  // all of them must be found
    };

    Shape(const DecodeOptions& decode, const Clock& clock);
    Status add(const SetOptions& set);
    Status add(std::string_view key, const std::optional<Expression>& expression,
               std::optional<Slot>& slot);
    Status add_required(const std::string& name, const ShapeOptions& options);

    std::optional<Refusal> fill(Attributes& attributes) const;
    std::optional<Refusal> fill_text(std::string_view key, Slot slot,
                                     std::optional<std::string>& text) const;
    std::optional<Refusal> fill_time(Attributes& attributes) const;
    std::optional<Refusal> fill_priority(std::optional<uint8_t>& priority) const;
    std::optional<Refusal> check_required() const;
    Refusal refuse(Refusal why, std::string_view about) const;

    const Clock* clock_;
    std::string prefix_;
    bool trivial_ = false;
    std::unique_ptr<Evaluator> evaluator_;
    std::optional<sql92::Filter> filter_;
    std::optional<Slot> id_, order_key_, tag_, deliver_at_, delay_, priority_;
    std::vector<Slot> keys_;
    std::vector<std::pair<std::string, Slot>> properties_;
    std::vector<Required> required_;
    mutable std::string_view detail_;
};

}  // namespace zbridge::routing

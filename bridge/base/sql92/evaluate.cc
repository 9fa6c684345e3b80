#include <charconv>
#include <cmath>
#include <compare>
#include <optional>

#include "bridge/base/check.h"
#include "bridge/base/sql92/node.h"

namespace zbridge::sql92 {

namespace {

using Kind = Node::Kind;

struct Number {
    bool whole = false;
    int64_t integer = 0;
    double real = 0;
};

std::optional<Number> number_in(std::string_view text) {
    const char* const end = text.data() + text.size();
    Number number;
    const auto integer = std::from_chars(text.data(), end, number.integer);
    if (integer.ec == std::errc() && integer.ptr == end) {
        number.whole = true;
        return number;
    }
    // Digits only: from_chars would take "inf" and "nan" too.
    const size_t first = text.starts_with('-') ? 1 : 0;
    if (first >= text.size() || (text[first] != '.' && (text[first] < '0' || text[first] > '9')))
        return std::nullopt;
    const auto real = std::from_chars(text.data(), end, number.real);
    if (real.ec != std::errc() || real.ptr != end) return std::nullopt;
    return number;
}

std::optional<Number> number_of(const Value& value) {
    if (const auto* integer = std::get_if<int64_t>(&value)) return Number{true, *integer, 0};
    if (const auto* real = std::get_if<double>(&value)) return Number{false, 0, *real};
    if (const auto* text = std::get_if<std::string_view>(&value)) return number_in(*text);
    return std::nullopt;
}

// An integer beside a double, exactly: a double cannot hold every int64_t.
std::partial_ordering compare(int64_t integer, double real) {
    constexpr double kBound = 9223372036854775808.0;  // 2^63
    if (std::isnan(real)) return std::partial_ordering::unordered;
    if (real >= kBound) return std::partial_ordering::less;
    if (real < -kBound) return std::partial_ordering::greater;
    const auto floor = static_cast<int64_t>(std::floor(real));
    if (integer != floor) return integer <=> floor;
    return std::floor(real) < real ? std::partial_ordering::less
                                   : std::partial_ordering::equivalent;
}

std::partial_ordering compare(const Number& a, const Number& b) {
    if (a.whole && b.whole) return a.integer <=> b.integer;
    if (a.whole) return compare(a.integer, b.real);
    if (b.whole) return 0 <=> compare(b.integer, a.real);
    return a.real <=> b.real;
}

bool is_word(std::string_view text, std::string_view small) {
    if (text.size() != small.size()) return false;
    for (size_t i = 0; i < text.size(); i++) {
        if ((text[i] | 0x20) != small[i]) return false;
    }
    return true;
}

Truth truth(bool value) {
    return value ? Truth::kTrue : Truth::kFalse;
}

Truth truth_in(const Value& value) {
    if (const auto* boolean = std::get_if<bool>(&value)) return truth(*boolean);
    if (const auto* text = std::get_if<std::string_view>(&value)) {
        if (is_word(*text, "true")) return Truth::kTrue;
        if (is_word(*text, "false")) return Truth::kFalse;
    }
    return Truth::kNull;
}

Value value_of(Truth value) {
    return value == Truth::kNull ? Value() : Value(value == Truth::kTrue);
}

Truth equal(const Value& a, const Value& b) {
    const auto* text_a = std::get_if<std::string_view>(&a);
    const auto* text_b = std::get_if<std::string_view>(&b);
    if (text_a != nullptr && text_b != nullptr) return truth(*text_a == *text_b);
    if (std::holds_alternative<bool>(a) || std::holds_alternative<bool>(b)) {
        const Truth truth_a = truth_in(a), truth_b = truth_in(b);
        if (truth_a == Truth::kNull || truth_b == Truth::kNull) return Truth::kNull;
        return truth(truth_a == truth_b);
    }
    const auto number_a = number_of(a), number_b = number_of(b);
    if (!number_a || !number_b) return Truth::kNull;
    const auto order = compare(*number_a, *number_b);
    return order == std::partial_ordering::unordered ? Truth::kNull : truth(order == 0);
}

Truth ordered(Kind kind, const Value& a, const Value& b) {
    const auto number_a = number_of(a), number_b = number_of(b);
    if (!number_a || !number_b) return Truth::kNull;
    const auto order = compare(*number_a, *number_b);
    if (order == std::partial_ordering::unordered) return Truth::kNull;
    switch (kind) {
        case Kind::kLess:
            return truth(order < 0);
        case Kind::kLessOrEqual:
            return truth(order <= 0);
        case Kind::kGreater:
            return truth(order > 0);
        default:
            return truth(order >= 0);
    }
}

Value negated(const Value& value) {
    const auto number = number_of(value);
    if (!number) return {};
    if (!number->whole) return -number->real;
    if (number->integer == INT64_MIN) return 9223372036854775808.0;
    return -number->integer;
}

// A value as text, in room for a number's digits.
class TextView {
 public:
    explicit TextView(const Value& value) {
        char* const end = digits_ + sizeof(digits_);
        if (const auto* text = std::get_if<std::string_view>(&value))
            text_ = *text;
        else if (const auto* boolean = std::get_if<bool>(&value))
            text_ = *boolean ? "true" : "false";
        else if (const auto* integer = std::get_if<int64_t>(&value))
            keep(std::to_chars(digits_, end, *integer).ptr);
        else if (const auto* real = std::get_if<double>(&value))
            keep(std::to_chars(digits_, end, *real).ptr);
    }
    TextView(const TextView&) = delete;
    TextView& operator=(const TextView&) = delete;
    const std::optional<std::string_view>& get() const { return text_; }  // none: NULL

 private:
    void keep(const char* end) {
        text_ = std::string_view(digits_, static_cast<size_t>(end - digits_));
    }

    char digits_[32];
    std::optional<std::string_view> text_;
};

Truth met_by_text(const Node& node, const Value& value) {
    const TextView text(value);
    if (!text.get()) return Truth::kNull;
    switch (node.kind) {
        case Kind::kContains:
            return truth(text.get()->find(node.texts[0]) != std::string_view::npos);
        case Kind::kStartsWith:
            return truth(text.get()->starts_with(node.texts[0]));
        case Kind::kEndsWith:
            return truth(text.get()->ends_with(node.texts[0]));
        default:
            for (const std::string& one : node.texts) {
                if (*text.get() == one) return Truth::kTrue;
            }
            return Truth::kFalse;
    }
}

// AND ends at the first FALSE, OR at the first TRUE; else one NULL makes all of it NULL.
Truth all_of(const Node& node, const Properties& properties, Truth deciding) {
    Truth so_far = deciding == Truth::kFalse ? Truth::kTrue : Truth::kFalse;
    for (const auto& child : node.children) {
        const Truth one = truth_of(*child, properties);
        if (one == deciding) return deciding;
        if (one == Truth::kNull) so_far = Truth::kNull;
    }
    return so_far;
}

}  // namespace

Truth truth_of(const Node& node, const Properties& properties) {
    return truth_in(evaluate(node, properties));
}

Value evaluate(const Node& node, const Properties& properties) {
    const auto child = [&](size_t i) { return evaluate(*node.children[i], properties); };
    switch (node.kind) {
        case Kind::kLiteral:
            return node.literal;
        case Kind::kName:
            return properties.value_of(node.text);
        case Kind::kNegate:
            return negated(child(0));
        case Kind::kNot: {
            const Truth inner = truth_of(*node.children[0], properties);
            return inner == Truth::kNull ? Value() : Value(inner == Truth::kFalse);
        }
        case Kind::kAnd:
            return value_of(all_of(node, properties, Truth::kFalse));
        case Kind::kOr:
            return value_of(all_of(node, properties, Truth::kTrue));
        case Kind::kEqual:
            return value_of(equal(child(0), child(1)));
        case Kind::kLess:
        case Kind::kLessOrEqual:
        case Kind::kGreater:
        case Kind::kGreaterOrEqual:
            return value_of(ordered(node.kind, child(0), child(1)));
        case Kind::kIsNull:
            return std::holds_alternative<std::monostate>(child(0));
        case Kind::kIn:
        case Kind::kContains:
        case Kind::kStartsWith:
        case Kind::kEndsWith:
            return value_of(met_by_text(node, child(0)));
    }
    ZB_CHECK(false, static_cast<int>(node.kind));
    return {};
}

}  // namespace zbridge::sql92

#include "bridge/base/sql92/parser.h"

#include <algorithm>
#include <optional>

namespace zbridge::sql92 {

namespace {

using Kind = Node::Kind;

bool is_null_literal(const Node& node) {
    return node.kind == Kind::kLiteral && std::holds_alternative<std::monostate>(node.literal);
}
bool is_text_literal(const Node& node) {
    return node.kind == Kind::kLiteral && std::holds_alternative<std::string_view>(node.literal);
}

std::optional<Kind> order_kind(const Token& token) {
    if (token.is("<")) return Kind::kLess;
    if (token.is("<=")) return Kind::kLessOrEqual;
    if (token.is(">")) return Kind::kGreater;
    if (token.is(">=")) return Kind::kGreaterOrEqual;
    return std::nullopt;
}

std::optional<Kind> text_kind(const Token& token) {
    if (token.is("CONTAINS")) return Kind::kContains;
    if (token.is("STARTSWITH")) return Kind::kStartsWith;
    if (token.is("ENDSWITH")) return Kind::kEndsWith;
    return std::nullopt;
}

std::unique_ptr<Node> literal(const Token& token, Value value) {
    auto node = std::make_unique<Node>();
    node->column = token.column;
    node->text = token.text;
    node->literal = std::holds_alternative<std::string_view>(value)
                        ? Value(std::string_view(node->text))
                        : value;
    return node;
}

std::unique_ptr<Node> copy_of(const Node& node) {
    auto copy = std::make_unique<Node>();
    copy->kind = node.kind;
    copy->column = node.column;
    copy->depth = node.depth;
    copy->text = node.text;
    copy->literal = is_text_literal(node) ? Value(std::string_view(copy->text)) : node.literal;
    copy->texts = node.texts;
    for (const auto& child : node.children)
        copy->children.push_back(copy_of(*child));
    return copy;
}

class NoProperties final : public Properties {
 public:
    Value value_of(std::string_view) const override { return {}; }
};

}  // namespace

Status Parser::advance() {
    auto token = lexer_.next();
    if (!token.ok()) return std::move(token).error();
    token_ = std::move(*token);
    return {};
}

Result<bool> Parser::take(std::string_view word_or_sign) {
    if (!token_.is(word_or_sign)) return false;
    if (auto status = advance(); !status.ok()) return status;
    return true;
}

Parser::Tree Parser::parse() {
    if (auto status = advance(); !status.ok()) return status;
    auto tree = parse_or();
    if (!tree.ok()) return tree;
    if (token_.kind != Token::Kind::kEnd) {
        return error_at(token_.column, token_.shown() + " is not expected here");
    }
    if (auto status = check_condition(**tree); !status.ok()) return status;
    return tree;
}

Parser::Tree Parser::parse_or() {
    const size_t column = token_.column;
    std::vector<std::unique_ptr<Node>> children;
    while (true) {
        auto child = parse_and();
        if (!child.ok()) return child;
        children.push_back(std::move(*child));
        auto more = take("OR");
        if (!more.ok()) return std::move(more).error();
        if (!*more) return join(Kind::kOr, column, std::move(children));
    }
}

Parser::Tree Parser::parse_and() {
    const size_t column = token_.column;
    std::vector<std::unique_ptr<Node>> children;
    while (true) {
        auto child = parse_equal();
        if (!child.ok()) return child;
        children.push_back(std::move(*child));
        auto more = take("AND");
        if (!more.ok()) return std::move(more).error();
        if (!*more) return join(Kind::kAnd, column, std::move(children));
    }
}

Parser::Tree Parser::parse_equal() {
    auto left = parse_order();
    while (left.ok()) {
        const size_t column = token_.column;
        if (token_.is("=") || token_.is("<>")) {
            const bool negated = token_.is("<>");
            if (auto status = advance(); !status.ok()) return status;
            auto right = parse_order();
            if (!right.ok()) return right;
            left = equal(column, negated, std::move(*left), std::move(*right));
        } else if (token_.is("IS")) {
            if (auto status = advance(); !status.ok()) return status;
            const auto negated = take("NOT");
            if (!negated.ok()) return negated.error();
            const auto is_null = take("NULL");
            if (!is_null.ok()) return is_null.error();
            if (!*is_null)
                return error_at(token_.column, "NULL is expected after IS, not " + token_.shown());
            left = join(Kind::kIsNull, column, std::move(*left), *negated);
        } else {
            break;
        }
    }
    return left;
}

Parser::Tree Parser::equal(size_t column, bool negated, std::unique_ptr<Node> left,
                           std::unique_ptr<Node> right) {
    if (is_null_literal(*left) || is_null_literal(*right)) {
        return error_at(column, "nothing equals NULL: write IS NULL or IS NOT NULL");
    }
    const auto is_other = [](const Node& node) {
        return node.kind == Kind::kLiteral && !node.is_condition();
    };
    if ((left->is_condition() && is_other(*right)) || (right->is_condition() && is_other(*left))) {
        return error_at(column, left->kind == Kind::kNot
                                    ? "NOT binds tighter than =: write NOT (a = b)"
                                    : "a condition is compared with a value that is none");
    }
    auto same = join(Kind::kEqual, column, std::move(left), std::move(right));
    if (!same.ok() || !negated) return same;
    return join(Kind::kNot, column, std::move(*same));
}

Parser::Tree Parser::parse_order() {
    auto left = parse_unary();
    while (left.ok()) {
        const size_t column = token_.column;
        if (const auto kind = order_kind(token_)) {
            if (auto status = advance(); !status.ok()) return status;
            auto right = parse_unary();
            if (!right.ok()) return right;
            if (auto status = check_ordered(**left); !status.ok()) return status;
            if (auto status = check_ordered(**right); !status.ok()) return status;
            left = join(*kind, column, std::move(*left), std::move(*right));
            continue;
        }
        const auto negated = take("NOT");
        if (!negated.ok()) return negated.error();
        if (token_.is("BETWEEN") || token_.is("IN") || text_kind(token_)) {
            left = parse_order_word(std::move(*left), *negated, column);
        } else if (*negated) {
            return error_at(token_.column,
                            "BETWEEN, IN, CONTAINS, STARTSWITH or ENDSWITH is expected after NOT");
        } else {
            break;
        }
    }
    return left;
}

Parser::Tree Parser::parse_order_word(std::unique_ptr<Node> left, bool negated, size_t column) {
    const Token word = token_;
    if (auto status = advance(); !status.ok()) return status;
    if (word.is("BETWEEN")) return parse_between(std::move(left), negated, column);
    if (word.is("IN")) return parse_in(std::move(left), negated, column);
    if (token_.kind != Token::Kind::kText) {
        return error_at(token_.column, "a text in single quotes is expected after " + word.text);
    }
    auto tree = join(*text_kind(word), column, std::move(left));
    if (!tree.ok()) return tree;
    (*tree)->texts.push_back(token_.text);
    if (auto status = advance(); !status.ok()) return status;
    if (negated) return join(Kind::kNot, column, std::move(*tree));
    return tree;
}

// a BETWEEN x AND y is a >= x AND a <= y.
Parser::Tree Parser::parse_between(std::unique_ptr<Node> left, bool negated, size_t column) {
    auto low = parse_unary();
    if (!low.ok()) return low;
    const auto has_and = take("AND");
    if (!has_and.ok()) return has_and.error();
    if (!*has_and)
        return error_at(token_.column, "AND is expected in BETWEEN, not " + token_.shown());
    auto high = parse_unary();
    if (!high.ok()) return high;
    for (const Node* node : {left.get(), low->get(), high->get()}) {
        if (auto status = check_ordered(*node); !status.ok()) return status;
    }
    auto again = copy_of(*left);
    auto order = join(Kind::kGreater, column, copy_of(**low), copy_of(**high));
    if (order.ok() && truth_of(**order, NoProperties()) == Truth::kTrue) {
        return error_at(column,
                        "the first bound of BETWEEN is above the second: nothing is between them");
    }
    auto from = join(Kind::kGreaterOrEqual, column, std::move(left), std::move(*low));
    auto to = join(Kind::kLessOrEqual, column, std::move(again), std::move(*high));
    if (!from.ok()) return from;
    if (!to.ok()) return to;
    auto both = join(Kind::kAnd, column, std::move(*from), std::move(*to));
    if (!both.ok() || !negated) return both;
    return join(Kind::kNot, column, std::move(*both));
}

Parser::Tree Parser::parse_in(std::unique_ptr<Node> left, bool negated, size_t column) {
    if (left->kind != Kind::kName)
        return error_at(left->column, "a property's name is expected before IN");
    const auto opened = take("(");
    if (!opened.ok()) return opened.error();
    if (!*opened) return error_at(token_.column, "( is expected after IN");
    auto tree = join(Kind::kIn, column, std::move(left));
    if (!tree.ok()) return tree;
    while (true) {
        if (token_.kind != Token::Kind::kText) {
            return error_at(token_.column,
                            "a text in single quotes is expected in IN ( ), not " + token_.shown());
        }
        (*tree)->texts.push_back(token_.text);
        if (auto status = advance(); !status.ok()) return status;
        const auto more = take(",");
        if (!more.ok()) return more.error();
        if (*more) continue;
        const auto closed = take(")");
        if (!closed.ok()) return closed.error();
        if (!*closed)
            return error_at(token_.column, ") or , is expected in IN ( ), not " + token_.shown());
        if (negated) return join(Kind::kNot, column, std::move(*tree));
        return tree;
    }
}

Parser::Tree Parser::parse_unary() {
    const Token sign = token_;
    if (!sign.is("+") && !sign.is("-") && !sign.is("NOT")) return parse_primary();
    if (++open_ > Filter::kDepthMax)
        return error_at(sign.column, "too many conditions inside each other");
    if (auto status = advance(); !status.ok()) return status;
    auto inner = parse_unary();
    open_--;
    if (!inner.ok()) return inner;
    if (sign.is("NOT")) {
        if (auto status = check_condition(**inner); !status.ok()) return status;
        return join(Kind::kNot, sign.column, std::move(*inner));
    }
    if (is_text_literal(**inner) || is_null_literal(**inner) || (*inner)->is_condition()) {
        return error_at(sign.column, sign.text + " is for numbers");
    }
    if (sign.is("+")) return inner;
    return join(Kind::kNegate, sign.column, std::move(*inner));
}

Parser::Tree Parser::parse_primary() {
    const Token token = token_;
    if (auto status = advance(); !status.ok()) return status;
    switch (token.kind) {
        case Token::Kind::kText:
            return literal(token, std::string_view());
        case Token::Kind::kInteger:
            return literal(token, token.integer);
        case Token::Kind::kReal:
            return literal(token, token.real);
        case Token::Kind::kName: {
            auto node = literal(token, {});
            node->kind = Kind::kName;
            if (std::find(names_.begin(), names_.end(), token.text) == names_.end()) {
                names_.push_back(token.text);
                name_columns_.push_back(token.column);
            }
            return node;
        }
        default:
            break;
    }
    if (token.is("TRUE") || token.is("FALSE")) return literal(token, token.is("TRUE"));
    if (token.is("NULL")) return literal(token, {});
    if (!token.is("(")) return error_at(token.column, "a value is expected, not " + token.shown());

    if (++open_ > Filter::kDepthMax)
        return error_at(token.column, "too many conditions inside each other");
    auto inner = parse_or();
    open_--;
    if (!inner.ok()) return inner;
    const auto closed = take(")");
    if (!closed.ok()) return closed.error();
    if (!*closed) return error_at(token_.column, ") is expected, not " + token_.shown());
    return inner;
}

Parser::Tree Parser::join(Node::Kind kind, size_t column,
                          std::vector<std::unique_ptr<Node>> children) {
    if ((kind == Kind::kAnd || kind == Kind::kOr) && children.size() == 1)
        return std::move(children[0]);
    auto node = std::make_unique<Node>();
    node->kind = kind;
    node->column = column;
    for (const auto& child : children) {
        if (kind == Kind::kAnd || kind == Kind::kOr) {
            if (auto status = check_condition(*child); !status.ok()) return status;
        }
        node->depth = std::max(node->depth, child->depth + 1);
    }
    if (node->depth > Filter::kDepthMax)
        return error_at(column, "too many conditions inside each other");
    node->children = std::move(children);
    return node;
}

Parser::Tree Parser::join(Node::Kind kind, size_t column, std::unique_ptr<Node> left,
                          std::unique_ptr<Node> right) {
    std::vector<std::unique_ptr<Node>> children;
    children.push_back(std::move(left));
    children.push_back(std::move(right));
    return join(kind, column, std::move(children));
}

Parser::Tree Parser::join(Node::Kind kind, size_t column, std::unique_ptr<Node> only,
                          bool negated) {
    std::vector<std::unique_ptr<Node>> children;
    children.push_back(std::move(only));
    auto tree = join(kind, column, std::move(children));
    if (!tree.ok() || !negated) return tree;
    return join(Kind::kNot, column, std::move(*tree));
}

Status Parser::check_condition(const Node& node) const {
    if (node.is_condition() || node.kind == Kind::kName) return {};
    return error_at(node.column, "a condition is expected, as region = 'EU'; this is a value");
}

Status Parser::check_ordered(const Node& node) const {
    if (node.kind == Kind::kName || node.kind == Kind::kNegate) return {};
    if (node.kind == Kind::kLiteral && (std::holds_alternative<int64_t>(node.literal) ||
                                        std::holds_alternative<double>(node.literal))) {
        return {};
    }
    return error_at(
        node.column,
        "<, >, <=, >= and BETWEEN compare numbers" +
            std::string(is_text_literal(node) ? "; a number stands without quotes" : ""));
}

}  // namespace zbridge::sql92

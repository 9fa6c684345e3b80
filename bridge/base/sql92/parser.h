// Builds the tree of a filter. Internal to this folder.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/result.h"
#include "bridge/base/sql92/lexer.h"
#include "bridge/base/sql92/node.h"

namespace zbridge::sql92 {

class Parser {
 public:
    explicit Parser(std::string_view text) : lexer_(text) {}
    // All of the text, which is a condition.
    Result<std::unique_ptr<Node>> parse();
    std::vector<std::string> take_names() { return std::move(names_); }
    std::vector<size_t> take_name_columns() { return std::move(name_columns_); }

 private:
    using Tree = Result<std::unique_ptr<Node>>;

    Status advance();
    // Takes the next token if it is this. An error there shows up as the next token's.
    Result<bool> take(std::string_view word_or_sign);
    Tree parse_or();
    Tree parse_and();
    Tree parse_equal();
    Tree parse_order();
    Tree parse_order_word(std::unique_ptr<Node> left, bool negated, size_t column);
    Tree parse_between(std::unique_ptr<Node> left, bool negated, size_t column);
    Tree parse_in(std::unique_ptr<Node> left, bool negated, size_t column);
    Tree parse_unary();
    Tree parse_primary();

    Tree join(Node::Kind kind, size_t column, std::vector<std::unique_ptr<Node>> children);
    Tree join(Node::Kind kind, size_t column, std::unique_ptr<Node> left,
              std::unique_ptr<Node> right);
    Tree join(Node::Kind kind, size_t column, std::unique_ptr<Node> only, bool negated = false);
    Tree equal(size_t column, bool negated, std::unique_ptr<Node> left,
               std::unique_ptr<Node> right);
    Status check_condition(const Node& node) const;
    Status check_ordered(const Node& node) const;

    Lexer lexer_;
    Token token_;      // the next one
    size_t open_ = 0;  // parentheses and signs that are being read
    std::vector<std::string> names_;
    std::vector<size_t> name_columns_;
};

}  // namespace zbridge::sql92

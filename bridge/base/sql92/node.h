// A compiled filter is a tree of these. Internal to this folder.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bridge/base/sql92/filter.h"

namespace zbridge::sql92 {

struct Node {
    enum class Kind : uint8_t {
        kLiteral,
        kName,
        kNegate,
        kNot,  // of one child
        kAnd,
        kOr,  // of two children or more
        kEqual,
        kLess,
        kLessOrEqual,
        kGreater,
        kGreaterOrEqual,  // of two
        kIsNull,          // of one
        kIn,              // of one, in texts
        kContains,
        kStartsWith,
        kEndsWith,  // of one, by texts[0]
    };

    Kind kind = Kind::kLiteral;
    size_t column = 1;  // in the filter's text, from 1
    size_t depth = 1;   // of the tree below, itself included
    std::string text;   // kName: it; kLiteral: a text's bytes
    Value literal;      // kLiteral; a text's view is of `text`
    std::vector<std::string> texts;
    std::vector<std::unique_ptr<Node>> children;

    // What it gives is TRUE, FALSE or NULL, whatever the properties are.
    bool is_condition() const {
        return kind == Kind::kLiteral ? std::holds_alternative<bool>(literal)
                                      : kind != Kind::kName && kind != Kind::kNegate;
    }
};

Value evaluate(const Node& node, const Properties& properties);
Truth truth_of(const Node& node, const Properties& properties);

}  // namespace zbridge::sql92

// SQL92 filters over a message's properties: the language of RocketMQ's selectors
// (SelectorParser.jj), compiled once.
//
//   region = 'EU' AND amount > 100        kind IN ('express', 'night') OR vip
//   note IS NOT NULL AND note CONTAINS 'gift'        amount NOT BETWEEN 10 AND 20
//
// Grammar (words in any case, names as they are; comments -- to the line's end and /* */):
//   or    := and (OR and)*                     and := equal (AND equal)*
//   equal := order ( = order | <> order | IS [NOT] NULL )*
//   order := unary ( > | >= | < | <= unary | [NOT] BETWEEN unary AND unary | [NOT] IN ( 'text' ,
//   ... )
//                  | [NOT] CONTAINS | STARTSWITH | ENDSWITH 'text' )*
//   unary := + unary | - unary | NOT unary | 'text' | number | TRUE | FALSE | name | ( or )
// A name is [a-zA-Z_$][a-zA-Z0-9_$]*. In a text '' is '. NOT binds tighter than =: NOT (a = 1).
//
// Values:  three-valued: a property that is missing is NULL, and what is compared with NULL is
//          NULL. Text against a number or a bool is read as one; if it is none: NULL. <, > and
//          BETWEEN know numbers alone: of two texts too. IN, CONTAINS and the like take a number as
//          its text. A bare name is TRUE if it is true, or the text 'true'.
// Failure: compile() refuses, with the column and a sentence, what the grammar does not know and
//          what could never match: a condition that is no bool, text or bools where numbers are
//          ordered, = NULL, IN of what is no name, bounds of BETWEEN in the wrong order.
// Limits:  kTextBytesMax of a filter, kDepthMax conditions inside each other.
// Thread:  any, after compile().
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "bridge/base/result.h"

namespace zbridge::sql92 {

using Value =
    std::variant<std::monostate, bool, int64_t, double, std::string_view>;  // monostate: NULL

// Where the values of names come from.
class Properties {
 public:
    virtual ~Properties() = default;
    virtual Value value_of(std::string_view name) const = 0;
};

enum class Truth : uint8_t { kFalse, kTrue, kNull };

struct Node;

class Filter {
 public:
    static constexpr size_t kTextBytesMax = 16 << 10;
    static constexpr size_t kDepthMax = 64;

    // The error: "column 8: ..."; columns are bytes, from 1.
    static Result<Filter> compile(std::string_view text);
    Filter(Filter&&) noexcept;
    Filter& operator=(Filter&&) noexcept;
    ~Filter();

    // Allocates nothing.
    Truth evaluate(const Properties& properties) const;
    bool matches(const Properties& properties) const {
        return evaluate(properties) == Truth::kTrue;
    }

    const std::string& text() const { return text_; }
    // That it asks for, each once, in order.
    const std::vector<std::string>& names() const { return names_; }
    // Of names()[index], where it stands first.
    size_t column_of_name(size_t index) const { return name_columns_[index]; }

 private:
    Filter(std::string text, std::unique_ptr<Node> root, std::vector<std::string> names,
           std::vector<size_t> name_columns);

    std::string text_;
    std::unique_ptr<Node> root_;
    std::vector<std::string> names_;
    std::vector<size_t> name_columns_;
};

// An error of compile() taken apart, for who can show the text.
struct Complaint {
    size_t column = 0;  // 0: it is about all of it
    std::string what;
};
Complaint complaint_of(const Status& error);

}  // namespace zbridge::sql92

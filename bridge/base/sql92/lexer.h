// Cuts a filter's text into words. Internal to this folder.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "bridge/base/result.h"

namespace zbridge::sql92 {

struct Token {
    enum class Kind : uint8_t { kEnd, kName, kWord, kText, kInteger, kReal, kSign };
    Kind kind = Kind::kEnd;
    size_t column = 1;
    std::string text;  // kWord: a keyword, in capitals; kText: what it says; kSign: = <> < <= > >=
                       // + - ( ) ,
    int64_t integer = 0;
    double real = 0;

    bool is(std::string_view word_or_sign) const {
        return (kind == Kind::kWord || kind == Kind::kSign) && text == word_or_sign;
    }
    std::string shown() const;  // for a person: "'abc'", "the end"
};

class Lexer {
 public:
    explicit Lexer(std::string_view text) : text_(text) {}
    Result<Token> next();

 private:
    Status skip_blanks();
    Result<Token> take_text(Token token);
    Result<Token> take_number(Token token);
    Token take_name(Token token);

    std::string_view text_;
    size_t at_ = 0;
};

// "column 8: ...": complaint_of() takes it apart. In filter.cc, beside it.
Status error_at(size_t column, const std::string& what);

}  // namespace zbridge::sql92

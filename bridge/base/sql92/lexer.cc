#include "bridge/base/sql92/lexer.h"

#include <algorithm>
#include <charconv>

namespace zbridge::sql92 {

namespace {

constexpr std::string_view kWords[] = {
    "AND", "BETWEEN", "CONTAINS", "ENDSWITH", "FALSE",      "IN",
    "IS",  "NOT",     "NULL",     "OR",       "STARTSWITH", "TRUE",
};

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool begins_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
}
char capital(char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

}  // namespace

std::string Token::shown() const {
    if (kind == Kind::kEnd) return "the end";
    if (kind == Kind::kText) return "'" + text + "'";
    return text;
}

Status Lexer::skip_blanks() {
    while (at_ < text_.size()) {
        const std::string_view rest = text_.substr(at_);
        if (std::string_view(" \t\r\n\f").find(rest[0]) != std::string_view::npos) {
            at_++;
        } else if (rest.starts_with("--")) {
            at_ = std::min(text_.find('\n', at_), text_.size());
        } else if (rest.starts_with("/*")) {
            const size_t end = text_.find("*/", at_ + 2);
            if (end == text_.npos) return error_at(at_ + 1, "a comment without its */");
            at_ = end + 2;
        } else {
            break;
        }
    }
    return {};
}

Result<Token> Lexer::next() {
    if (auto status = skip_blanks(); !status.ok()) return status;
    Token token;
    token.column = at_ + 1;
    if (at_ == text_.size()) return token;
    const std::string_view rest = text_.substr(at_);
    if (rest[0] == '\'') return take_text(std::move(token));
    if (is_digit(rest[0]) || (rest[0] == '.' && rest.size() > 1 && is_digit(rest[1]))) {
        return take_number(std::move(token));
    }
    if (begins_name(rest[0])) return take_name(std::move(token));
    for (const std::string_view sign : {"<>", "<=", ">=", "=", "<", ">", "+", "-", "(", ")", ","}) {
        if (!rest.starts_with(sign)) continue;
        token.kind = Token::Kind::kSign;
        token.text = sign;
        at_ += sign.size();
        return token;
    }
    if (rest.starts_with("!=")) return error_at(token.column, "!= is written <>");
    if (rest.starts_with("\"")) return error_at(token.column, "text stands in single quotes: 'EU'");
    if (rest.starts_with("||"))
        return error_at(token.column, "|| is for lists of tags; here it is written OR");
    if (rest.starts_with("&&")) return error_at(token.column, "&& is written AND");
    const bool printable = rest[0] > ' ' && rest[0] < 0x7f;
    return error_at(token.column, printable ? "'" + std::string(1, rest[0]) + "' is not known here"
                                            : std::string("a character that is not known here"));
}

Result<Token> Lexer::take_text(Token token) {
    token.kind = Token::Kind::kText;
    for (at_++; at_ < text_.size(); at_++) {
        if (text_[at_] != '\'') {
            token.text += text_[at_];
        } else if (at_ + 1 < text_.size() && text_[at_ + 1] == '\'') {
            token.text += text_[at_++];
        } else {
            at_++;
            return token;
        }
    }
    return error_at(token.column, "a text without its closing '");
}

Result<Token> Lexer::take_number(Token token) {
    const size_t start = at_;
    const auto skip_digits = [&] {
        while (at_ < text_.size() && is_digit(text_[at_]))
            at_++;
    };
    skip_digits();
    bool whole = true;
    if (at_ < text_.size() && text_[at_] == '.') {
        whole = false;
        at_++;
        skip_digits();
    }
    if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
        whole = false;
        at_++;
        if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) at_++;
        skip_digits();
    }
    token.text = text_.substr(start, at_ - start);
    if (whole && at_ < text_.size() && (text_[at_] == 'l' || text_[at_] == 'L')) at_++;
    if (at_ < text_.size() &&
        (begins_name(text_[at_]) || is_digit(text_[at_]) || text_[at_] == '.')) {
        return error_at(token.column, "a number goes on with '" + std::string(1, text_[at_]) +
                                          "'; text stands in single quotes");
    }
    const char* const end = token.text.data() + token.text.size();
    const auto read = whole ? std::from_chars(token.text.data(), end, token.integer)
                            : std::from_chars(token.text.data(), end, token.real);
    if (read.ec == std::errc::result_out_of_range)
        return error_at(token.column, token.text + " is out of range");
    if (read.ec != std::errc() || read.ptr != end)
        return error_at(token.column, token.text + " is no number");
    token.kind = whole ? Token::Kind::kInteger : Token::Kind::kReal;
    return token;
}

Token Lexer::take_name(Token token) {
    const size_t start = at_;
    while (at_ < text_.size() && (begins_name(text_[at_]) || is_digit(text_[at_])))
        at_++;
    token.text = text_.substr(start, at_ - start);
    std::string word = token.text;
    std::transform(word.begin(), word.end(), word.begin(), capital);
    const bool known = std::find(std::begin(kWords), std::end(kWords), word) != std::end(kWords);
    token.kind = known ? Token::Kind::kWord : Token::Kind::kName;
    if (known) token.text = word;
    return token;
}

}  // namespace zbridge::sql92

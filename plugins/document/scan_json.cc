#include <simdjson.h>

#include <array>

#include "plugins/document/scan.h"

namespace zbridge::document {

namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// In a text: goes on as it is. Not: the quote, the backslash, control characters.
constexpr std::array<bool, 256> make_plain() {
    std::array<bool, 256> plain{};
    for (size_t byte = 0x20; byte < plain.size(); byte++)
        plain[byte] = byte != '"' && byte != '\\';
    return plain;
}
constexpr auto kPlain = make_plain();

class JsonScanner {
 public:
    JsonScanner(std::string_view bytes, Visitor& visitor)
        : begin_(bytes.data()),
          at_(bytes.data()),
          end_(bytes.data() + bytes.size()),
          visitor_(visitor) {}

    Status scan() {
        skip_blanks();
        if (read_value()) {
            skip_blanks();
            if (at_ != end_) fail("something stands behind the value");
        }
        if (wrong_ == nullptr) return {};
        return {Code::kInvalid, "byte " + std::to_string(at_ - begin_ + 1) + ": " + wrong_};
    }

 private:
    bool fail(const char* what) {
        wrong_ = what;
        return false;
    }
    bool next_is(char c) const { return at_ != end_ && *at_ == c; }
    void skip_blanks() {
        while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t'))
            at_++;
    }
    size_t offset() const { return static_cast<size_t>(at_ - begin_); }
    std::string_view since(const char* start) const {
        return {start, static_cast<size_t>(at_ - start)};
    }

    bool read_value() {
        if (at_ == end_) return fail("a value is expected");
        switch (*at_) {
            case '{':
                return read_map();
            case '[':
                return read_array();
            case '"': {
                Scalar value;
                if (!read_text(value)) return false;
                visitor_.on_scalar(value);
                return true;
            }
            case 't':
                return read_word("true", Kind::kBool);
            case 'f':
                return read_word("false", Kind::kBool);
            case 'n':
                return read_word("null", Kind::kNull);
            default:
                return read_number();
        }
    }

    bool open(Kind kind) {
        if (depth_ == kDepthMax) return fail("too many maps and arrays inside each other");
        depth_++;
        visitor_.on_open(kind, offset());
        at_++;
        skip_blanks();
        return true;
    }
    bool close() {
        depth_--;
        at_++;
        visitor_.on_close(offset());
        return true;
    }
    // Behind a value: true if another one follows; else at the bracket, or an error.
    bool take_comma(char bracket) {
        skip_blanks();
        if (next_is(',')) {
            at_++;
            skip_blanks();
            return true;
        }
        if (!next_is(bracket))
            fail(bracket == '}' ? "',' or '}' is expected" : "',' or ']' is expected");
        return false;
    }

    bool read_map() {
        if (!open(Kind::kMap)) return false;
        if (next_is('}')) return close();
        do {
            if (!next_is('"')) return fail("a key in double quotes is expected");
            Scalar key;
            if (!read_text(key)) return false;
            visitor_.on_key(key);
            skip_blanks();
            if (!next_is(':')) return fail("':' is expected");
            at_++;
            skip_blanks();
            if (!read_value()) return false;
        } while (take_comma('}'));
        return wrong_ == nullptr && close();
    }

    bool read_array() {
        if (!open(Kind::kArray)) return false;
        if (next_is(']')) return close();
        do {
            if (!read_value()) return false;
        } while (take_comma(']'));
        return wrong_ == nullptr && close();
    }

    bool read_word(std::string_view word, Kind kind) {
        if (!std::string_view(at_, static_cast<size_t>(end_ - at_)).starts_with(word))
            return fail("a value is expected");
        visitor_.on_scalar({kind, {at_, word.size()}, {}, false});
        at_ += word.size();
        return true;
    }

    bool skip_digits() {
        const char* const start = at_;
        while (at_ != end_ && is_digit(*at_))
            at_++;
        return at_ != start || fail("a digit is expected");
    }
    bool read_number() {
        const char* const start = at_;
        if (next_is('-')) at_++;
        if (at_ == end_ || !is_digit(*at_)) return fail("a value is expected");
        if (next_is('0'))
            at_++;
        else
            (void)skip_digits();  // there is one
        if (at_ != end_ && is_digit(*at_)) return fail("a number does not begin with 0");
        if (next_is('.')) {
            at_++;
            if (!skip_digits()) return false;
        }
        if (next_is('e') || next_is('E')) {
            at_++;
            if (next_is('+') || next_is('-')) at_++;
            if (!skip_digits()) return false;
        }
        visitor_.on_scalar({Kind::kNumber, since(start), since(start), false});
        return true;
    }

    bool read_text(Scalar& text) {
        const char* const start = at_++;
        text.kind = Kind::kText;
        for (;;) {
            while (at_ != end_ && kPlain[static_cast<unsigned char>(*at_)])
                at_++;
            if (at_ == end_) return fail("a text without its closing quote");
            if (*at_ == '"') break;
            if (*at_ != '\\') return fail("a control character in a text");
            text.escaped = true;
            if (!skip_escape()) return false;
        }
        at_++;
        text.raw = since(start);
        text.text = text.raw.substr(1, text.raw.size() - 2);
        return true;
    }

    bool skip_escape() {
        at_++;
        if (at_ == end_) return fail("a text without its closing quote");
        if (*at_ != 'u') {
            if (std::string_view("\"\\/bfnrt").find(*at_) == std::string_view::npos)
                return fail("an escape that JSON does not have");
            at_++;
            return true;
        }
        at_++;
        unsigned unit = 0;
        if (!read_unit(unit)) return false;
        if (unit < 0xd800 || unit > 0xdfff) return true;
        unsigned second = 0;
        if (unit < 0xdc00 && next_is('\\') && end_ - at_ > 1 && at_[1] == 'u') {
            at_ += 2;
            if (!read_unit(second)) return false;
        }
        return (second >= 0xdc00 && second <= 0xdfff) || fail("half of a surrogate pair");
    }
    bool read_unit(unsigned& unit) {
        for (int i = 0; i < 4; i++, at_++) {
            const char c = at_ != end_ ? *at_ : '\0';
            const char lower = static_cast<char>(c | 0x20);
            if (is_digit(c))
                unit = unit * 16 + static_cast<unsigned>(c - '0');
            else if (lower >= 'a' && lower <= 'f')
                unit = unit * 16 + static_cast<unsigned>(lower - 'a' + 10);
            else
                return fail("four hexadecimal digits are expected");
        }
        return true;
    }

    const char* begin_;
    const char* at_;
    const char* end_;
    Visitor& visitor_;
    size_t depth_ = 0;
    const char* wrong_ = nullptr;
};

}  // namespace

Status scan_json(std::string_view bytes, Visitor& visitor) {
    if (bytes.size() > kBytesMax) return {Code::kInvalid, "larger than 2 MiB"};
    if (!simdjson::validate_utf8(bytes.data(), bytes.size()))
        return {Code::kInvalid, "bytes that are no UTF-8"};
    return JsonScanner(bytes, visitor).scan();
}

// msgpack's first byte is below 0x80 only for a small number, which is one byte long; JSON's always
// is.
Format format_of(std::string_view bytes) {
    if (bytes.empty() || static_cast<unsigned char>(bytes[0]) >= 0x80) return Format::kMsgpack;
    return bytes.size() > 1 || is_digit(bytes[0]) ? Format::kJson : Format::kMsgpack;
}

}  // namespace zbridge::document

#include <bit>
#include <charconv>
#include <cmath>
#include <optional>

#include "plugins/document/text.h"
#include "plugins/document/tree.h"

namespace zbridge::document {

namespace {

Status invalid(std::string message) {
    return {Code::kInvalid, std::move(message)};
}

void append_big_endian(uint64_t number, size_t bytes, std::string& out) {
    for (size_t i = bytes; i-- > 0;)
        out += static_cast<char>(number >> (8 * i) & 0xff);
}

void append_whole(uint64_t number, std::string& out) {
    if (number < 0x80) return append_big_endian(number, 1, out);
    const size_t size = number <= 0xff ? 0 : number <= 0xffff ? 1 : number <= 0xffffffff ? 2 : 3;
    out += static_cast<char>(0xcc + size);
    append_big_endian(number, size_t{1} << size, out);
}

void append_negative(int64_t number, std::string& out) {
    const auto bits = static_cast<uint64_t>(number);
    if (number >= -32) return append_big_endian(bits & 0xff, 1, out);
    const size_t size = number >= INT8_MIN    ? 0
                        : number >= INT16_MIN ? 1
                        : number >= INT32_MIN ? 2
                                              : 3;
    out += static_cast<char>(0xd0 + size);
    append_big_endian(bits, size_t{1} << size, out);
}

template <class Number>
bool reads_as(std::string_view digits, Number& number) {
    const char* const end = digits.data() + digits.size();
    const auto read = std::from_chars(digits.data(), end, number);
    return read.ec == std::errc() && read.ptr == end;
}

Status append_msgpack_number(std::string_view digits, std::string& out) {
    int64_t negative = 0;
    uint64_t whole = 0;
    double real = 0;
    if (reads_as(digits, whole))
        append_whole(whole, out);
    else if (reads_as(digits, negative) && negative < 0)
        append_negative(negative, out);
    else if (digits.find_first_of(".eE") == std::string_view::npos && digits != "-0")
        return invalid("a whole number of more than 64 bits has no msgpack form");
    else if (reads_as(digits, real)) {
        out += '\xcb';
        append_big_endian(std::bit_cast<uint64_t>(real), 8, out);
    } else
        return invalid("a number that is too large or too small for msgpack");
    return {};
}

Status append_json_number(const std::string& digits, std::string& out) {
    if (digits.find_first_of("in") != std::string::npos)  // inf, nan
        return invalid("a number that is not finite has no JSON form");
    out += digits;
    return {};
}

// A value of the other format.
Status convert(Format from, const Scalar& value, std::string& out) {
    const bool to_json = from == Format::kMsgpack;
    std::string room;
    switch (value.kind) {
        case Kind::kNull:
            out += to_json ? "null" : "\xc0";
            return {};
        case Kind::kBool: {
            const bool flag = *words_of(from, value) == "true";
            out += to_json ? (flag ? "true" : "false") : (flag ? "\xc3" : "\xc2");
            return {};
        }
        case Kind::kText:
            if (to_json && !is_utf8(value.text))
                return invalid("a text that is no UTF-8 has no JSON form");
            append_text(to_json ? Format::kJson : Format::kMsgpack, text_of(value, room), out);
            return {};
        case Kind::kNumber:
            return to_json ? append_json_number(*words_of(from, value), out)
                           : append_msgpack_number(value.text, out);
        default:
            return invalid("msgpack's bytes and extensions have no JSON form");
    }
}

class Writer {
 public:
    Writer(Format format, std::string& out)
        : format_(format), out_(out), limit_(out.size() + kBytesMax) {}

    Status write(const Node& node) {
        if (out_.size() > limit_) return invalid("the body would be larger than 2 MiB");
        const bool is_map = node.is(Kind::kMap);
        if (!is_map && !node.is(Kind::kArray)) return write_scalar(node.format, node.value);
        open(is_map, node.children.size());
        bool first = true;
        for (const Node& child : node.children) {
            if (format_ == Format::kJson && !first) out_ += ',';
            first = false;
            if (is_map) {
                if (auto status = write_key(child); !status.ok()) return status;
            }
            if (auto status = write(child); !status.ok()) return status;
        }
        if (format_ == Format::kJson) out_ += is_map ? '}' : ']';
        return {};
    }

 private:
    void open(bool is_map, size_t count) {
        if (format_ == Format::kJson) {
            out_ += is_map ? '{' : '[';
        } else if (count < 16) {
            out_ += static_cast<char>((is_map ? 0x80 : 0x90) | count);
        } else {
            const bool is_short = count <= 0xffff;
            out_ += static_cast<char>((is_map ? 0xde : 0xdc) + (is_short ? 0 : 1));
            append_big_endian(count, is_short ? 2 : 4, out_);
        }
    }
    Status write_key(const Node& node) {
        if (format_ == Format::kJson && node.key.kind != Kind::kText)
            return invalid("a key that is no text has no JSON form");
        auto status = write_scalar(node.key_format, node.key);
        if (format_ == Format::kJson) out_ += ':';
        return status;
    }
    Status write_scalar(Format format, const Scalar& value) {
        if (format != format_) return convert(format, value, out_);
        out_ += value.raw;
        return {};
    }

    Format format_;
    std::string& out_;
    size_t limit_;
};

}  // namespace

Status Tree::write(Format format, std::string& out) const {
    const size_t before = out.size();
    if (auto status = Writer(format, out).write(root_); !status.ok()) return status;
    if (out.size() - before > kBytesMax) return invalid("the body would be larger than 2 MiB");
    return {};
}

}  // namespace zbridge::document

#include "plugins/document/text.h"

#include <simdjson.h>

#include <bit>
#include <charconv>

namespace zbridge::document {

namespace {

// REQUIRES: four hexadecimal digits; scan() has seen them.
unsigned unit_at(std::string_view text, size_t at) {
    unsigned unit = 0;
    (void)std::from_chars(text.data() + at, text.data() + at + 4, unit, 16);
    return unit;
}

void append_utf8(unsigned point, std::string& out) {
    const auto add = [&](unsigned byte) { out += static_cast<char>(byte); };
    if (point < 0x80) {
        add(point);
    } else if (point < 0x800) {
        add(0xc0 | point >> 6);
        add(0x80 | (point & 0x3f));
    } else if (point < 0x10000) {
        add(0xe0 | point >> 12);
        add(0x80 | (point >> 6 & 0x3f));
        add(0x80 | (point & 0x3f));
    } else {
        add(0xf0 | point >> 18);
        add(0x80 | (point >> 12 & 0x3f));
        add(0x80 | (point >> 6 & 0x3f));
        add(0x80 | (point & 0x3f));
    }
}

char meant_by(char escape) {
    switch (escape) {
        case 'b':
            return '\b';
        case 'f':
            return '\f';
        case 'n':
            return '\n';
        case 'r':
            return '\r';
        case 't':
            return '\t';
        default:
            return escape;
    }
}

void append_big_endian(uint64_t number, size_t bytes, std::string& out) {
    for (size_t i = bytes; i-- > 0;)
        out += static_cast<char>(number >> (8 * i) & 0xff);
}

uint64_t big_endian(std::string_view bytes) {
    uint64_t number = 0;
    for (const char c : bytes)
        number = number << 8 | static_cast<unsigned char>(c);
    return number;
}

template <class Number>
std::string digits(Number number) {
    char room[32];
    return {room, std::to_chars(room, room + sizeof(room), number).ptr};
}

// With a point or an exponent, so that it stays what it is.
template <class Real>
std::string real_digits(Real number) {
    std::string text = digits(number);
    if (text.find_first_of(".en") == std::string::npos) text += ".0";  // n: inf, nan
    return text;
}

// REQUIRES: a number that scan_msgpack() has told.
std::string msgpack_digits(std::string_view raw) {
    const auto head = static_cast<unsigned char>(raw[0]);
    const uint64_t bits = big_endian(raw.substr(1));
    switch (head) {
        case 0xca:
            return real_digits(std::bit_cast<float>(static_cast<uint32_t>(bits)));
        case 0xcb:
            return real_digits(std::bit_cast<double>(bits));
        case 0xcc:
        case 0xcd:
        case 0xce:
        case 0xcf:
            return digits(bits);
        case 0xd0:
            return digits(static_cast<int>(static_cast<int8_t>(bits)));
        case 0xd1:
            return digits(static_cast<int16_t>(bits));
        case 0xd2:
            return digits(static_cast<int32_t>(bits));
        case 0xd3:
            return digits(static_cast<int64_t>(bits));
        default:
            return digits(static_cast<int>(static_cast<int8_t>(head)));
    }
}

void append_json_text(std::string_view text, std::string& out) {
    constexpr char kHex[] = "0123456789abcdef";
    out += '"';
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (byte < 0x20) {
            out += "\\u00";
            out += kHex[byte >> 4];
            out += kHex[byte & 15];
        } else {
            out += c;
        }
    }
    out += '"';
}

void append_msgpack_text(std::string_view text, std::string& out) {
    const size_t size = text.size();
    if (size < 32) {
        out += static_cast<char>(0xa0 | size);
    } else if (size <= 0xff) {
        out += '\xd9';
        append_big_endian(size, 1, out);
    } else if (size <= 0xffff) {
        out += '\xda';
        append_big_endian(size, 2, out);
    } else {
        out += '\xdb';
        append_big_endian(size, 4, out);
    }
    out += text;
}

}  // namespace

std::string_view text_of(const Scalar& scalar, std::string& room) {
    if (!scalar.escaped) return scalar.text;
    room.clear();
    const std::string_view text = scalar.text;
    for (size_t at = 0; at < text.size();) {
        if (text[at] != '\\') {
            room += text[at++];
        } else if (text[at + 1] != 'u') {
            room += meant_by(text[at + 1]);
            at += 2;
        } else {
            unsigned point = unit_at(text, at + 2);
            at += 6;
            if (point >= 0xd800 && point <= 0xdfff) {  // scan() has seen the other half
                point = 0x10000 + ((point - 0xd800) << 10) + (unit_at(text, at + 2) - 0xdc00);
                at += 6;
            }
            append_utf8(point, room);
        }
    }
    return room;
}

std::optional<std::string> words_of(Format format, const Scalar& scalar) {
    switch (scalar.kind) {
        case Kind::kText: {
            std::string room;
            return std::string(text_of(scalar, room));
        }
        case Kind::kNumber:
            return format == Format::kJson ? std::string(scalar.text) : msgpack_digits(scalar.raw);
        case Kind::kBool:
            if (format == Format::kJson) return std::string(scalar.raw);
            return scalar.raw[0] == '\xc3' ? "true" : "false";
        default:
            return std::nullopt;
    }
}

void append_text(Format format, std::string_view text, std::string& out) {
    if (format == Format::kJson)
        append_json_text(text, out);
    else
        append_msgpack_text(text, out);
}

std::string_view last_characters(std::string_view text, size_t count) {
    size_t at = text.size();
    for (; at > 0 && count > 0; count--) {
        at--;
        while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80)
            at--;
    }
    return text.substr(at);
}

bool is_utf8(std::string_view text) {
    return simdjson::validate_utf8(text.data(), text.size());
}

}  // namespace zbridge::document

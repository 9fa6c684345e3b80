#include <doctest/doctest.h>

#include <string>

#include "plugins/document/scan.h"
#include "plugins/document/text.h"

using namespace zbridge::document;

namespace {

// Writes down what it is told: {card:"x"} with the offsets where maps and arrays begin and end.
class Teller final : public Visitor {
 public:
    explicit Teller(Format format) : format_(format) {}
    void on_open(Kind kind, size_t at) override {
        said += (kind == Kind::kMap ? "{" : "[") + std::to_string(at) + " ";
    }
    void on_key(const Scalar& key) override { said += words_of(format_, key).value_or("?") + ": "; }
    void on_scalar(const Scalar& value) override {
        said += words_of(format_, value).value_or("?") + " ";
    }
    void on_close(size_t end) override { said += std::to_string(end) + "} "; }
    std::string said;

 private:
    Format format_;
};

std::string told(Format format, std::string_view bytes) {
    Teller teller(format);
    const auto status = scan(format, bytes, teller);
    return status.ok() ? teller.said : status.message();
}
std::string json(std::string_view text) {
    return told(Format::kJson, text);
}
std::string msgpack(std::string_view bytes) {
    return told(Format::kMsgpack, bytes);
}

std::string nested(size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
}

}  // namespace

TEST_CASE("JSON is told as it stands, with its offsets") {
    CHECK(json(R"({"a": 1, "b": [true, null, -1.5e3, "x"]})") ==
          "{0 a: 1 b: [14 true ? -1.5e3 x 39} 40} ");
    CHECK(json(" [] ") == "[1 3} ");
    CHECK(json("{}") == "{0 2} ");
    CHECK(json("0") == "0 ");
}

TEST_CASE("escapes of texts and keys are read") {
    CHECK(json(R"({"\u0063ard": "a\n\"\\\/\u00e4\u20ac\ud83d\ude00"})") ==
          "{0 card: a\n\"\\/\u00e4\u20ac\U0001F600 50} ");
}

TEST_CASE("numbers keep all their digits") {
    CHECK(json("123456789012345678901234567890") == "123456789012345678901234567890 ");
    CHECK(json("0.1000000000000000000000000001") == "0.1000000000000000000000000001 ");
}

TEST_CASE("what is no JSON is told with the byte") {
    CHECK(json("") == "byte 1: a value is expected");
    CHECK(json("{\"a\":1,}") == "byte 8: a key in double quotes is expected");
    CHECK(json("[1 2]") == "byte 4: ',' or ']' is expected");
    CHECK(json("{\"a\" 1}") == "byte 6: ':' is expected");
    CHECK(json("{a:1}") == "byte 2: a key in double quotes is expected");
    CHECK(json("01") == "byte 2: a number does not begin with 0");
    CHECK(json("1.") == "byte 3: a digit is expected");
    CHECK(json("+1") == "byte 1: a value is expected");
    CHECK(json("\"a") == "byte 3: a text without its closing quote");
    CHECK(json("\"a\nb\"") == "byte 3: a control character in a text");
    CHECK(json("\"\\x\"") == "byte 3: an escape that JSON does not have");
    CHECK(json("\"\\u12g4\"") == "byte 6: four hexadecimal digits are expected");
    CHECK(json("{} {}") == "byte 4: something stands behind the value");
    CHECK(json("[1] // a comment") == "byte 5: something stands behind the value");
    CHECK(json("\"\xff\"") == "bytes that are no UTF-8");
    for (const char* half :
         {"\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\u0041\"", "\"\\ud800\\n\""}) {
        CAPTURE(half);
        CHECK(json(half).find("half of a surrogate pair") != std::string::npos);
    }
    for (const char* cut :
         {"{", "[", "{\"a\"", "{\"a\":", "[1", "[1,", "tru", "\"\\", "\"\\u0", "-", "1e"}) {
        CAPTURE(cut);
        CHECK(json(cut).find("byte") == 0);
    }
}

TEST_CASE("64 maps and arrays may be inside each other, in both formats") {
    CHECK(json(nested(kDepthMax)).find("byte") == std::string::npos);
    CHECK(json(nested(kDepthMax + 1)) == "byte 65: too many maps and arrays inside each other");
    CHECK(msgpack(std::string(kDepthMax, '\x91') + '\xc0').find("byte") == std::string::npos);
    CHECK(msgpack(std::string(kDepthMax + 1, '\x91') + '\xc0') ==
          "byte 65: too many maps and arrays inside each other");
}

TEST_CASE("a document of more than 2 MiB is not read") {
    const std::string large = "\"" + std::string(kBytesMax, 'x') + "\"";
    CHECK(json(large) == "larger than 2 MiB");
    CHECK(msgpack(large) == "larger than 2 MiB");
    CHECK(json(std::string_view(large).substr(0, 3)).find("byte") == 0);
}

TEST_CASE("msgpack is told as it stands, with its offsets") {
    using namespace std::string_literals;
    CHECK(msgpack("\x82\xa1"s + "a" + "\x01\xa1"s + "b" + "\x93\xc3\xc0\xa1x"s) ==
          "{0 a: 1 b: [6 true ? x 11} 11} ");
    CHECK(msgpack("\xcc\xff"s) == "255 ");
    CHECK(msgpack("\xcf\xff\xff\xff\xff\xff\xff\xff\xff"s) == "18446744073709551615 ");
    CHECK(msgpack("\xd0\x80"s) == "-128 ");
    CHECK(msgpack("\xd3\x80\x00\x00\x00\x00\x00\x00\x00"s) == "-9223372036854775808 ");
    CHECK(msgpack("\xff"s) == "-1 ");
    CHECK(msgpack("\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00"s) == "1.5 ");
    CHECK(msgpack("\xca\x3f\xc0\x00\x00"s) == "1.5 ");
    CHECK(msgpack("\xd9\x02hi"s) == "hi ");
    CHECK(msgpack("\xc4\x02hi"s) == "? ");
    CHECK(msgpack("\xd6\xff\x00\x00\x00\x00"s) == "? ");
    CHECK(msgpack("\xc7\x03\x05xyz"s) == "? ");
    CHECK(msgpack("\xdc\x00\x01\x05"s) == "[0 5 4} ");
    CHECK(msgpack("\xdf\x00\x00\x00\x01\x05\x06"s) == "{0 5: 6 7} ");
}

TEST_CASE("what is no msgpack is told with the byte") {
    using namespace std::string_literals;
    CHECK(msgpack("") == "byte 1: it is cut off");
    CHECK(msgpack("\xc1") == "byte 1: a byte that msgpack does not have");
    CHECK(msgpack("\x01\x02") == "byte 2: something stands behind the value");
    CHECK(msgpack("\x81\x90\x01") == "byte 2: a map or an array as a key");
    CHECK(msgpack("\xdd\xff\xff\xff\xff"s) == "byte 6: it is cut off");
    CHECK(msgpack("\xdb\xff\xff\xff\xff"s) == "byte 1: it is cut off");
    CHECK(msgpack("\xc9\xff\xff\xff\xff\x01"s) == "byte 1: it is cut off");
    for (const auto& cut : {"\x92\x01"s, "\x81\xa1x"s, "\xcd\x01"s, "\xda\x00"s, "\xdf\x00\x00"s}) {
        CAPTURE(cut.size());
        CHECK(msgpack(cut).find("it is cut off") != std::string::npos);
    }
}

TEST_CASE("the first byte tells JSON from msgpack") {
    CHECK(format_of("{}") == Format::kJson);
    CHECK(format_of("  [1]") == Format::kJson);
    CHECK(format_of("\"x\"") == Format::kJson);
    CHECK(format_of("7") == Format::kJson);
    CHECK(format_of("\x07") == Format::kMsgpack);
    CHECK(format_of("\x81\xa1x\x01") == Format::kMsgpack);
    CHECK(format_of("") == Format::kMsgpack);
}

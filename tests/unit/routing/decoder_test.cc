#include "bridge/routing/decoder.h"

#include <msgpack.hpp>

#include <string>

#include "bridge/base/random.h"

using namespace zbridge;
using namespace zbridge::routing;

namespace {

// What the path finds in the document, as text; "-": nothing, "!": undecodable.
std::string find(Decoder& decoder, std::string_view document, std::string_view path) {
    Selector selector;
    const size_t slot = selector.add(parse_expression(path)->path);
    if (!decoder.read(document, selector)) return "!";
    const Found found = selector.found(slot);
    return found ? text_of(found) : "-";
}
std::string json(std::string_view document, std::string_view path = "$") {
    return find(*make_json_decoder(), document, path);
}
std::string packed(std::string_view document, std::string_view path = "$") {
    return find(*make_msgpack_decoder(), document, path);
}
Found::Kind json_kind(std::string_view document) {
    auto decoder = make_json_decoder();
    Selector selector;
    const size_t slot = selector.add({});
    REQUIRE(decoder->read(document, selector));
    return selector.found(slot).kind;
}

std::string nested(size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
}

}  // namespace

TEST_CASE("JSON: a path finds its value wherever it stands") {
    const std::string_view order =
        R"({"a":{"b":[10,{"c":"deep"},[1,2]]},"order_id":"o-7","n":-5,"x":2.50,"t":true,"f":false,"z":null})";
    CHECK(json(order, "$.order_id") == "o-7");
    CHECK(json(order, "$.a.b[1].c") == "deep");
    CHECK(json(order, "$.a.b[2][1]") == "2");
    CHECK(json(order, "$.n") == "-5");
    CHECK(json(order, "$.x") == "2.50");
    CHECK(json(order, "$.t") == "true");
    CHECK(json(order, "$.f") == "false");
    CHECK(json(order, "$.z") == "-");
    CHECK(json(order, "$.absent") == "-");
    CHECK(json(order, "$.a.b[9]") == "-");
    CHECK(json(order, "$.order_id.x") == "-");
    CHECK(json(order, "$.a[0]") == "-");
    CHECK(json(order, "$.a.b.c") == "-");
}

TEST_CASE("JSON: an array or a map is found as compact text") {
    CHECK(json(R"( { "a" : [ 1 , "x\n\"" , { "b" : null , "c" : [ ] , "d" : { } } ] } )", "$.a") ==
          R"([1,"x\u000a\"",{"b":null,"c":[],"d":{}}])");
    CHECK(json(R"({"a":1,"b":[true,false,1.50]})") == R"({"a":1,"b":[true,false,1.50]})");
}

TEST_CASE("JSON: paths into, and through, the same value are found together") {
    auto decoder = make_json_decoder();
    Selector selector;
    const size_t whole = selector.add(parse_expression("$")->path),
                 a = selector.add(parse_expression("$.a")->path),
                 b = selector.add(parse_expression("$.a.b")->path),
                 c = selector.add(parse_expression("$.a.b[1]")->path);
    CHECK(selector.add(parse_expression("$.a")->path) == a);
    REQUIRE(decoder->read(R"({"a":{"b":[1,2]},"z":0})", selector));
    CHECK(text_of(selector.found(whole)) == R"({"a":{"b":[1,2]},"z":0})");
    CHECK(text_of(selector.found(a)) == R"({"b":[1,2]})");
    CHECK(text_of(selector.found(b)) == "[1,2]");
    CHECK(text_of(selector.found(c)) == "2");
    REQUIRE(decoder->read(R"({"a":7})", selector));
    CHECK(text_of(selector.found(a)) == "7");
    CHECK_FALSE(selector.found(b));
    CHECK_FALSE(selector.found(c));
}

TEST_CASE("JSON: of equal keys the last one counts, with all that is in it") {
    CHECK(json(R"({"a":1,"a":2})", "$.a") == "2");
    CHECK(json(R"({"a":{"b":1},"a":{"c":2}})", "$.a.b") == "-");
    CHECK(json(R"({"a":1,"a":null})", "$.a") == "-");
    CHECK(json(R"({"a":1,"\u0061":2})", "$.a") == "2");
}

TEST_CASE("JSON: text is unescaped") {
    CHECK(json(R"("a\"\\\/\b\f\n\r\t\u00e4\ud83d\ude00")") ==
          "a\"\\/\b\f\n\r\t\xc3\xa4\xf0\x9f\x98\x80");
    CHECK(json(R"({"k\u002ey":1})", "$['k.y']") == "1");
    CHECK(json(R"("")").empty());
}

TEST_CASE("JSON: an integer stays one as long as it fits, and a number keeps its digits") {
    CHECK(json_kind("9223372036854775807") == Found::Kind::kInteger);
    CHECK(json_kind("-9223372036854775808") == Found::Kind::kInteger);
    CHECK(json_kind("9223372036854775808") == Found::Kind::kDouble);
    CHECK(json_kind("1.0") == Found::Kind::kDouble);
    CHECK(json_kind("1e2") == Found::Kind::kDouble);
    CHECK(json(R"([18446744073709551616123456789])", "$[0]") == "18446744073709551616123456789");
    CHECK(json("1e-999") == "1e-999");
    CHECK(json("[1e999]") == "!");
    CHECK(json("1e999") == "!");
}

TEST_CASE("JSON: values that are nothing but a scalar are documents") {
    CHECK(json(" 42 ") == "42");
    CHECK(json("\t\"x\"\n") == "x");
    CHECK(json("true") == "true");
    CHECK(json("null") == "-");
}

TEST_CASE("JSON: what is wrong anywhere makes the frame undecodable, also where no path leads") {
    for (std::string_view wrong : {"",
                                   " ",
                                   "{",
                                   "}",
                                   "[",
                                   "]",
                                   "[1",
                                   "[1,]",
                                   "[,1]",
                                   "[1 2]",
                                   "{\"a\"}",
                                   "{\"a\":}",
                                   "{\"a\":1,}",
                                   "{a:1}",
                                   "{'a':1}",
                                   "{\"a\":1 \"b\":2}",
                                   "{\"a\" 1}",
                                   "[1]]",
                                   "[1] 2",
                                   "{} {}",
                                   "1 2",
                                   "1x",
                                   "\"a\" 1",
                                   "true 1",
                                   "null null",
                                   "tru",
                                   "trueX",
                                   "[trueX]",
                                   "nul",
                                   "[nope]",
                                   "[nullx]",
                                   "{\"x\":nope}",
                                   "01",
                                   "[01]",
                                   "-",
                                   "[-]",
                                   "+1",
                                   "1.",
                                   ".5",
                                   "1e",
                                   "1e+",
                                   "[1.e1]",
                                   "0x10",
                                   "NaN",
                                   "[Infinity]",
                                   "[-Infinity]",
                                   "\"",
                                   "\"a",
                                   "[\"a]",
                                   "\"\\x\"",
                                   "\"\\u12\"",
                                   "\"\\ud800\"",
                                   "[\"\\ud800x\"]",
                                   "\"\t\"",
                                   "[\"a\nb\"]",
                                   "\"\xff\"",
                                   "[\"\xc0\xaf\"]",
                                   "[\"\xed\xa0\x80\"]",
                                   "\xef\xbb\xbf{}",
                                   "{\"a\":[}",
                                   "[{]}",
                                   "[1}",
                                   "{\"a\":1]",
                                   "{1:2}",
                                   "{null:1}",
                                   "[1]\x01",
                                   "/* c */ 1",
                                   "[1]//",
                                   "{\"a\":1}}",
                                   "[[1]",
                                   "{\"a\":{\"b\":1}"}) {
        CHECK_MESSAGE(json(wrong, "$.x") == "!", std::string(wrong));
        CHECK_MESSAGE(json(wrong) == "!", std::string(wrong));
    }
    CHECK(json(std::string_view("[1]\0", 4)) == "!");
    CHECK(json(std::string_view("\"a\0b\"", 5)) == "!");
    CHECK(json(std::string_view("\0", 1)) == "!");
}

TEST_CASE("JSON: as deep as the limit and not deeper") {
    CHECK(json(nested(Selector::kDepthMax), "$.x") == "-");
    CHECK(json(nested(Selector::kDepthMax + 1), "$.x") == "!");
    CHECK(json(nested(100'000), "$.x") == "!");
    CHECK(json(std::string(100'000, '['), "$.x") == "!");
    std::string maps;
    for (int i = 0; i < 100'000; i++)
        maps += "{\"a\":";
    CHECK(json(maps, "$.x") == "!");
}

TEST_CASE("JSON: as large as the limit and not larger; small ones go on being read after it") {
    auto decoder = make_json_decoder();
    std::string large = "[\"" + std::string(Decoder::kFrameBytesMax - 4, 'x') + "\"]";
    CHECK(find(*decoder, large, "$[0]").size() == Decoder::kFrameBytesMax - 4);
    CHECK(find(*decoder, large + " ", "$[0]") == "!");
    decoder->trim();
    CHECK(find(*decoder, "[1]", "$[0]") == "1");
}

TEST_CASE("JSON: any damage is undecodable or harmless, and the reader goes on") {
    const std::string good =
        R"({"a":{"b":[10,{"c":"de\u00e4ep"},[1.5,-2]]},"id":"o-7","t":true,"z":null})";
    auto decoder = make_json_decoder();
    SeededRandom random(7);
    for (int round = 0; round < 20'000; round++) {
        std::string bad = good;
        for (uint64_t i = random.below(4); i <= 3; i++) {
            bad[random.below(bad.size())] = static_cast<char>(random.below(256));
        }
        if (random.below(4) == 0) bad.resize(random.below(bad.size()));
        (void)find(*decoder, bad, "$.a.b[1].c");
        (void)find(*decoder, bad, "$.a");
    }
    CHECK(find(*decoder, good, "$.id") == "o-7");
}

namespace {
template <class Fill>
std::string pack(Fill fill) {
    msgpack::sbuffer buffer;
    msgpack::packer<msgpack::sbuffer> packer(buffer);
    fill(packer);
    return {buffer.data(), buffer.size()};
}
}  // namespace

TEST_CASE("msgpack: a path finds its value wherever it stands") {
    const std::string order = pack([](auto& p) {
        p.pack_map(7);
        p.pack("id"), p.pack("o-7");
        p.pack("n"), p.pack(-5);
        p.pack("big"), p.pack(uint64_t{18446744073709551615U});
        p.pack("x"), p.pack(0.1);
        p.pack("list"), p.pack_array(2), p.pack(true), p.pack_map(2), p.pack("k"), p.pack_nil(),
            p.pack(7), p.pack("v\n");
        p.pack("bin"), p.pack_bin(3), p.pack_bin_body("\0\xff\1", 3);
        p.pack("none"), p.pack_nil();
    });
    CHECK(packed(order, "$.id") == "o-7");
    CHECK(packed(order, "$.n") == "-5");
    CHECK(packed(order, "$.big") == "18446744073709551615");
    CHECK(packed(order, "$.x") == "0.1");
    CHECK(packed(order, "$.list[0]") == "true");
    CHECK(packed(order, "$.list[1].7") == "v\n");
    CHECK(packed(order, "$.list") == R"([true,{"k":null,"7":"v\u000a"}])");
    CHECK(packed(order, "$.bin") == std::string("\0\xff\1", 3));
    CHECK(packed(order, "$.none") == "-");
    CHECK(packed(order, "$.list[2]") == "-");
    CHECK(packed(pack([](auto& p) { p.pack_array(0); })) == "[]");
    CHECK(packed(pack([](auto& p) { p.pack_map(0); })) == "{}");
    CHECK(packed(pack([](auto& p) { p.pack(7); })) == "7");
}

TEST_CASE("msgpack: what is short, long, deep or a lie is undecodable") {
    const std::string good = pack([](auto& p) {
        p.pack_map(1);
        p.pack("list"), p.pack_array(3), p.pack(1000), p.pack("abcdef"), p.pack(1.5);
    });
    for (size_t size = 0; size < good.size(); size++) {
        CHECK_MESSAGE(packed(good.substr(0, size), "$.list") == "!", size);
    }
    CHECK(packed(good + "x", "$.list") == "!");
    CHECK(packed("\xc1") == "!");
    CHECK(packed("\xdd\xff\xff\xff\xff", "$.x") == "!");  // an array of 4294967295
    CHECK(packed("\xdf\xff\xff\xff\xff", "$.x") == "!");  // a map of as many
    CHECK(packed("\xdb\xff\xff\xff\xff", "$.x") == "!");  // text of 4 GiB
    CHECK(packed(std::string(Selector::kDepthMax - 1, '\x91') + "\x90", "$.x") == "-");
    CHECK(packed(std::string(Selector::kDepthMax, '\x91') + "\x90", "$.x") == "!");
    CHECK(packed(std::string(100'000, '\x91'), "$.x") == "!");
    CHECK(packed("\x81\x90\x01", "$.x") == "!");  // a map with an array as key
    SeededRandom random(3);
    auto decoder = make_msgpack_decoder();
    for (int round = 0; round < 20'000; round++) {
        std::string bad = good;
        bad[random.below(bad.size())] = static_cast<char>(random.below(256));
        (void)find(*decoder, bad, "$.list");
    }
    CHECK(find(*decoder, good, "$.list[0]") == "1000");
}

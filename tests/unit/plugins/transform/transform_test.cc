#include "plugins/built_in.h"
#include "plugins/sdk/zbridge_fake_host.hpp"

#include <doctest/doctest.h>

using namespace zbridge::testing;
using namespace std::string_literals;

namespace {

using Map = std::vector<std::pair<std::string, std::string>>;

struct Transformed {
    Transformed& set(const Map& map) { return host.set_map("set", map), *this; }
    Transformed& rename(const Map& map) { return host.set_map("rename", map), *this; }
    Transformed& remove(const std::vector<std::string>& paths) {
        return host.set("remove", paths), *this;
    }
    Transformed& to(const std::string& format) { return host.set("to", format), *this; }
    StepResult step(const Content& message) {
        return host.create(zbridge_plugin_entry_transform()).step(message);
    }
    std::string operator()(const std::string& body) {
        const StepResult result = step({{body}});
        return result.verdict == ZB_PASS ? result.frames[0] : "refused: " + result.reason;
    }
    std::string wrong() {
        try {
            (void)host.create(zbridge_plugin_entry_transform());
        } catch (const std::invalid_argument& error) {
            return error.what();
        }
        return "right";
    }
    FakeHost host;
};

}  // namespace

TEST_CASE("fields are set to literals, typed as JSON is, else texts") {
    Transformed transform;
    transform.set({{"$.a", "2"},
                   {"$.b", "true"},
                   {"$.c", "plain text"},
                   {"$.d", "[1,{\"x\":null}]"},
                   {"$.e", "\"2\""},
                   {"$.f", "$$x"},
                   {"$.g", "say \"hi\""}});
    CHECK(
        transform("{}") ==
        R"({"a":2,"b":true,"c":"plain text","d":[1,{"x":null}],"e":"2","f":"$x","g":"say \"hi\""})");
}

TEST_CASE("fields are set from the body and from properties; what is missing sets nothing") {
    Transformed transform;
    transform.set({{"$.copy", "$.items[1].sku"},
                   {"$.none", "$.nothing.there"},
                   {"$.meta.region", "$property.region"},
                   {"$.meta.amount", "$property.amount"},
                   {"$.meta.none", "$property.none"}});
    Content message{{R"({"items":[{"sku":1},{"sku":"A\u00e4"}]})"}};
    message.properties = {{"region", "E\"U"s}, {"amount", 1.5}};
    CHECK(
        transform.step(message).frames[0] ==
        R"({"items":[{"sku":1},{"sku":"A\u00e4"}],"copy":"A\u00e4","meta":{"region":"E\"U","amount":1.5}})");
}

TEST_CASE("a set replaces what stands there, of doubled keys all") {
    Transformed transform;
    transform.set({{"$.a", "1"}});
    CHECK(transform(R"({"x":0,"a":{"b":1},"y":0,"\u0061":2})") == R"({"x":0,"a":1,"y":0})");
}

TEST_CASE("a set reaches into arrays") {
    Transformed transform;
    transform.set({{"$.items[*].seen", "true"}, {"$.items[2]", "\"end\""}});
    CHECK(transform(R"({"items":[{},{"seen":0}]})") ==
          R"({"items":[{"seen":true},{"seen":true},"end"]})");
    CHECK(transform(R"({"items":[{}]})") ==
          "refused: `$.items[2]` cannot be set: the array has no element 2");
    CHECK(transform(R"({"items":5})") ==
          "refused: `$.items[*].seen` cannot be set: it leads through what is no array");
}

TEST_CASE("a set through what is no map is refused") {
    Transformed transform;
    transform.set({{"$.a.b", "1"}});
    CHECK(transform(R"({"a":"x"})") ==
          "refused: `$.a.b` cannot be set: it leads through what is no map");
    CHECK(transform("[]") == "refused: `$.a.b` cannot be set: it leads through what is no map");
}

TEST_CASE("fields are removed, of doubled keys all") {
    Transformed transform;
    transform.remove({"$.a", "$.items[*].cost", "$.list[0]", "$.all[*]", "$.none.x"});
    CHECK(
        transform(
            R"({"a":1,"b":{"a":2},"a":3,"items":[{"cost":1,"n":1},{"cost":2},7],"list":[1,2],"all":[1,2]})") ==
        R"({"b":{"a":2},"items":[{"n":1},{},7],"list":[2],"all":[]})");
}

TEST_CASE("a key is renamed in its place, and takes that of what had the name") {
    Transformed transform;
    transform.rename({{"$.a", "b"}, {"$.items[*].no", "n\"r"}});
    CHECK(transform(R"({"x":0,"a":1,"b":2,"a":3,"items":[{"no":5}]})") ==
          R"({"x":0,"b":3,"items":[{"n\"r":5}]})");
    CHECK(transform(R"({"b":2})") == R"({"b":2})");
}

TEST_CASE("values of set are read before anything is removed, so a field can be moved") {
    Transformed transform;
    transform.remove({"$.a"}).rename({{"$.b", "a"}}).set({{"$.c", "$.a"}, {"$.d", "$.c"}});
    CHECK(transform(R"({"a":1,"b":2,"c":3})") == R"({"a":2,"c":1,"d":3})");
}

TEST_CASE(
    "what is not changed keeps its digits and escapes; a body without a change its blanks too") {
    Transformed transform;
    transform.remove({"$.a"});
    CHECK(
        transform(R"({ "a":1, "n": 1.500, "big":123456789012345678901234567890, "t":"\u0041" })") ==
        R"({"n":1.500,"big":123456789012345678901234567890,"t":"\u0041"})");
    CHECK(transform(R"({ "n": 1.500 })") == R"({ "n": 1.500 })");
}

TEST_CASE("JSON becomes msgpack, in its smallest forms") {
    Transformed transform;
    transform.to("msgpack");
    CHECK(
        transform(
            R"({"a":[0,127,128,256,65536,4294967296],"t":"\u00e4","n":null,"b":[true,false]})") ==
        "\x84\xa1"
        "a\x96\x00\x7f\xcc\x80\xcd\x01\x00\xce\x00\x01\x00\x00\xcf\x00\x00\x00\x01\x00\x00\x00\x00"
        "\xa1t\xa2\xc3\xa4\xa1n\xc0\xa1"
        "b\x92\xc3\xc2"s);
    CHECK(
        transform("[-1,-32,-33,-129,-32769,-2147483649]") ==
        "\x96\xff\xe0\xd0\xdf\xd1\xff\x7f\xd2\xff\xff\x7f\xff\xd3\xff\xff\xff\xff\x7f\xff\xff\xff"s);
    CHECK(transform("1.5") == "\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00"s);
    CHECK(transform("18446744073709551615") == "\xcf\xff\xff\xff\xff\xff\xff\xff\xff"s);
    CHECK(transform("18446744073709551616") ==
          "refused: a whole number of more than 64 bits has no msgpack form");
    CHECK(transform("1e999") == "refused: a number that is too large or too small for msgpack");
}

TEST_CASE("msgpack becomes JSON") {
    Transformed transform;
    transform.to("json");
    CHECK(transform("\x83\xa1"
                    "a\x92\xcc\xff\xd0\x80\xa1\"\xca\x3f\x80\x00\x00\xa1n\xc0"s) ==
          R"({"a":[255,-128],"\"":1.0,"n":null})");
    CHECK(transform("\xcb\x7f\xf0\x00\x00\x00\x00\x00\x00"s) ==
          "refused: a number that is not finite has no JSON form");
    CHECK(transform("\xc4\x01x"s) == "refused: msgpack's bytes and extensions have no JSON form");
    CHECK(transform("\xa1\xff"s) == "refused: a text that is no UTF-8 has no JSON form");
    CHECK(transform("\x81\x01\x02"s) == "refused: a key that is no text has no JSON form");
}

TEST_CASE("there and back again is the same") {
    const std::string body =
        R"({"id":"o-1","n":[0,-1,1.5,1e+300,18446744073709551615,-9223372036854775808],"m":{"x":{},"y":[]},"t":"a\n\u0001"})";
    Transformed to_msgpack, to_json;
    to_msgpack.to("msgpack");
    to_json.to("json");
    CHECK(to_json(to_msgpack(body)) == body);
}

TEST_CASE("many values have long heads") {
    std::string body = "[0";
    for (int i = 1; i < 65'000; i++)
        body += ",0";
    Transformed transform;
    transform.to("msgpack");
    CHECK(transform(body + "]") == "\xdc\xfd\xe8"s + std::string(65'000, '\0'));
    CHECK(transform("[" + body + "]" + std::string(1'200, ' ') + "]").substr(0, 4) ==
          "\x91\xdc\xfd\xe8"s);
}

TEST_CASE("no more than 65,536 values, before and after") {
    std::string body = "[0";
    for (int i = 1; i < 65'536; i++)
        body += ",0";
    Transformed transform;
    transform.to("msgpack");
    CHECK(transform(body + "]") == "refused: the body is no JSON: more than 65536 values");
    Transformed growing;
    growing.set({{"$.a[*]", "$.a"}});
    std::string list = R"({"a":[0)";
    for (int i = 1; i < 300; i++)
        list += ",0";
    CHECK(growing(list + "]}") ==
          "refused: `$.a[*]` cannot be set: the body would have too many values");
}

TEST_CASE("a body does not grow beyond 2 MiB") {
    Transformed growing;
    growing.set({{"$.a[*]", "$.b"}});
    std::string body = R"({"a":[0)";
    for (int i = 1; i < 300; i++)
        body += ",0";
    body += R"(],"b":")" + std::string(100'000, 'x') + "\"}";
    CHECK(growing(body) == "refused: the body would be larger than 2 MiB");
}

TEST_CASE("what cannot be decoded is refused") {
    Transformed transform;
    transform.remove({"$.a"});
    CHECK(transform("plain").find("refused: the body is no JSON: byte 1") == 0);
    CHECK(transform("\x81").find("refused: the body is no msgpack: byte 2") == 0);
    transform.host.set("frame", "3");
    CHECK(transform("{}") == "refused: the message has no frame 3");
}

TEST_CASE("options that are wrong are told") {
    for (const char* frame : {"64", "4294967296"}) {
        Transformed transform;
        transform.host.set("frame", frame);
        CHECK(transform.remove({"$.a"}).wrong() ==
              "`frame`: " + std::string(frame) + " is out of range");
    }
    CHECK(Transformed().wrong() ==
          "`to`: nothing to do: `set`, `rename`, `remove` or `to` is expected");
    CHECK(Transformed().set({{"a", "1"}}).wrong() ==
          "`set`: a path begins with $: $.customer.iban");
    CHECK(Transformed().set({{"$.a", "$x"}}).wrong() ==
          "`set`: $.path or $property.name is expected; a text that begins with $ is written $$");
    CHECK(Transformed().set({{"$.a", "$.b[*]"}}).wrong() ==
          "`set`: a value is read from one place: [*] is none");
    CHECK(Transformed().set({{"$.a", "$property."}}).wrong() ==
          "`set`: a property's name is expected: $property.region");
    CHECK(Transformed().rename({{"$.a[0]", "b"}}).wrong() ==
          "`rename`: only a key has a name; this path ends with an index");
    CHECK(Transformed().rename({{"$.a", "$.b"}}).wrong() ==
          "`rename`: the new name is a key, not a path: customer_id");
    CHECK(Transformed().remove({"$"}).wrong() ==
          "`remove`: $ alone is the whole body; a path goes on: $.customer.iban");
}

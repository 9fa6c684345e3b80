#include "plugins/built_in.h"
#include "plugins/sdk/zbridge_fake_host.hpp"

#include <doctest/doctest.h>

using namespace zbridge::testing;
using namespace std::string_literals;

namespace {

// A mask of these fields, and what it makes of bodies.
struct Masked {
    explicit Masked(const std::vector<std::string>& fields) { host.set("fields", fields); }
    StepResult step(const std::vector<std::string>& frames) {
        return host.create(zbridge_plugin_entry_mask()).step(frames);
    }
    std::string operator()(const std::string& body) {
        const StepResult result = step({body});
        return result.verdict == ZB_PASS ? result.frames[0] : "refused: " + result.reason;
    }
    FakeHost host;
};

std::string wrong(const std::vector<std::string>& fields) {
    FakeHost host;
    host.set("fields", fields);
    try {
        (void)host.create(zbridge_plugin_entry_mask());
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "right";
}

}  // namespace

TEST_CASE("the values of a key are masked at any depth, all else stays byte for byte") {
    Masked mask({"card"});
    CHECK(mask(R"({ "card" : "4111", "n":1.50, "x":[{"card":"5"}, "card"] })") ==
          R"({ "card" : "***", "n":1.50, "x":[{"card":"***"}, "card"] })");
    CHECK(mask(R"({"amount":5})") == R"({"amount":5})");
}

TEST_CASE("whatever a masked value was, it becomes the text") {
    Masked mask({"card"});
    for (const char* value :
         {"4111", "-1.5e9", "true", "null", "[1,{\"card\":2}]", "{\"a\":{}}", "\"\""}) {
        CAPTURE(value);
        CHECK(mask("{\"card\":" + std::string(value) + ",\"b\":1}") == R"({"card":"***","b":1})");
    }
}

TEST_CASE("neither escapes nor a second key evade it") {
    Masked mask({"card"});
    CHECK(mask(R"({"\u0063ard":"4111"})") == R"({"\u0063ard":"***"})");
    CHECK(mask(R"({"c\u0061\u0072d":"4111"})") == R"({"c\u0061\u0072d":"***"})");
    CHECK(mask(R"({"card":"ok","card":"4111","card":1})") ==
          R"({"card":"***","card":"***","card":"***"})");
    CHECK(mask("\x82\xc4\x04"
               "card\x05\xa4"
               "card\x06"s) ==
          "\x82\xc4\x04"
          "card\xa3***\xa4"
          "card\xa3***"s);
}

TEST_CASE("what only a lenient reader would take is refused, not passed on unmasked") {
    Masked mask({"card"});
    for (const char* body :
         {"{\"card\":4111}garbage", "{'card':4111}", "{\"x\":\"a\nb\",\"card\":1}",
          "/**/{\"card\":1}", "\xef\xbb\xbf{\"card\":1}", "{\"card\":1,}", "{\"ca\xffrd\":1}",
          "{\"\\ud800\":1,\"card\":1}", "", "plain text"}) {
        CAPTURE(body);
        CHECK(mask(body).find("refused: the body is no ") == 0);
    }
}

TEST_CASE("a path masks what stands there and nothing else") {
    Masked mask({"$.customer.iban", "$.items[*].card", "$.list[1]"});
    CHECK(
        mask(
            R"({"iban":1,"customer":{"iban":"DE1","x":{"iban":2}},"items":[{"card":3},{"card":4},5],"list":[6,7,8]})") ==
        R"({"iban":1,"customer":{"iban":"***","x":{"iban":2}},"items":[{"card":"***"},{"card":"***"},5],"list":[6,"***",8]})");
}

TEST_CASE("64 fields are met, in one pass") {
    std::vector<std::string> fields;
    std::string body = "{", expected = "{";
    for (int i = 0; i < 64; i++) {
        fields.push_back("$.f" + std::to_string(i));
        body += (i > 0 ? ",\"f" : "\"f") + std::to_string(i) + "\":1";
        expected += (i > 0 ? ",\"f" : "\"f") + std::to_string(i) + "\":\"***\"";
    }
    CHECK(Masked(fields)(body + "}") == expected + "}");
    fields.push_back("one-more");
    CHECK(wrong(fields) == "`fields`: at most 64 fields");
}

TEST_CASE("the last characters may stay, but never all") {
    Masked mask({"card"});
    mask.host.set("keep_last", "4");
    CHECK(mask(R"({"card":"4111222233334444"})") == R"({"card":"***4444"})");
    CHECK(mask(R"({"card":4111222233334444})") == R"({"card":"***4444"})");
    CHECK(mask(R"({"card":"4444"})") == R"({"card":"***"})");
    CHECK(mask(R"({"card":"44"})") == R"({"card":"***"})");
    CHECK(mask(R"({"card":["4111222233334444"]})") == R"({"card":"***"})");
    CHECK(mask("{\"card\":\"\u00e4\u00f6\u00fc\u20ac\U0001F600\"}") ==
          "{\"card\":\"***\u00f6\u00fc\u20ac\U0001F600\"}");
    CHECK(mask(R"({"card":"12345\u0022\n\\"})") == R"({"card":"***5\"\n\\"})");
    CHECK(mask("\x81\xa4"
               "card\xcd\x30\x39"s) ==
          "\x81\xa4"
          "card\xa7***2345"s);
}

TEST_CASE("the text is the user's") {
    Masked mask({"card"});
    mask.host.set("with", "\"gone\"");
    CHECK(mask(R"({"card":1})") == R"({"card":"\"gone\""})");
    mask.host.set("with", std::string(300, 'x'));
    CHECK(mask("\x81\xa4"
               "card\x05"s) ==
          "\x81\xa4"
          "card\xda\x01\x2c"s +
              std::string(300, 'x'));
}

TEST_CASE("the text has 1 KiB at most, and a body does not become larger than a message") {
    Masked mask({"$.all[*]"});
    mask.host.set("with", std::string(1025, '*'));
    CHECK_THROWS_WITH_AS((void)mask.step({"{}"}), "`with`: at most 1024 bytes are expected",
                         std::invalid_argument);
    mask.host.set("with", std::string(1024, '*'));
    CHECK(mask(R"({"all":[1]})") == R"({"all":[")" + std::string(1024, '*') + R"("]})");
    std::string body = R"({"all":[1)";
    while (body.size() < 1 << 20)
        body += ",1";
    const StepResult result = mask.step({body + "]}"});
    CHECK(result.verdict == ZB_ERROR);
    CHECK(result.error == "the masked body would be larger than 64 MiB");
}

TEST_CASE("a frame that no message can have is told at the start") {
    Masked mask({"card"});
    for (const char* frame : {"64", "4294967296"}) {
        mask.host.set("frame", frame);
        CHECK_THROWS_AS((void)mask.step({"{}"}), std::invalid_argument);
    }
}

TEST_CASE("msgpack is masked in place") {
    Masked mask({"card", "$.c.iban"});
    CHECK(mask("\x83\xa4"
               "card\xa2xx\xa1"
               "c\x81\xa4iban\x01\x07\xa1z"s) ==
          "\x83\xa4"
          "card\xa3***\xa1"
          "c\x81\xa4iban\xa3***\x07\xa1z"s);
}

TEST_CASE("the last frame is the body, or the one that is named") {
    Masked mask({"card"});
    CHECK(mask.step({"{\"card\":1}", "{\"card\":1}"}).frames ==
          std::vector<std::string>{"{\"card\":1}", "{\"card\":\"***\"}"});
    mask.host.set("frame", "0");
    CHECK(mask.step({"{\"card\":1}", "{\"card\":1}"}).frames ==
          std::vector<std::string>{"{\"card\":\"***\"}", "{\"card\":1}"});
    mask.host.set("frame", "2");
    const StepResult result = mask.step({"{\"card\":1}", "{\"card\":1}"});
    CHECK(result.verdict == ZB_REFUSE);
    CHECK(result.reason == "the message has no frame 2");
}

TEST_CASE("a body that cannot be decoded passes if the file says so, counted") {
    Masked mask({"card"});
    mask.host.set("otherwise", "pass");
    CHECK(mask("plain text") == "plain text");
    CHECK(mask.host.metrics["undecodable"] == 1);
    CHECK(mask(R"({"card":1,"a":{"card":2}})") == R"({"card":"***","a":{"card":"***"}})");
    CHECK(mask.host.metrics["masked"] == 2);
}

TEST_CASE("with `format` nothing else is taken") {
    Masked mask({"card"});
    mask.host.set("format", "json");
    CHECK(mask("\x81\xa4"
               "card\x05"s)
              .find("refused: the body is no JSON") == 0);
    mask.host.set("format", "msgpack");
    CHECK(mask("{\"card\":1}").find("refused: the body is no msgpack") == 0);
}

TEST_CASE("a wrong field is told with what would be right") {
    CHECK(wrong({"card", "$.x["}) == "`fields`: a '[' without its ']'");
    CHECK(wrong({""}) == "`fields`: a key or a path is expected: card, $.customer.iban");
    CHECK(wrong({}) == "`fields`: at least one key or path is expected");
}

// Messages as lines of JSON: what a line may say, and what is said of a wrong one.
#include "bridge/cli/message_line.h"

#include <doctest/doctest.h>

#include <sstream>

#include "bridge/cli/pub_input.h"

using namespace zbridge;
using cli::read_message_line;

namespace {

constexpr int64_t kNowMs = 1'700'000'000'000;

std::string problem(std::string_view line) {
    const auto read = read_message_line(line, {}, kNowMs);
    return read.ok() ? "none" : read.error().message();
}

std::string said(std::string_view line, const cli::Attributed& common = {}) {
    const auto read = read_message_line(line, common, kNowMs);
    REQUIRE(read.ok());
    return read->its.report().json();
}

}  // namespace

TEST_CASE("a line has a body, frames, or frames as hexadecimal digits") {
    const auto frames = [](std::string_view line) {
        const auto read = read_message_line(line, {}, kNowMs);
        return read.ok() ? read->frames : cli::MessageFrames{};
    };
    CHECK(frames(R"({"body": "one\ntwo \u20ac"})") == cli::MessageFrames{"one\ntwo \xe2\x82\xac"});
    CHECK(frames(R"({"frames": ["a", "", "c"]})") == cli::MessageFrames{"a", "", "c"});
    CHECK(frames(R"({"frames_hex": ["00fF", ""]})") ==
          cli::MessageFrames{std::string("\0\xff", 2), ""});
    CHECK(problem("{}") == "expected one of `body`, `frames` and `frames_hex`");
    CHECK(problem(R"({"body": "a", "frames": ["a"]})") ==
          "expected one of `body`, `frames` and `frames_hex`");
    CHECK(problem(R"({"frames": []})") == "`frames`: expected one text or more");
    CHECK(problem(R"({"frames_hex": ["0"]})") ==
          "`frames_hex`: expected two hexadecimal digits for each byte");
    CHECK(problem(R"({"frames_hex": ["0g"]})") ==
          "`frames_hex`: expected two hexadecimal digits for each byte");
}

TEST_CASE("a line says of its message what PUBLISH can") {
    CHECK(said(R"({"body": "x", "keys": ["a", "b"], "tag": "t", "order_key": "o", "id": "i",
                   "priority": 9, "deliver_at": 7})") ==
          R"({"id":"i","keys":["a","b"],"order_key":"o","tag":"t","deliver_at":7,"priority":9})");
    CHECK(said(R"({"body": "x", "keys": "a"})") == R"({"keys":["a"]})");
    CHECK(said(R"({"body": "x", "properties": {"t": "7", "i": -7, "r": 0.5, "b": true}})") ==
          R"({"properties":{"t":"7","i":-7,"r":0.5,"b":true}})");
    CHECK(said(R"({"body": "x", "delay": "1.5s"})") == R"({"deliver_at":1700000001500})");
    CHECK(said(R"({"body": "x", "deliver_at": "2023-11-14T22:13:20Z"})") ==
          R"({"deliver_at":1700000000000})");
    CHECK(said(R"({"body": "x", "tag": null})") == "null");
}

TEST_CASE("what a line does not say is as it is said of all of them") {
    cli::Attributed common;
    common.tag = "all";
    common.keys = {"k"};
    common.properties = {{"region", "EU"}, {"shop", "one"}};
    CHECK(said(R"({"body": "x", "tag": "mine", "properties": {"region": "US"}})", common) ==
          R"({"keys":["k"],"tag":"mine","properties":{"shop":"one","region":"US"}})");
}

TEST_CASE("a wrong line is told what is wrong with it") {
    CHECK(problem("order 7") == "byte 1: a value is expected");
    CHECK(problem(R"({"body" "x"})") == "byte 9: ':' is expected");
    CHECK(problem("7") == "expected an object, as {\"body\": \"order 7\"}");
    CHECK(problem(R"({"body": "x", "tga": "t"})") ==
          "no key is named \"tga\"; did you mean \"tag\"?");
    CHECK(problem(R"({"body": "x", "body": "y"})") == "`body` stands there twice");
    CHECK(problem(R"({"body": 7})") == "`body`: expected a text");
    CHECK(problem(R"({"body": "x", "keys": ["a", 7]})") == "`keys`: expected an array of texts");
    for (const char* priority : {"10", "-1", "1.5", "\"1\""}) {
        CHECK(problem(std::string(R"({"body": "x", "priority": )") + priority + "}") ==
              "`priority`: expected a whole number from 0 to 9");
    }
    CHECK(problem(R"({"body": "x", "delay": 7})") == "`delay`: expected a duration, as \"30s\"");
    CHECK(problem(R"({"body": "x", "deliver_at": "soon"})").starts_with("`deliver_at`: expected"));
    CHECK(problem(R"({"body": "x", "delay": "1s", "deliver_at": 7})") ==
          "expected one of `delay` and `deliver_at`, not both");
    CHECK(problem(R"({"body": "x", "properties": ["a"]})") == "`properties`: expected a map");
    CHECK(problem(R"({"body": "x", "properties": {"a": null}})") ==
          "`properties`: \"a\": expected a text, a number, true or false");
    CHECK(problem("{\"body\": \"" + std::string(2 << 20, 'x') + "\"}") == "larger than 2 MiB");
}

TEST_CASE("a byte order mark before the first line is no part of it") {
    std::istringstream in("\xef\xbb\xbf{\"body\": \"1\"}\n\xef\xbb\xbf{\"body\": \"2\"}\n");
    const cli::PubInput input{.as = cli::PubInput::As::kJsonLines, .name = "orders.jsonl"};
    const cli::Attributed common;
    cli::PubMessages messages(input, common, in);
    CHECK((*messages.next())->frames == cli::MessageFrames{"1"});
    CHECK_FALSE(messages.next().ok());  // it is one at the beginning alone
}

TEST_CASE("lines are counted, empty ones too, and reading goes on behind a wrong one") {
    std::istringstream in("{\"body\": \"1\"}\r\n\n  \n{\"bdy\": \"2\"}\n{\"body\": \"3\"}");
    const cli::PubInput input{.as = cli::PubInput::As::kJsonLines, .name = "orders.jsonl"};
    const cli::Attributed common;
    cli::PubMessages messages(input, common, in);
    CHECK((*messages.next())->frames == cli::MessageFrames{"1"});
    CHECK(messages.next().error().message() ==
          "orders.jsonl:4: no key is named \"bdy\"; did you mean \"body\"?");
    CHECK((*messages.next())->frames == cli::MessageFrames{"3"});
    CHECK_FALSE((*messages.next()).has_value());
}

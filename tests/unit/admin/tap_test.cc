#include "bridge/admin/tap.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace zbridge;
using namespace zbridge::admin;
using telemetry::Report;

namespace {

MemoryBudget& memory() {
    static MemoryBudget budget(64 << 20);
    return budget;
}

Passing passing_of(const Message& message) {
    Passing passing;
    passing.wire = message.wire();
    return passing;
}

TapFilter filter_of(const std::string& where) {
    auto filter = TapFilter::compile(where);
    REQUIRE(filter.ok());
    return *std::move(filter);
}

bool matches(const std::string& where, const Passing& passing) {
    const Message message(passing.wire, message_end(passing.wire.bytes(), 0).frames);
    return filter_of(where).matches(passing, message);
}

std::vector<std::string> bodies(const Report& taken) {
    std::vector<std::string> all;
    for (const Report& message : taken.at("messages").items())
        all.push_back(message.at("frames").items().back().text());
    return all;
}

constexpr Instant kStart{std::chrono::seconds(5)};

}  // namespace

TEST_CASE("a tap keeps what passes, with what is known of it") {
    const Message message = make_message(memory(), {"eu", "{}"});
    Attributes attributes;
    attributes.tag = "express";
    attributes.keys = {"a", "b"};
    attributes.properties = {{"amount", Value(int64_t{7})}, {"vip", Value(true)}};
    Passing passing = passing_of(message);
    passing.attributes = &attributes;
    passing.peer = PeerId(3);
    passing.address = "tcp://127.0.0.1:9";
    Tap tap(std::nullopt);
    CHECK(tap.empty());
    tap.offer(passing, "orders-in", {kStart, 1'000'000});
    const Report taken = tap.take();
    REQUIRE(taken.at("messages").items().size() == 1);
    const Report& first = taken.at("messages").items().front();
    CHECK(
        first.json() ==
        R"({"at":"orders-in","way":"in","time_us":1000000,"peer":3,)"
        R"("address":"tcp://127.0.0.1:9","tag":"express","keys":["a","b"],)"
        R"("properties":{"amount":7,"vip":true},"bytes":8,"frame_count":2,"frames":["eu","{}"]})");
    CHECK(taken.at("missed").number() == 0);
    CHECK(tap.empty());
}

TEST_CASE("messages of a batch are told apart, each with its offset and id") {
    std::string wire;
    for (const char* body : {"one", "two", "three"})
        append_frame(wire, body, false);
    Passing passing;
    passing.way = Passing::Way::kGiven;
    passing.wire = memory().copy(wire);
    passing.messages = 3;
    passing.offset = 40;
    passing.id = MessageId{1, 7};
    passing.attempt = 2;
    Tap tap(filter_of("$offset >= 41 AND $attempt = 2"));
    tap.offer(passing, "group/g", {kStart, 0});
    const Report taken = tap.take();
    CHECK(bodies(taken) == std::vector<std::string>{"two", "three"});
    CHECK(taken.at("messages").items()[1].at("id").text() == MessageId{1, 9}.text());
    CHECK(taken.at("missed").number() == 0);  // what does not match was not to be shown
}

TEST_CASE("what does not fit into a tap is counted, and the next time it has room again") {
    const Message small = make_message(memory(), {"x"});
    Tap tap(std::nullopt);
    for (size_t i = 0; i < Tap::kMessagesMax + 12; i++)
        tap.offer(passing_of(small), "in", {kStart, 0});
    CHECK(tap.full());
    Report taken = tap.take();
    CHECK(taken.at("messages").items().size() == Tap::kMessagesMax);
    CHECK(taken.at("missed").number() == 12);

    const Message large = make_message(memory(), {std::string(Tap::kFrameBytesMax, 'x')});
    for (size_t i = 0; i < Tap::kBytesMax / Tap::kFrameBytesMax + 5; i++)
        tap.offer(passing_of(large), "in", {kStart, 0});
    taken = tap.take();
    CHECK(taken.at("messages").items().size() == Tap::kBytesMax / Tap::kFrameBytesMax);
    CHECK(taken.at("missed").number() == 5);
    CHECK(tap.empty());
}

TEST_CASE("of a large message its beginning is shown, and that there is more") {
    const std::string long_frame(Tap::kFrameBytesMax + 1, 'y');
    const std::vector<std::string_view> many(Tap::kFramesMax + 1, "f");
    for (const Message& message :
         {make_message(memory(), {long_frame}), make_message(memory(), many)}) {
        Tap tap(std::nullopt);
        tap.offer(passing_of(message), "in", {kStart, 0});
        const Report taken = tap.take();
        const Report& first = taken.at("messages").items().front();
        CHECK(first.at("cut").text() == "true");
        CHECK(first.at("bytes").number() == message.size());
        CHECK(first.at("frame_count").number() == message.frames());
        CHECK(first.at("frames").items().size() <= Tap::kFramesMax);
        CHECK(first.at("frames").items().back().text().size() <= Tap::kFrameBytesMax);
    }
}

TEST_CASE("a filter looks at so many messages in a while, and the rest is missed") {
    const Message message = make_message(memory(), {"x"});
    Tap tap(filter_of("$bytes > 1000"));
    for (size_t i = 0; i < Tap::kLooksMax + 3; i++)
        tap.offer(passing_of(message), "in", {kStart, 0});
    CHECK(tap.take().at("missed").number() == 3);
    tap.offer(passing_of(message), "in", {kStart + Tap::kLooksEvery, 0});
    CHECK(tap.take().at("missed").number() == 0);

    const Message large = make_message(memory(), {std::string(Tap::kLookBytesMax, 'x')});
    Tap other(filter_of("$bytes < 1000"));
    for (size_t i = 0; i < Tap::kLookBytesMax / TapFilter::kFieldsBytesMax + 2; i++)
        other.offer(passing_of(large), "in", {kStart, 0});
    CHECK(other.take().at("missed").number() == 2);
}

TEST_CASE("attributes count among what a tap keeps, and large ones are left out") {
    const Message message = make_message(memory(), {"x"});
    Attributes attributes;
    attributes.properties = {{"p", Value(std::string(Tap::kAttributeBytesMax - 1, 'p'))}};
    Passing passing = passing_of(message);
    passing.attributes = &attributes;
    Tap tap({});
    for (size_t i = 0; i < Tap::kBytesMax / Tap::kAttributeBytesMax + 3; i++)
        tap.offer(passing, "in", {kStart, 0});
    const Report taken = tap.take();
    CHECK(taken.at("messages").items().size() == Tap::kBytesMax / Tap::kAttributeBytesMax);
    CHECK(taken.at("missed").number() == 3);
    CHECK(taken.at("messages").items()[0].at("cut").is_null());

    attributes.properties[0].second = Value(std::string(Tap::kAttributeBytesMax, 'p'));
    tap.offer(passing, "in", {kStart, 0});
    const Report large = tap.take();
    CHECK(large.at("messages").items()[0].at("properties").is_null());
    CHECK(large.at("messages").items()[0].at("cut").text() == "true");
}

TEST_CASE("a filter sees properties, the tag, fields of a JSON body, and what the bridge knows") {
    const Message message =
        make_message(memory(), {"head", R"({"region": "EU", "amount": 120, "bytes": 1})"});
    Attributes attributes;
    attributes.tag = "express";
    attributes.keys = {"a", "b"};
    attributes.properties = {{"region", Value(std::string("US"))}};
    Passing passing = passing_of(message);
    passing.peer = PeerId(3);
    passing.user = "ann";
    passing.identity = "till 1";
    CHECK(matches("region = 'EU' AND amount > 100", passing));
    CHECK_FALSE(matches("amount > 120", passing));
    CHECK(matches("TAGS IS NULL", passing));
    CHECK(matches("$user = 'ann' AND $identity STARTSWITH 'till' AND $peer = 3", passing));
    CHECK(matches("$frames = 2 AND $bytes > 40 AND bytes = 1", passing));
    CHECK(matches("$body CONTAINS 'amount' AND $way = 'in' AND $offset IS NULL", passing));
    passing.attributes = &attributes;
    CHECK(matches("region = 'US' AND TAGS = 'express' AND $keys CONTAINS 'b'", passing));
    CHECK(matches("amount > 100 AND $priority = 0", passing));
}

TEST_CASE("what is no JSON has no fields, also behind a message that was") {
    const Message json = make_message(memory(), {R"({"a": 1})"});
    const Message text = make_message(memory(), {"{\"a\": 1, oh no"});
    const Message large = make_message(
        memory(), {R"({"a": 1, "b": ")" + std::string(TapFilter::kFieldsBytesMax, 'b') + "\"}"});
    const TapFilter filter = filter_of("a = 1");
    for (int i = 0; i < 2; i++) {
        CHECK(filter.matches(passing_of(json), json));
        CHECK_FALSE(filter.matches(passing_of(text), text));
        CHECK_FALSE(filter.matches(passing_of(large), large));
    }
}

TEST_CASE("a filter that could never match is refused, with what there is") {
    CHECK(TapFilter::compile("amount >").error().message().find("column") != std::string::npos);
    const auto unknown = TapFilter::compile("$size > 1");
    REQUIRE_FALSE(unknown.ok());
    CHECK(unknown.error().message().find("$bytes") != std::string::npos);
}

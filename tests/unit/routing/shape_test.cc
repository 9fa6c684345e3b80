#include "bridge/routing/shape.h"

#include <string>

using namespace zbridge;
using namespace zbridge::routing;

namespace {

struct World {
    MemoryBudget memory{64 << 20};
    ManualClock clock;

    Shape shape(const ShapeOptions& options) {
        auto compiled = Shape::compile(options, clock);
        if (!compiled.ok()) FAIL(compiled.error().message());
        return std::move(*compiled);
    }
    Message message(const std::vector<std::string_view>& frames) {
        return make_message(memory, frames);
    }
    Result<Attributes, Refusal> of(const ShapeOptions& options,
                                   const std::vector<std::string_view>& frames) {
        const Message body = message(frames);
        return shape(options).attributes(
            body, {.user = "ann", .identity = "till-3", .address = "tcp://10.0.0.7:4"});
    }
    std::string error(const ShapeOptions& options) {
        auto compiled = Shape::compile(options, clock);
        return compiled.ok() ? "" : compiled.error().message();
    }
};

ShapeOptions json() {
    ShapeOptions options;
    options.decode.as = Codec::kJson;
    return options;
}

constexpr std::string_view kOrder =
    R"({"order_id":"o-7","customer":42,"kind":"express","region":"EU","amount":99.5,"gift":true,"count":3,"none":null})";

}  // namespace

TEST_CASE("the attributes of an order are what its route says") {
    World world;
    ShapeOptions options = json();
    options.set = {.id = "$.order_id",
                   .keys = {"$.order_id", "$.absent", "$frame[0]", "fixed"},
                   .order_key = "$.customer",
                   .tag = "$.kind",
                   .deliver_at = {},
                   .delay = {},
                   .properties = {{"region", "$.region"},
                                  {"amount", "$.amount"},
                                  {"gift", "$.gift"},
                                  {"count", "$.count"},
                                  {"none", "$.none"},
                                  {"who", "$peer.user"},
                                  {"till", "$peer.identity"},
                                  {"from", "$peer.address"},
                                  {"price", "$$5"},
                                  {"head", "$frame[0]"},
                                  {"fifth", "$frame[4]"}},
                   .priority = {}};
    const auto got = world.of(options, {"orders", kOrder});
    REQUIRE(got.ok());
    CHECK(got->id == "o-7");
    CHECK(got->keys == std::vector<std::string>{"o-7", "orders", "fixed"});
    CHECK(got->order_key == "42");
    CHECK(got->tag == "express");
    const std::vector<std::pair<std::string, Value>> properties = {
        {"region", std::string("EU")},
        {"amount", 99.5},
        {"gift", true},
        {"count", int64_t{3}},
        {"who", std::string("ann")},
        {"till", std::string("till-3")},
        {"from", std::string("tcp://10.0.0.7:4")},
        {"price", std::string("$5")},
        {"head", std::string("orders")}};
    CHECK(got->properties == properties);
}

TEST_CASE("the decoded frame is the one that decode names, else the only one, else the last") {
    World world;
    ShapeOptions options = json();
    options.set.id = "$.a";
    CHECK(world.of(options, {R"({"a":1})"})->id == "1");
    CHECK(world.of(options, {"x", "y", R"({"a":2})"})->id == "2");
    CHECK(world.of(options, {R"({"a":1})", ""}).error() == Refusal::kUndecodable);
    options.decode.frame = 0;
    CHECK(world.of(options, {R"({"a":3})", "{"})->id == "3");
    options.decode.frame = 1;
    CHECK(world.of(options, {"{", R"({"a":4})", "{"})->id == "4");
    CHECK(world.of(options, {R"({"a":4})"}).error() == Refusal::kUndecodable);
}

TEST_CASE("$frame[i].path decodes that frame; a frame that is not there is a missing value") {
    World world;
    ShapeOptions options = json();
    options.set.id = "$frame[0].a";
    options.set.tag = "$.b";
    CHECK(world.of(options, {R"({"a":"one"})", R"({"b":"two"})"})->id == "one");
    CHECK(world.of(options, {R"({"a":"one"})", R"({"b":"two"})"})->tag == "two");
    CHECK(world.of(options, {"{", R"({"b":"two"})"}).error() == Refusal::kUndecodable);
    options.set.id = "$frame[7].a";
    const auto got = world.of(options, {"x", R"({"b":"two"})"});
    REQUIRE(got.ok());
    CHECK_FALSE(got->id);
}

TEST_CASE("a route that says decode refuses what cannot be decoded, also when it sets nothing") {
    World world;
    CHECK(world.of(json(), {"{}"}).ok());
    CHECK(world.of(json(), {"oops"}).error() == Refusal::kUndecodable);
    CHECK(world.of(json(), {std::string(Decoder::kFrameBytesMax + 1, ' ')}).error() ==
          Refusal::kTooLarge);
    ShapeOptions packed;
    packed.decode.as = Codec::kMsgpack;
    packed.set.id = "$.a";
    CHECK(world
              .of(packed, {"\x81\xa1"
                           "a\x07"})
              ->id == "7");
    CHECK(world.of(packed, {"{}"}).error() == Refusal::kUndecodable);
}

TEST_CASE(
    "a required attribute, property or path that is missing refuses the message and is named") {
    World world;
    const auto missing = [&](const std::string& name, std::string_view document) -> std::string {
        ShapeOptions options = json();
        options.set.id = "$.order_id";
        options.set.keys = {"$.a", "$.b"};
        options.set.properties = {{"region", "$.where"}};
        options.required = {name};
        const Shape shape = world.shape(options);
        const auto got = shape.attributes(world.message({document}), {});
        if (got.ok()) return "";
        CHECK(got.error() == Refusal::kMissing);
        return std::string(shape.detail());
    };
    CHECK(missing("id", R"({"order_id":1})").empty());
    CHECK(missing("id", R"({"order_id":null})") == "id");
    CHECK(missing("order_id", R"({"id":1})") == "order_id");  // the path that `set` reads
    CHECK(missing("$.order_id", R"({"id":1})") == "$.order_id");
    CHECK(missing("region", R"({"region":1})") == "region");
    CHECK(missing("region", R"({"where":""})").empty());
    CHECK(missing("keys", R"({"a":1,"b":2})").empty());
    CHECK(missing("keys", R"({"a":1})") == "keys");
    CHECK(missing("other.path", R"({"other":{"path":0}})").empty());
    CHECK(missing("other.path", R"({"other":{}})") == "other.path");
}

TEST_CASE("priority is 0 to 9, a number or its digit; what is none of them refuses the message") {
    World world;
    ShapeOptions options = json();
    options.set.priority = "$.p";
    const auto at = [&](std::string_view document) { return world.of(options, {document}); };
    CHECK(at(R"({"p":0})")->priority == uint8_t{0});
    CHECK(at(R"({"p":9})")->priority == uint8_t{9});
    CHECK(at(R"({"p":"7"})")->priority == uint8_t{7});
    CHECK_FALSE(at(R"({})")->priority);
    for (auto wrong : {R"({"p":10})", R"({"p":-1})", R"({"p":1.5})", R"({"p":"10"})",
                       R"({"p":"high"})", R"({"p":""})", R"({"p":true})", R"({"p":"/"})"}) {
        CHECK_MESSAGE(at(wrong).error() == Refusal::kUndecodable, wrong);
    }
    options.set.priority = "4";
    CHECK(at(R"({})")->priority == uint8_t{4});
}

TEST_CASE("deliver_at is milliseconds or RFC 3339; what is no time refuses the message") {
    World world;
    ShapeOptions options = json();
    options.set.deliver_at = "$.when";
    const auto at = [&](std::string_view document) { return world.of(options, {document}); };
    CHECK(at(R"({"when":1795514400123})")->deliver_at_ms == 1795514400123);
    CHECK(at(R"({"when":1795514400123.7})")->deliver_at_ms == 1795514400123);
    CHECK(at(R"({"when":"1795514400123"})")->deliver_at_ms == 1795514400123);
    CHECK(at(R"({"when":"2026-11-24T10:00:00.123Z"})")->deliver_at_ms == 1795514400123);
    CHECK_FALSE(at(R"({})")->deliver_at_ms);
    for (auto wrong : {R"({"when":"tomorrow"})", R"({"when":true})", R"({"when":""})",
                       R"({"when":1e18})", R"({"when":9223372036854775807})", R"({"when":[1]})"}) {
        CHECK_MESSAGE(at(wrong).error() == Refusal::kUndecodable, wrong);
    }
}

TEST_CASE("delay is a duration from now") {
    World world;
    ShapeOptions options = json();
    options.set.delay = "$.in";
    const int64_t now_ms = world.clock.wall_us() / 1000;
    CHECK(world.of(options, {R"({"in":"1.5s"})"})->deliver_at_ms == now_ms + 1500);
    world.clock.advance(std::chrono::seconds(1));
    CHECK(world.of(options, {R"({"in":"0s"})"})->deliver_at_ms == now_ms + 1000);
    CHECK_FALSE(world.of(options, {R"({})"})->deliver_at_ms);
    CHECK(world.of(options, {R"({"in":5})"}).error() == Refusal::kUndecodable);
    CHECK(world.of(options, {R"({"in":"soon"})"}).error() == Refusal::kUndecodable);
    options.set.delay = "250ms";
    CHECK(world.of(options, {R"({})"})->deliver_at_ms == now_ms + 1250);
}

TEST_CASE("a time, a delay and a priority that are none are refused with what was expected") {
    World world;
    const auto detail = [&](auto set) {
        ShapeOptions options = json();
        set(options.set);
        const Shape shape = world.shape(options);
        CHECK_FALSE(shape.attributes(world.message({R"({"a":"soon"})"}), {}).ok());
        return std::string(shape.detail());
    };
    CHECK(detail([](auto& set) { set.delay = "$.a"; }) ==
          "delay is no text with a duration, as 10s");
    CHECK(detail([](auto& set) { set.priority = "$.a"; }) == "priority is no number from 0 to 9");
    CHECK(detail([](auto& set) { set.deliver_at = "$.a"; }) ==
          "deliver_at is no time, as 2026-11-24T10:00:00Z or milliseconds since 1970");
}

TEST_CASE("an attribute above its limit refuses the message") {
    World world;
    const std::string large(Shape::kAttributeBytesMax + 1, 'x');
    ShapeOptions options;
    options.set.id = "$frame[0]";
    CHECK(world.of(options, {std::string_view(large).substr(1)}).ok());
    CHECK(world.of(options, {large}).error() == Refusal::kTooLarge);
    options.set = {};
    options.set.properties = {{"p", "$frame[0]"}};
    CHECK(world.of(options, {large}).error() == Refusal::kTooLarge);
}

TEST_CASE("a prefix matches the body's first frame") {
    World world;
    ShapeOptions options;
    options.match_prefix = "order.";
    const Shape shape = world.shape(options);
    CHECK(shape.matches(world.message({"order.new", "x"})));
    CHECK(shape.matches(world.message({"order."})));
    CHECK_FALSE(shape.matches(world.message({"order", "order."})));
    CHECK_FALSE(shape.matches(world.message({""})));
    CHECK(world.shape({}).matches(world.message({""})));
}

TEST_CASE("a filter sees the properties and the tag; what is not TRUE does not match") {
    World world;
    ShapeOptions options = json();
    options.set.tag = "$.kind";
    options.set.properties = {{"region", "$.region"}, {"amount", "$.amount"}};
    const auto matches = [&](const std::string& filter, std::string_view document) {
        options.match_filter = filter;
        const auto got = world.of(options, {document});
        if (!got.ok()) CHECK(got.error() == Refusal::kNoMatch);
        return got.ok();
    };
    CHECK(matches("region = 'EU' AND amount > 99", kOrder));
    CHECK_FALSE(matches("region = 'US'", kOrder));
    CHECK(matches("TAGS = 'express'", kOrder));
    CHECK_FALSE(matches("absent = 1 OR absent <> 1", kOrder));
    CHECK(matches("amount = 5", R"({"amount":"5"})"));
    CHECK_FALSE(matches("amount > 5", R"({"amount":"many"})"));
    CHECK(matches("region IS NULL", "{}"));

    options.required = {"amount"};  // of the messages that match
    CHECK_FALSE(matches("region = 'EU'", "{}"));
    options.match_filter = "region = 'EU'";
    CHECK(world.of(options, {R"({"region":"EU"})"}).error() == Refusal::kMissing);
    CHECK(world.of(options, {"oops"}).error() == Refusal::kUndecodable);

    options.match_filter = "region = ";
    CHECK(world.error(options) == "match.filter: column 10: a value is expected, not the end");
    ShapeOptions bare;
    bare.match_filter = "TAGS IS NULL";
    CHECK_FALSE(world.shape(bare).trivial());
    CHECK(world.of(bare, {"x"}).ok());
}

TEST_CASE("a shape that sets nothing is trivial") {
    World world;
    CHECK(world.shape({}).trivial());
    ShapeOptions literal;
    literal.set.tag = "x";
    CHECK_FALSE(world.shape(literal).trivial());
    CHECK_FALSE(world.shape(json()).trivial());
}

TEST_CASE("what cannot be compiled is named with its key") {
    World world;
    ShapeOptions options = json();
    options.set.properties = {{"region", "$.a["}};
    CHECK(world.error(options) == "set.properties.region: a '[' without its ']'");
    options = {};
    options.set.id = "$.order_id";
    CHECK(world.error(options) == "set.id: a path needs `decode: json` or `decode: msgpack`");
    options = {};
    options.required = {"order_id"};
    CHECK(world.error(options) == "required: `set` sets no 'order_id'");
    options = {};
    options.set.deliver_at = "1";
    options.set.delay = "1s";
    CHECK(world.error(options).starts_with("set.deliver_at, set.delay:"));
    options = json();
    for (size_t i = 0; i <= Selector::kPathsMax; i++)
        options.set.keys.push_back("$[" + std::to_string(i) + "]");
    CHECK(world.error(options) == "set.keys: more than 64 paths into one frame");
    options.set.keys.pop_back();
    CHECK(world.error(options).empty());
    options.set.id = "$[0]";  // the same once more is none more
    CHECK(world.error(options).empty());
}

TEST_CASE("a key by which a service knows a repeated request") {
    World world;
    const auto key = [&](std::string_view expression, const std::vector<std::string_view>& frames) {
        auto compiled = compile_expression(expression);
        REQUIRE(compiled.ok());
        return compiled->text_of(world.message(frames));
    };
    CHECK(key("$.transfer_id", {R"({"transfer_id":7})"}) == "7");
    CHECK(key("$frame[0]", {"t-7", "{"}) == "t-7");
    CHECK(key("$frame[0].id", {R"({"id":"t-7"})", "{"}) == "t-7");
    CHECK_FALSE(key("$.transfer_id", {"{}"}));
    CHECK_FALSE(key("$.transfer_id", {"oops"}));
    CHECK_FALSE(key("$.transfer_id", {R"({"transfer_id":""})"}));
    CHECK_FALSE(key("$frame[0]", {std::string(CompiledExpression::kTextBytesMax + 1, 'x')}));
    CHECK_FALSE(compile_expression("$.").ok());
}

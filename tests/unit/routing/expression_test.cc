#include "bridge/routing/expression.h"

using namespace zbridge::routing;
using Kind = ParsedExpression::Kind;

namespace {
Path path_of(std::string_view text) {
    auto parsed = parse_expression(text);
    REQUIRE_MESSAGE(parsed.ok(), std::string(text));
    return parsed->path;
}
PathSegment key(std::string name) {
    return {.key = std::move(name), .index = {}};
}
PathSegment index(uint64_t number) {
    return {.key = {}, .index = number};
}
}  // namespace

TEST_CASE("paths lead through keys and indices") {
    CHECK(path_of("$") == Path{});
    CHECK(path_of("$.order_id") == Path{key("order_id")});
    CHECK(path_of("$.lines[0].sku-no") == Path{key("lines"), index(0), key("sku-no")});
    CHECK(path_of("$[3][4]") == Path{index(3), index(4)});
    CHECK(path_of("$['a.b[c] ''d'][\"e'\"]") == Path{key("a.b[c] 'd"), key("e'")});
}

TEST_CASE("frames and peers are named") {
    CHECK(parse_expression("$frame[2]")->kind == Kind::kFrame);
    CHECK(parse_expression("$frame[2]")->frame == 2);
    CHECK(parse_expression("$frame[2].a")->kind == Kind::kPath);
    CHECK(parse_expression("$frame[2].a")->path == Path{key("a")});
    CHECK(parse_expression("$peer.user")->kind == Kind::kPeerUser);
    CHECK(parse_expression("$peer.identity")->kind == Kind::kPeerIdentity);
    CHECK(parse_expression("$peer.address")->kind == Kind::kPeerAddress);
}

TEST_CASE("all else is a literal, and $$ begins one with a dollar") {
    CHECK(parse_expression("express")->literal == "express");
    CHECK(parse_expression("")->literal.empty());
    CHECK(parse_expression("5$")->literal == "5$");
    CHECK(parse_expression("$$")->literal == "$");
    CHECK(parse_expression("$$.a")->literal == "$.a");
    CHECK(parse_expression("$$$")->literal == "$$");
}

TEST_CASE("what is no expression is refused with what is right") {
    for (auto wrong : {"$.",
                       "$..a",
                       "$.a.",
                       "$.a[",
                       "$.a[]",
                       "$.a[-1]",
                       "$.a[x]",
                       "$.a[1]b",
                       "$.a]",
                       "$['a",
                       "$['a'",
                       "$['a'b]",
                       "$a",
                       "$frame",
                       "$frame[",
                       "$frame[]",
                       "$frame[x]",
                       "$frame[-1]",
                       "$frame[4294967296]",
                       "$frame[0]a",
                       "$frames[0]",
                       "$peer",
                       "$peer.name",
                       "$peers.user",
                       "$ a",
                       "$.a[18446744073709551616]"}) {
        const auto parsed = parse_expression(wrong);
        CHECK_MESSAGE(!parsed.ok(), wrong);
        if (!parsed.ok()) CHECK(!parsed.error().message().empty());
    }
    std::string deep = "$";
    for (size_t i = 0; i < kPathSegmentsMax; i++)
        deep += ".a";
    CHECK(parse_expression(deep).ok());
    CHECK_FALSE(parse_expression(deep + ".a").ok());
}

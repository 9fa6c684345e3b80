#include "plugins/built_in.h"
#include "plugins/sdk/zbridge_fake_host.hpp"

#include <doctest/doctest.h>

using namespace zbridge::testing;

namespace {

Content order(FakeValue amount, const std::string& tag = "") {
    Content message{{"a body"}};
    message.properties = {{"amount", std::move(amount)}, {"region", std::string("EU")}};
    if (!tag.empty()) message.attributes[ZB_TAG] = tag;
    return message;
}

zb_verdict verdict(const std::string& where, const Content& message) {
    FakeHost host;
    host.set("where", where);
    return host.create(zbridge_plugin_entry_filter()).step(message).verdict;
}

std::string refused(const std::string& where) {
    FakeHost host;
    host.set("where", where);
    try {
        (void)host.create(zbridge_plugin_entry_filter());
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "taken";
}

}  // namespace

TEST_CASE("a message that meets the condition passes, another is dropped") {
    CHECK(verdict("amount > 100 AND region = 'EU'", order(int64_t{101})) == ZB_PASS);
    CHECK(verdict("amount > 100 AND region = 'EU'", order(int64_t{100})) == ZB_DROP);
    CHECK(verdict("amount > 100", order(100.5)) == ZB_PASS);
    CHECK(verdict("amount > 100", order(std::string("101"))) == ZB_PASS);
}

TEST_CASE("what is missing or cannot be compared is no match") {
    CHECK(verdict("amount > 100", order(std::string("many"))) == ZB_DROP);
    CHECK(verdict("discount > 0", order(int64_t{1})) == ZB_DROP);
    CHECK(verdict("NOT (discount > 0)", order(int64_t{1})) == ZB_DROP);
    CHECK(verdict("discount IS NULL", order(int64_t{1})) == ZB_PASS);
}

TEST_CASE("words joined by || are tags") {
    for (const char* where : {"express", "express || night", " night||express "}) {
        CAPTURE(where);
        CHECK(verdict(where, order(int64_t{1}, "express")) == ZB_PASS);
        CHECK(verdict(where, order(int64_t{1}, "slow")) == ZB_DROP);
        CHECK(verdict(where, order(int64_t{1})) == ZB_DROP);
    }
    CHECK(verdict("order.paid-late || x", order(int64_t{1}, "order.paid-late")) == ZB_PASS);
}

TEST_CASE("* is every message, also one without a tag") {
    CHECK(verdict("*", order(int64_t{1})) == ZB_PASS);
    CHECK(verdict("express || *", order(int64_t{1}, "slow")) == ZB_PASS);
}

TEST_CASE("TAGS is the tag") {
    CHECK(verdict("TAGS = 'express' AND amount > 0", order(int64_t{1}, "express")) == ZB_PASS);
    CHECK(verdict("TAGS IN ('slow', 'night')", order(int64_t{1}, "express")) == ZB_DROP);
    Content liar = order(int64_t{1}, "express");
    liar.properties["TAGS"] = std::string("night");
    CHECK(verdict("TAGS = 'night'", liar) == ZB_DROP);
}

TEST_CASE("with `otherwise: refuse` the receipt says which condition it was") {
    FakeHost host;
    host.set("where", "amount > 100");
    host.set("otherwise", "refuse");
    auto filter = host.create(zbridge_plugin_entry_filter());
    const StepResult result = filter.step(order(int64_t{1}));
    CHECK(result.verdict == ZB_REFUSE);
    CHECK(result.reason == "not where amount > 100");
    CHECK(filter.step(order(int64_t{101})).verdict == ZB_PASS);
}

TEST_CASE("a condition that is wrong is told with its column") {
    CHECK(refused("amount >> 100") == "`where`: column 9: a value is expected, not >");
    CHECK(refused("amount") == "taken");  // a tag
    CHECK(refused("").find("`where`: column 1: a condition or a list of tags is expected") == 0);
    CHECK(refused("express ||").find("`where`: column 11: a tag is expected here") == 0);
    CHECK(refused("amount > 1 || x").find("`where`: column 12: || is for lists of tags") == 0);
    CHECK(refused("amount = 'EU").find("`where`: column 10: a text without its closing '") == 0);
}

TEST_CASE("a condition is required") {
    FakeHost host;
    CHECK_THROWS_AS((void)host.create(zbridge_plugin_entry_filter()), std::invalid_argument);
}

TEST_CASE("a long condition is cut between two characters in the receipt") {
    FakeHost host;
    const std::string fits = "region = '" + std::string(189, 'x');  // 199 bytes, and one is left
    host.set("where", fits + "\xe2\x82\xac and more'");
    host.set("otherwise", "refuse");
    CHECK(host.create(zbridge_plugin_entry_filter()).step(order(int64_t{1})).reason ==
          "not where " + fits);
}

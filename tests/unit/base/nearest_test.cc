#include "bridge/base/nearest.h"

#include <doctest/doctest.h>

using namespace zbridge;

TEST_CASE("a word that is nearly one that is known is taken for it, however it is written") {
    const std::vector<std::string_view> known{"orders", "prices", "max_peers"};
    CHECK(nearest("ordres", known) == "orders");
    CHECK(nearest("Prices", known) == "prices");
    CHECK(nearest("max-peers", known) == "max_peers");
    CHECK(nearest("invoices-of-may", known).empty());
    CHECK(nearest("", known).empty());
}

TEST_CASE("what is not there is named, with what is meant") {
    CHECK(there_is_no("topic", "ordres", {"prices", "orders"}) ==
          "there is no topic `ordres`; did you mean \"orders\"?");
    CHECK(there_is_no("group", "x", {"logistics"}) == "there is no group `x`");
}

TEST_CASE("a name alone may be meant as that of a topic, group or service") {
    const std::vector<std::string_view> known{"in", "topic/orders", "group/packers"};
    CHECK(did_you_mean_reference("inn", known) == "; did you mean \"in\"?");
    CHECK(did_you_mean_reference("orders", known) == "; did you mean \"topic/orders\"?");
    CHECK(did_you_mean_reference("pakcers", known) == "; did you mean \"group/packers\"?");
    CHECK(did_you_mean_reference("topic/ordres", known) == "; did you mean \"topic/orders\"?");
    CHECK(did_you_mean_reference("screens", known).empty());
    // One that is written right is nearer than one that is nearly so.
    CHECK(did_you_mean_reference("orders", {"workers", "topic/orders"}) ==
          "; did you mean \"topic/orders\"?");
}

TEST_CASE("of long words, and behind so many, none is looked for") {
    const std::string word(kNearestBytesMax, 'a'), longer(kNearestBytesMax + 1, 'a');
    CHECK(nearest(word, {word}) == word);
    CHECK(nearest(longer, {word}).empty());
    CHECK(nearest(word, {longer}).empty());
    std::vector<std::string_view> many(kNearestWordsMax - 1, "prices");
    many.push_back("orders");
    CHECK(nearest("ordres", many) == "orders");
    many.insert(many.begin(), "prices");
    CHECK(nearest("ordres", many).empty());
}

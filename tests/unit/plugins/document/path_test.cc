#include "plugins/document/path.h"

#include <doctest/doctest.h>

using namespace zbridge::document;

namespace {

std::string wrong(std::string_view text) {
    const auto path = parse_path(text);
    return path.ok() ? "right" : path.error().message();
}

}  // namespace

TEST_CASE("keys, indexes, each element, and keys in quotes") {
    const auto path = parse_path("$.items[0][*]['a.b'][\"it\"\"s\"].x");
    REQUIRE(path.ok());
    REQUIRE(path->size() == 6);
    CHECK((*path)[0].meets("items"));
    CHECK((*path)[1].meets(uint64_t{0}));
    CHECK_FALSE((*path)[1].meets(uint64_t{1}));
    CHECK((*path)[2].meets(uint64_t{77}));
    CHECK_FALSE((*path)[2].meets("items"));
    CHECK((*path)[3].meets("a.b"));
    CHECK((*path)[4].meets("it\"s"));
    CHECK((*path)[5].meets("x"));
}

TEST_CASE("a wrong path is told with what would be right") {
    CHECK(wrong("card") == "a path begins with $: $.customer.iban");
    CHECK(wrong("$") == "$ alone is the whole body; a path goes on: $.customer.iban");
    CHECK(wrong("$card") == "'.' or '[' is expected before 'card'");
    CHECK(wrong("$.") == "a name is expected after '.'");
    CHECK(wrong("$.a[") == "a '[' without its ']'");
    CHECK(wrong("$.a[x]") == "'x' is no index: a number from 0, *, or a key in quotes");
    CHECK(wrong("$.a[-1]") == "'-1' is no index: a number from 0, *, or a key in quotes");
    CHECK(wrong("$['a") == "a quoted key ends with ']");
    std::string longer = "$";
    for (size_t i = 0; i <= kPartsMax; i++)
        longer += ".a";
    CHECK(wrong(longer) == "a path has at most 64 parts");
}

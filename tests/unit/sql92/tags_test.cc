#include "bridge/base/sql92/tags.h"

#include <doctest/doctest.h>

using zbridge::sql92::Tags;

namespace {

// "tags", "sql", or what is wrong.
std::string read_as(std::string_view text) {
    const auto read = Tags::read(text);
    if (!read) return "sql";
    return read->ok() ? "tags" : read->error().message();
}

bool matches(std::string_view text, std::string_view tag) {
    return Tags::read(text).value().value().matches(tag);
}

}  // namespace

TEST_CASE("words joined by || alone are a list of tags, everything else is SQL92") {
    for (const char* text :
         {"a", " a ", "a||b", "a || b-2 || c.d:e/f", "*", "a || *", "TRUE", "\u00e4"})
        CHECK(read_as(text) == "tags");
    for (const char* text :
         {"a b", "a = 1", "a=1", "'a'", "NOT a", "a || b = 1", "(a)", "a | b", "a > 0"})
        CHECK(read_as(text) == "sql");
}

TEST_CASE("a list with a gap is wrong, not SQL92") {
    CHECK(read_as("") == "column 1: a condition or a list of tags is expected");
    CHECK(read_as("  ") == "column 1: a condition or a list of tags is expected");
    CHECK(read_as("a ||") == "column 5: a tag is expected here");
    CHECK(read_as("|| a") == "column 1: a tag is expected here");
    CHECK(read_as("a || || b") == "column 5: a tag is expected here");
}

TEST_CASE("a tag is met exactly, no tag only by *") {
    CHECK(matches("a || b", "b"));
    CHECK_FALSE(matches("a || b", "B"));
    CHECK_FALSE(matches("a || b", "a || b"));
    CHECK_FALSE(matches("a || b", ""));
    CHECK(matches("*", ""));
    CHECK(matches("a || *", "c"));
}

#include "bridge/settings/units.h"

#include <string>

using namespace zbridge;
using namespace zbridge::settings;
using namespace std::chrono_literals;

namespace {

template <class Number>
std::string error_of(const Result<Number>& result) {
    return result.ok() ? "parsed" : result.error().message();
}

}  // namespace

TEST_CASE("sizes and durations carry a unit, and 0 may stand alone") {
    CHECK(*parse_size("0") == 0);
    CHECK(*parse_size("1B") == 1);
    CHECK(*parse_size("16MiB") == 16 << 20);
    CHECK(*parse_size("16 MiB") == 16 << 20);
    CHECK(*parse_size("64KB") == 64'000);
    CHECK(*parse_size("2TiB") == 2ULL << 40);
    CHECK(*parse_duration("0") == 0ns);
    CHECK(*parse_duration("500ms") == 500ms);
    CHECK(*parse_duration("90s") == 90s);
    CHECK(*parse_duration("5m") == 5min);
    CHECK(*parse_duration("3h") == 3h);
    CHECK(*parse_duration("2d") == 48h);
}

TEST_CASE("a wrong unit is told what the right one is") {
    CHECK(error_of(parse_size("16M")).ends_with("did you mean \"16MiB\"?"));
    CHECK(error_of(parse_size("16mb")).ends_with("did you mean \"16MB\"?"));
    CHECK(error_of(parse_size("16s")) ==
          "\"16s\" has an unknown unit: expected one of B, KiB, MiB, GiB, TiB, KB, MB, GB, TB");
    CHECK(error_of(parse_duration("10sec")).ends_with("did you mean \"10s\"?"));
    CHECK(error_of(parse_duration("10S")).ends_with("did you mean \"10s\"?"));
    CHECK(error_of(parse_duration("5")) ==
          "\"5\" has no unit: expected a duration with its unit, as 5s (ms, s, m, h, d)");
    CHECK(error_of(parse_duration("1.5s")) ==
          "\"1.5s\" is not a whole number: take a smaller unit (ms, s, m, h, d)");
    CHECK(error_of(parse_duration("-5s")) ==
          "\"-5s\" is not a duration: expected a duration with its unit, as 5s");
    CHECK(error_of(parse_duration("")) ==
          "\"\" is not a duration: expected a duration with its unit, as 5s");
}

TEST_CASE("a number that does not fit is refused, not wrapped around") {
    CHECK(parse_size("16777215TiB").ok());
    CHECK(error_of(parse_size("16777216TiB")) == "\"16777216TiB\" is too large");
    CHECK(error_of(parse_size("99999999999999999999B")) ==
          "\"99999999999999999999B\" is too large");
    CHECK(error_of(parse_duration("106752d")) == "\"106752d\" is too large");
    CHECK(parse_duration("106751d").ok());
    CHECK(*parse_count("18446744073709551615") == 18446744073709551615ULL);
    CHECK(error_of(parse_count("18446744073709551616")) == "\"18446744073709551616\" is too large");
}

TEST_CASE("sizes and durations are written in the largest unit that leaves a whole number") {
    CHECK(size_text(0) == "0B");
    CHECK(size_text(1000) == "1000B");
    CHECK(size_text(1 << 20) == "1MiB");
    CHECK(size_text((1 << 20) + 1024) == "1025KiB");
    CHECK(duration_text(0s) == "0");
    CHECK(duration_text(90s) == "90s");
    CHECK(duration_text(120s) == "2m");
    CHECK(duration_text(48h) == "2d");
}

TEST_CASE("a name has 1 to 63 small letters, digits, _ and -") {
    for (const auto* good : {"a", "0", "orders-in", "a_b", "9lives"})
        CHECK(is_name(good));
    for (const auto* bad : {"", "-a", "_a", "A", "a.b", "a/b", "a b", "\xc3\xa9"})
        CHECK_FALSE(is_name(bad));
    CHECK(is_name(std::string(63, 'a')));
    CHECK_FALSE(is_name(std::string(64, 'a')));
}

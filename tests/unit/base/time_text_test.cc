#include "bridge/base/time_text.h"

using namespace zbridge;
using namespace std::chrono_literals;

TEST_CASE("durations carry a unit") {
    CHECK(parse_duration("250ms") == 250ms);
    CHECK(parse_duration("1.5s") == 1500ms);
    CHECK(parse_duration("2h") == 2h);
    CHECK(parse_duration("0s") == 0s);
    CHECK(parse_duration("7d") == 168h);
    CHECK(parse_duration("7 d") == 168h);
    CHECK(parse_duration("0") == 0s);
    for (auto wrong : {"", "5", "s", "-1s", "1  s", "1 ", "0.0", "1x", ".5s", "5.s", "1.2.3s",
                       "1e3s", "106752d", "1s2"}) {
        CHECK_MESSAGE(!parse_duration(wrong), wrong);
    }
}

TEST_CASE("RFC 3339 is read with its offset") {
    CHECK(parse_rfc3339_ms("1970-01-01T00:00:00Z") == 0);
    CHECK(parse_rfc3339_ms("2026-11-24T10:00:00.123Z") == 1795514400123);
    CHECK(parse_rfc3339_ms("2026-11-24T11:30:00.1239+01:30") == 1795514400123);
    CHECK(parse_rfc3339_ms("2026-11-24 05:00:00-05:00") == 1795514400000);
    CHECK(parse_rfc3339_ms("2024-02-29T00:00:00Z"));
    CHECK(parse_rfc3339_ms("1969-12-31T23:59:59.5Z") == -500);
    for (auto wrong : {"", "2026-11-24", "2026-11-24T10:00Z", "2026-11-24T10:00:00",
                       "2023-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
                       "2026-01-00T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z",
                       "2026-01-01T00:00:61Z", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00Zx",
                       "2026-01-01T00:00:00+1:00", "x026-01-01T00:00:00Z"}) {
        CHECK_MESSAGE(!parse_rfc3339_ms(wrong), wrong);
    }
}

TEST_CASE("a time is its milliseconds since 1970, or RFC 3339") {
    CHECK(parse_time_ms("1795514400123") == 1795514400123);
    CHECK(parse_time_ms("-500") == -500);
    CHECK(parse_time_ms("2026-11-24T10:00:00.123Z") == 1795514400123);
    CHECK(parse_time_ms(std::to_string(kTimeMsMax)) == kTimeMsMax);
    CHECK(parse_time_ms("0001-01-01T00:00:00Z") == kTimeMsMin);
    for (auto wrong : {"", "tomorrow", "5s", "1.5", "253402300800000", "99999999999999999999"})
        CHECK_MESSAGE(!parse_time_ms(wrong), wrong);
}

TEST_CASE("times are written as they are read") {
    CHECK(format_utc(1795514400123456) == "2026-11-24 10:00:00.123Z");
    CHECK(format_utc(1795514400123456, 'T') == "2026-11-24T10:00:00.123Z");
    CHECK(format_utc(-1) == "1969-12-31 23:59:59.999Z");
    for (int64_t ms : {int64_t{0}, int64_t{951'782'400'000}, int64_t{4'102'444'799'999}}) {
        CHECK(parse_rfc3339_ms(format_utc(ms * 1000, 'T')) == ms);
    }
}

// Times and durations as people and programs write them, and back.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "bridge/base/clock.h"

namespace zbridge {

struct DurationUnit {
    std::string_view name;
    int64_t ns;
};
// From small to large.
inline constexpr DurationUnit kDurationUnits[] = {
    {"ns", 1},
    {"us", 1'000},
    {"ms", 1'000'000},
    {"s", 1'000'000'000},
    {"m", 60'000'000'000},
    {"h", 3'600'000'000'000},
    {"d", 86'400'000'000'000},
};

// A number with its unit: "250ms", "1.5s", "2 h"; 0 may stand alone. None when it is anything else,
// negative, or above about 292 years.
std::optional<Duration> parse_duration(std::string_view text);

// RFC 3339, with its offset: "2026-11-24T10:00:00.123Z", "2026-11-24t11:00:00+01:00" (a blank for T
// is taken too; digits after the milliseconds are cut; second 60 is the next minute's 0).
// Milliseconds since 1970; none when it is no such text.
std::optional<int64_t> parse_rfc3339_ms(std::string_view text);

// Times that a program can mean: years 1 to 9999, in milliseconds since 1970.
inline constexpr int64_t kTimeMsMin = -62'135'596'800'000;
inline constexpr int64_t kTimeMsMax = 253'402'300'799'999;
// Digits, as milliseconds since 1970, or RFC 3339; none when it is neither, or no time that a
// program can mean.
std::optional<int64_t> parse_time_ms(std::string_view text);

// "2026-11-24 10:00:00.123Z" with `separator` ' ', for people; with 'T' it is RFC 3339.
std::string format_utc(int64_t us_since_1970, char separator = ' ');

}  // namespace zbridge

// Times and durations as people and programs write them, and back.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "bridge/base/clock.h"

namespace zbridge {

// A number with its unit: "250ms", "1.5s", "2h"; units ns us ms s m h d. None when it is anything
// else, negative, or above about 292 years.
std::optional<Duration> parse_duration(std::string_view text);

// RFC 3339, with its offset: "2026-11-24T10:00:00.123Z", "2026-11-24t11:00:00+01:00" (a blank for T
// is taken too; digits after the milliseconds are cut; second 60 is the next minute's 0).
// Milliseconds since 1970; none when it is no such text.
std::optional<int64_t> parse_rfc3339_ms(std::string_view text);

// "2026-11-24 10:00:00.123Z" with `separator` ' ', for people; with 'T' it is RFC 3339.
std::string format_utc(int64_t us_since_1970, char separator = ' ');

}  // namespace zbridge

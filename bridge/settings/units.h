// Scalars with units, as the YAML writes them. Each error is a sentence that says what was
// expected.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "bridge/base/clock.h"
#include "bridge/base/result.h"

namespace zbridge::settings {

Result<uint64_t> parse_count(std::string_view text);  // "10000"
Result<double> parse_decimal(std::string_view text);  // "2.5", "-1e3"
Result<uint64_t> parse_size(std::string_view text);  // "16MiB", "16 MiB", "64KB"; 0 may stand alone
Result<Duration> parse_duration(std::string_view text);  // "500ms", "5s", "1d"; 0 may stand alone

std::string size_text(uint64_t bytes);  // "16MiB": in the largest unit that leaves a whole number
std::string duration_text(Duration duration);  // "10s"; "0" for none

// [a-z0-9][a-z0-9_-]{0,62}
bool is_name(std::string_view text);
// [A-Za-z0-9%_.-]{1,127}
bool is_topic_name(std::string_view text);

}  // namespace zbridge::settings

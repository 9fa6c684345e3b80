// Values as the command line shows them to people.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bridge/telemetry/report.h"

namespace zbridge::cli {

std::string bytes_text(uint64_t bytes);                      // "1.5 KiB"
std::string duration_text(uint64_t seconds);                 // "2 h 5 min"
std::string counted(uint64_t count, std::string_view noun);  // "1 segment", "2 segments"
// What no terminal should see as \x1b. `blanks`: a blank is shown as it is.
std::string printable(const std::string& bytes, bool blanks = false);
// Rows of a name and what it is, the names as wide as the longest of them. With a `width` (of a
// terminal; 0: there is none) long lines are broken, and go on below their beginning.
using NamedText = std::pair<std::string, std::string>;
std::string named_rows(const std::vector<NamedText>& rows, size_t width);
// Words in lines of at most `width` columns, all but the first one indented.
std::string wrapped(const std::vector<std::string>& words, size_t width, size_t indent = 0);
// Lines of at most `width` columns, broken at blanks; 0: of 80. Without a newline at the end.
std::string wrapped(std::string_view text, size_t width);
// "name   value" lines, of maps within it "name.name   value"; what is empty is left out.
std::string values_text(const telemetry::Report& values, const std::string& prefix = "");
// A value of a report's row, for a table.
std::string cell(const telemetry::Report& row, std::string_view name);

}  // namespace zbridge::cli

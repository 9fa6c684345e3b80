// Groups and dead letters as people read them.
#pragma once

#include <string>

#include "bridge/telemetry/report.h"

namespace zbridge::cli {

// What the bridge answers, as tables; empty if there is nothing in them. `width`: as of
// Table::text().
std::string groups_text(const telemetry::Report& groups, size_t width);
std::string pending_text(const telemetry::Report& pending, size_t width);
std::string letters_text(const telemetry::Report& letters, size_t width);

// A letter on a line of its own. Frames that are no UTF-8 are in `frames_hex` too, all of them.
std::string letter_line(telemetry::Report letter);

}  // namespace zbridge::cli

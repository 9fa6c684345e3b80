// What the engine says of a journal that no bridge runs on, for people.
#pragma once

#include <string>

#include "bridge/telemetry/report.h"

namespace zbridge::cli {

// `width`: of the terminal; 0: it is none.
std::string journal_check_text(const telemetry::Report& answer, size_t width);
std::string journal_stat_text(const telemetry::Report& answer, size_t width);
std::string journal_scrub_text(const telemetry::Report& answer, size_t width);
// Of one batch.
std::string journal_dump_text(const telemetry::Report& batch, size_t width);

}  // namespace zbridge::cli

// The figures of a run, kept in a file, and two of them beside each other.
//
// A file has lines of a name and a value, in the order of `--json`: "latency_us.p99 812.4".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bridge/base/result.h"
#include "bridge/telemetry/report.h"

namespace zbridge::cli::bench {

struct Figures {
    std::vector<std::pair<std::string, std::string>> values;

    // None: there is no such, or it is no number.
    std::optional<double> number(std::string_view name) const;
    std::string text(std::string_view name) const;  // empty: there is no such
};

Figures figures_of(const telemetry::Report& report);
std::string figures_text(const Figures& figures);
// kInvalid: it is none.
Result<Figures> parse_figures(std::string_view text);

Status save_figures(const Figures& figures, const std::string& file);
Result<Figures> load_figures(const std::string& file);

// How B is to A, each figure as a ratio; and what a ratio is worth, by how even each run was.
telemetry::Report comparison(const Figures& a, const Figures& b);
std::string comparison_text(const telemetry::Report& comparison);

}  // namespace zbridge::cli::bench

#include "bridge/cli/bench/schedule.h"

#include <charconv>
#include <cmath>
#include <string_view>

namespace zbridge::cli::bench {

std::optional<Instant> Schedule::due(uint64_t number, Instant began, Instant now) const {
    if (messages != 0 && number >= messages) return std::nullopt;
    Instant at = now;
    if (a_second > 0) {
        const double ns = static_cast<double>(number) / a_second * 1e9;
        at = began + Duration(std::llround(ns));
    }
    if (time > Duration{} && at - began >= time) return std::nullopt;
    return at;
}

std::optional<double> parse_rate(std::string_view text) {
    if (text.ends_with("/s")) text.remove_suffix(2);
    double factor = 1;
    if (text.ends_with('k')) factor = 1e3;
    if (text.ends_with('M')) factor = 1e6;
    if (factor > 1) text.remove_suffix(1);
    double number = 0;
    const char* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, number);
    if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
    const double rate = number * factor;
    if (!std::isfinite(rate) || rate < 1e-3 || rate > 1e9) return std::nullopt;
    return rate;
}

}  // namespace zbridge::cli::bench

#include "bridge/cli/option_values.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "bridge/base/clock.h"
#include "bridge/base/nearest.h"
#include "bridge/base/time_text.h"
#include "bridge/settings/finding.h"

namespace zbridge::cli {

CLI::Validator one_word_of(std::string noun, std::vector<std::string> words) {
    const std::string choices = fmt::format("{{{}}}", fmt::join(words, ","));
    const auto wrong = [noun = std::move(noun), words = std::move(words)](std::string& given) {
        if (std::find(words.begin(), words.end(), given) != words.end()) return std::string();
        const std::vector<std::string_view> known(words.begin(), words.end());
        return fmt::format("no {} is named {}: expected {}{}", noun, settings::in_quotes(given),
                           settings::one_of(known), did_you_mean(given, known));
    };
    return {wrong, choices};
}

CLI::Validator whole_number(uint64_t least, uint64_t most) {
    const auto wrong = [least, most](std::string& given) {
        const char* const end = given.data() + given.size();
        uint64_t number = 0;
        const auto read = std::from_chars(given.data(), end, number);
        const bool is_within =
            read.ec == std::errc() && read.ptr == end && number >= least && number <= most;
        return is_within ? std::string()
                         : fmt::format("{} is no whole number from {} to {}",
                                       settings::in_quotes(given), least, most);
    };
    return {wrong, fmt::format("{} to {}", least, most)};
}

int64_t wall_ms() {
    return RealClock().wall_us() / 1000;
}

std::optional<int64_t> time_from_now(std::string_view text, int64_t now_ms) {
    if (!text.starts_with('-') && !text.starts_with('+')) return std::nullopt;
    const auto distance = parse_duration(text.substr(1));
    if (!distance) return std::nullopt;
    const int64_t ms = std::chrono::ceil<std::chrono::milliseconds>(*distance).count();
    const int64_t then = text.front() == '-' ? now_ms - ms : now_ms + ms;
    if (then < 0 || then > kTimeMsMax) return std::nullopt;
    return then;
}

std::optional<int64_t> time_argument(std::string_view text, int64_t now_ms) {
    if (const auto then = time_from_now(text, now_ms)) return then;
    const auto then = parse_time_ms(text);
    return then && *then >= 0 ? then : std::nullopt;
}

std::string wrong_time(const std::string& text) {
    if (time_argument(text, wall_ms())) return {};
    return "`" + text +
           "` is no time: expected 2026-11-24T10:00:00Z, milliseconds since 1970, or -5m: so long "
           "before now";
}

std::vector<std::string> with_negative_values(const CLI::App& app,
                                              std::vector<std::string> arguments) {
    std::vector<std::string> joined;
    bool names_end = false;
    for (std::string& each : arguments) {
        const bool is_negative =
            each.size() > 1 && each[0] == '-' && each[1] >= '0' && each[1] <= '9';
        const auto* option =
            is_negative && !names_end && !joined.empty() && joined.back().starts_with("--")
                ? app.get_option_no_throw(joined.back())
                : nullptr;
        names_end = names_end || each == "--";
        if (option != nullptr && option->get_items_expected_max() > 0)
            joined.back() += "=" + each;
        else
            joined.push_back(std::move(each));
    }
    return joined;
}

}  // namespace zbridge::cli

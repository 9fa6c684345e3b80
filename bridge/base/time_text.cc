#include "bridge/base/time_text.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>

namespace zbridge {

namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_leap(int64_t year) {
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

int64_t days_in(int64_t year, int64_t month) {
    constexpr int64_t kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return kDays[month - 1] + (month == 2 && is_leap(year) ? 1 : 0);
}

int64_t days_since_1970(int64_t year, int64_t month, int64_t day) {
    using namespace std::chrono;
    return sys_days(year_month_day(std::chrono::year(static_cast<int>(year)),
                                   std::chrono::month(static_cast<unsigned>(month)),
                                   std::chrono::day(static_cast<unsigned>(day))))
        .time_since_epoch()
        .count();
}

// Takes text apart from its front.
class Cursor {
 public:
    explicit Cursor(std::string_view text) : rest_(text) {}

    bool done() const { return rest_.empty(); }
    bool take(std::string_view any_of) {
        if (rest_.empty() || any_of.find(rest_[0]) == any_of.npos) return false;
        last_ = rest_[0];
        rest_.remove_prefix(1);
        return true;
    }
    char last() const { return last_; }
    std::optional<int64_t> digits(size_t count) {
        if (rest_.size() < count) return std::nullopt;
        int64_t number = 0;
        for (size_t i = 0; i < count; i++) {
            if (!is_digit(rest_[i])) return std::nullopt;
            number = number * 10 + (rest_[i] - '0');
        }
        rest_.remove_prefix(count);
        return number;
    }

 private:
    std::string_view rest_;
    char last_ = 0;
};

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) {
    size_t end = 0;
    while (end < text.size() && (is_digit(text[end]) || text[end] == '.'))
        end++;
    const std::string_view number = text.substr(0, end);
    std::string_view unit = text.substr(end);
    if (number == "0" && unit.empty()) return Duration::zero();
    if (unit.starts_with(' ')) unit.remove_prefix(1);
    if (number.empty() || number.front() == '.' || number.back() == '.') return std::nullopt;
    for (const DurationUnit& row : kDurationUnits) {
        if (row.name != unit) continue;
        // Whole numbers are exact; a fraction is not expected to be.
        int64_t whole = 0;
        const auto [stop, error] =
            std::from_chars(number.data(), number.data() + number.size(), whole);
        if (error != std::errc()) return std::nullopt;
        double fraction = 0;
        if (stop != number.data() + number.size()) {
            std::string digits = "0";
            digits.append(stop, number.data() + number.size());
            const auto read =
                std::from_chars(digits.data(), digits.data() + digits.size(), fraction);
            if (read.ptr != digits.data() + digits.size()) return std::nullopt;
        }
        const int64_t fraction_ns = std::llround(fraction * static_cast<double>(row.ns));
        if (whole > (std::numeric_limits<int64_t>::max() - fraction_ns) / row.ns)
            return std::nullopt;
        return Duration(whole * row.ns + fraction_ns);
    }
    return std::nullopt;
}

std::optional<int64_t> parse_rfc3339_ms(std::string_view text) {
    Cursor at(text);
    const auto year = at.digits(4);
    if (!year || !at.take("-")) return std::nullopt;
    const auto month = at.digits(2);
    if (!month || !at.take("-")) return std::nullopt;
    const auto day = at.digits(2);
    if (!day || !at.take("Tt ")) return std::nullopt;
    const auto hour = at.digits(2);
    if (!hour || !at.take(":")) return std::nullopt;
    const auto minute = at.digits(2);
    if (!minute || !at.take(":")) return std::nullopt;
    const auto second = at.digits(2);
    if (!second) return std::nullopt;
    if (*month < 1 || *month > 12 || *day < 1 || *day > days_in(*year, *month)) return std::nullopt;
    if (*hour > 23 || *minute > 59 || *second > 60) return std::nullopt;

    int64_t ms = 0;
    if (at.take(".")) {
        int64_t weight = 100;
        size_t count = 0;
        for (; at.take("0123456789"); count++, weight /= 10)
            ms += (at.last() - '0') * weight;
        if (count == 0) return std::nullopt;
    }
    int64_t offset_minutes = 0;
    if (!at.take("Zz")) {
        if (!at.take("+-")) return std::nullopt;
        const bool east = at.last() == '+';
        const auto hours = at.digits(2);
        if (!hours || !at.take(":")) return std::nullopt;
        const auto minutes = at.digits(2);
        if (!minutes || *hours > 23 || *minutes > 59) return std::nullopt;
        offset_minutes = (*hours * 60 + *minutes) * (east ? 1 : -1);
    }
    if (!at.done()) return std::nullopt;
    const int64_t minutes = (days_since_1970(*year, *month, *day) * 24 + *hour) * 60 + *minute;
    return ((minutes - offset_minutes) * 60 + *second) * 1000 + ms;
}

std::optional<int64_t> parse_time_ms(std::string_view text) {
    int64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, number);
    const bool digits = read.ec == std::errc() && read.ptr == end;
    const auto ms = digits ? number : parse_rfc3339_ms(text);
    if (!ms || *ms < kTimeMsMin || *ms > kTimeMsMax) return std::nullopt;
    return ms;
}

std::string format_utc(int64_t us_since_1970, char separator) {
    using namespace std::chrono;
    const sys_time<milliseconds> time(floor<milliseconds>(microseconds(us_since_1970)));
    const auto day = floor<days>(time);
    const year_month_day date(day);
    const hh_mm_ss clock(time - day);
    return fmt::format("{:04}-{:02}-{:02}{}{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       separator, clock.hours().count(), clock.minutes().count(),
                       clock.seconds().count(), clock.subseconds().count());
}

}  // namespace zbridge

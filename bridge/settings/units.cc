#include "bridge/settings/units.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <span>

#include <fmt/format.h>

#include "bridge/base/time_text.h"
#include "bridge/settings/finding.h"

namespace zbridge::settings {

namespace {

struct Unit {
    std::string_view name;
    uint64_t factor;
};

// Within a family from small to large: text() takes the last that divides.
constexpr Unit kSizes[] = {
    {"B", 1},
    {"KiB", 1ULL << 10},
    {"MiB", 1ULL << 20},
    {"GiB", 1ULL << 30},
    {"TiB", 1ULL << 40},
    {"KB", 1'000},
    {"MB", 1'000'000},
    {"GB", 1'000'000'000},
    {"TB", 1'000'000'000'000},
};
constexpr size_t kBinarySizes = 5;  // the first ones
// From ms on: what is shorter is nothing that a file needs to say.
constexpr size_t kTooShort = 2;
constexpr auto kDurations = [] {
    std::array<Unit, std::size(kDurationUnits) - kTooShort> units{};
    for (size_t i = 0; i < units.size(); i++) {
        const DurationUnit& unit = kDurationUnits[i + kTooShort];
        units[i] = {unit.name, static_cast<uint64_t>(unit.ns)};
    }
    return units;
}();
static_assert(kDurations[0].name == "ms");

// What people write for a unit that is none.
constexpr std::pair<std::string_view, std::string_view> kNearUnits[] = {
    {"k", "KiB"},   {"kb", "KB"},    {"kib", "KiB"},   {"m", "MiB"},     {"mb", "MB"},
    {"mib", "MiB"}, {"g", "GiB"},    {"gb", "GB"},     {"gib", "GiB"},   {"t", "TiB"},
    {"tb", "TB"},   {"tib", "TiB"},  {"b", "B"},       {"byte", "B"},    {"bytes", "B"},
    {"sec", "s"},   {"secs", "s"},   {"second", "s"},  {"seconds", "s"}, {"min", "m"},
    {"mins", "m"},  {"minute", "m"}, {"minutes", "m"}, {"hour", "h"},    {"hours", "h"},
    {"day", "d"},   {"days", "d"},   {"msec", "ms"},   {"millis", "ms"}, {"milliseconds", "ms"},
};

struct Quantity {
    std::string_view kind;     // "a size"
    std::string_view example;  // "16MiB"
    std::string_view units;    // as a sentence lists them
    std::span<const Unit> table;
    uint64_t max;
};

const Quantity kSize{"a size", "16MiB", "B, KiB, MiB, GiB, TiB, KB, MB, GB, TB", kSizes,
                     std::numeric_limits<uint64_t>::max()};
const Quantity kTime{"a duration", "5s", "ms, s, m, h, d", kDurations,
                     static_cast<uint64_t>(std::numeric_limits<int64_t>::max())};

Status wrong(std::string sentence) {
    return {Code::kInvalid, std::move(sentence)};
}

std::string_view near_unit(std::string_view text, std::span<const Unit> table) {
    std::string small(text);
    for (char& c : small)
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    for (const auto& row : kNearUnits) {
        const std::string_view ours = row.second;
        const bool known = std::any_of(table.begin(), table.end(),
                                       [&](const Unit& unit) { return unit.name == ours; });
        if (small == row.first && known) return ours;
    }
    for (const auto& unit : table) {
        std::string name(unit.name);
        for (char& c : name)
            c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        if (name == small) return unit.name;
    }
    return {};
}

Result<uint64_t> parse(std::string_view text, const Quantity& quantity) {
    const std::string expected =
        fmt::format("expected {} with its unit, as {}", quantity.kind, quantity.example);
    const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    if (digits == 0)
        return wrong(fmt::format("{} is not {}: {}", in_quotes(text), quantity.kind, expected));
    uint64_t number = 0;
    const auto read = std::from_chars(text.data(), text.data() + digits, number);
    if (read.ec != std::errc{}) return wrong(fmt::format("{} is too large", in_quotes(text)));

    std::string_view rest = text.substr(digits);
    if (rest.starts_with('.')) {
        return wrong(fmt::format("{} is not a whole number: take a smaller unit ({})",
                                 in_quotes(text), quantity.units));
    }
    if (rest.empty() && number == 0) return uint64_t{0};
    if (rest.empty()) {
        return wrong(
            fmt::format("{} has no unit: {} ({})", in_quotes(text), expected, quantity.units));
    }
    if (rest.starts_with(' ')) rest.remove_prefix(1);
    for (const auto& unit : quantity.table) {
        if (unit.name != rest) continue;
        if (number > quantity.max / unit.factor)
            return wrong(fmt::format("{} is too large", in_quotes(text)));
        return number * unit.factor;
    }
    const auto near = near_unit(rest, quantity.table);
    return wrong(
        fmt::format("{} has an unknown unit: expected one of {}{}", in_quotes(text), quantity.units,
                    near.empty() ? "" : fmt::format("; did you mean \"{}{}\"?", number, near)));
}

}  // namespace

Result<double> parse_decimal(std::string_view text) {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number)) {
        return Status(Code::kInvalid,
                      fmt::format("{} is no number: expected one as 2.5 or 100", in_quotes(text)));
    }
    return number;
}

Result<uint64_t> parse_count(std::string_view text) {
    uint64_t number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (!text.empty() && read.ptr == text.data() + text.size()) {
        if (read.ec == std::errc{}) return number;
        return wrong(fmt::format("{} is too large", in_quotes(text)));
    }
    return wrong(
        fmt::format("{} is not a whole number: expected digits only, as 1000", in_quotes(text)));
}

Result<uint64_t> parse_size(std::string_view text) {
    return parse(text, kSize);
}

Result<Duration> parse_duration(std::string_view text) {
    auto nanoseconds = parse(text, kTime);
    if (!nanoseconds) return std::move(nanoseconds).error();
    return Duration(static_cast<int64_t>(*nanoseconds));
}

std::string size_text(uint64_t bytes) {
    const Unit* best = &kSizes[0];
    for (const auto& unit : std::span(kSizes).first(kBinarySizes)) {
        if (bytes > 0 && bytes % unit.factor == 0) best = &unit;
    }
    return fmt::format("{}{}", bytes / best->factor, best->name);
}

std::string duration_text(Duration duration) {
    if (duration == Duration::zero()) return "0";
    const auto count = static_cast<uint64_t>(duration.count());
    const Unit* best = &kDurations[0];
    for (const auto& unit : kDurations) {
        if (count % unit.factor == 0) best = &unit;
    }
    return fmt::format("{}{}", count / best->factor, best->name);
}

bool is_name(std::string_view text) {
    constexpr size_t kNameBytesMax = 63;
    if (text.empty() || text.size() > kNameBytesMax) return false;
    const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    return plain(text[0]) && std::all_of(text.begin(), text.end(),
                                         [&](char c) { return plain(c) || c == '_' || c == '-'; });
}

bool is_topic_name(std::string_view text) {
    constexpr size_t kNameBytesMax = 127;
    constexpr std::string_view kOthers = "%_.-";
    return !text.empty() && text.size() <= kNameBytesMax &&
           std::all_of(text.begin(), text.end(), [&](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      kOthers.find(c) != std::string_view::npos;
           });
}

}  // namespace zbridge::settings

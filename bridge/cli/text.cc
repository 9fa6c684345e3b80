#include "bridge/cli/text.h"

#include <algorithm>

#include <fmt/format.h>

#include "bridge/base/time_text.h"

namespace zbridge::cli {

namespace {

std::vector<std::string> words_of(std::string_view text) {
    std::vector<std::string> words;
    while (!text.empty()) {
        words.emplace_back(text.substr(0, text.find(' ')));
        text.remove_prefix(std::min(words.back().size() + 1, text.size()));
    }
    return words;
}

}  // namespace

std::string bytes_text(uint64_t bytes) {
    static constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB"};
    double value = static_cast<double>(bytes);
    size_t unit = 0;
    while (value >= 1024 && unit < 3) {
        value /= 1024;
        unit++;
    }
    return fmt::format("{:.{}f} {}", value, unit == 0 || value >= 100 ? 0 : 1, kUnits[unit]);
}

std::string duration_text(uint64_t seconds) {
    if (seconds < 60) return fmt::format("{} s", seconds);
    if (seconds < 3600) return fmt::format("{} min {} s", seconds / 60, seconds % 60);
    if (seconds < 86400) return fmt::format("{} h {} min", seconds / 3600, seconds / 60 % 60);
    return fmt::format("{} d {} h", seconds / 86400, seconds / 3600 % 24);
}

std::string counted(uint64_t count, std::string_view noun) {
    return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string printable(const std::string& bytes, bool blanks) {
    std::string shown;
    for (const char c : bytes) {
        const bool plain = (c > 0x20 && c < 0x7f) || (blanks && c == ' ');
        shown +=
            plain ? std::string(1, c) : fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
    return shown;
}

std::string wrapped(const std::vector<std::string>& words, size_t width, size_t indent) {
    constexpr size_t kLeast = 20;
    const size_t most = std::max(width, indent + kLeast);
    std::string lines, line;
    for (const std::string& word : words) {
        const bool is_first = line.size() == (lines.empty() ? 0 : indent);
        if (!is_first && line.size() + 1 + word.size() > most) {
            lines += line + "\n";
            line = std::string(indent, ' ') + word;
            continue;
        }
        line.append(is_first ? "" : " ").append(word);
    }
    return lines + line;
}

std::string wrapped(std::string_view text, size_t width) {
    constexpr size_t kDefault = 80;
    return wrapped(words_of(text), width == 0 ? kDefault : width);
}

std::string named_rows(const std::vector<NamedText>& rows, size_t width) {
    constexpr size_t kNameLeast = 11, kMargin = 2;
    size_t name_width = kNameLeast;
    for (const auto& [name, text] : rows)
        name_width = std::max(name_width, name.size());
    const size_t indent = kMargin + name_width + kMargin;
    std::string lines;
    for (const auto& [name, text] : rows) {
        std::string line = fmt::format("  {:<{}}  ", name, name_width);
        if (width == 0) {
            lines += line + text + "\n";
            continue;
        }
        std::vector<std::string> words = words_of(text);
        if (!words.empty()) words.front().insert(0, line);
        lines += wrapped(words, width, indent) + "\n";
    }
    return lines;
}

namespace {

// Behind a number that nobody reads: " (2026-11-28 14:25:21.783Z)", " (7 d 0 h)".
std::string beside_ms(std::string_view name, const telemetry::Report& value) {
    constexpr uint64_t kYear2001 = 1'000'000'000'000, kYear10000 = 253'402'300'800'000;
    constexpr uint64_t kDurationsFrom = 60'000;
    const uint64_t ms = value.number();
    if (!name.ends_with("_ms") || ms >= kYear10000) return "";
    if (ms >= kYear2001) return " (" + format_utc(static_cast<int64_t>(ms) * 1000) + ")";
    return ms >= kDurationsFrom ? " (" + duration_text(ms / 1000) + ")" : "";
}

}  // namespace

std::string values_text(const telemetry::Report& values, const std::string& prefix) {
    std::string text;
    for (const auto& [name, value] : values.entries()) {
        std::string items;
        for (const auto& item : value.items())
            items += (items.empty() ? "" : " ") + item.text();
        const std::string shown = items.empty() ? value.text() : items;
        if (!value.entries().empty())
            text += values_text(value, prefix + name + ".");
        else if (!shown.empty())
            text += fmt::format("{:<24} {}{}\n", prefix + name, shown, beside_ms(name, value));
    }
    return text;
}

std::string cell(const telemetry::Report& row, std::string_view name) {
    return row.at(name).text();
}

}  // namespace zbridge::cli

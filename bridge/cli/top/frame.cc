#include "bridge/cli/top/frame.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "bridge/base/utf8.h"
#include "bridge/cli/text.h"
#include "bridge/cli/top/cells.h"

namespace zbridge::cli::top {

namespace {

using telemetry::Report;

constexpr size_t kLinesAround = 5;  // the bridge, views, a blank one, heads, keys
constexpr std::string_view kKeys =
    "h help   1-5 view   arrows scroll, sort   r reverse   / filter   q leave";
constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kHelp = {{
    {"1 to 5", "routes, topics, groups, services, peers"},
    {"Tab", "the next of these"},
    {"up, down", "a row up, a row down"},
    {"PgUp, PgDn", "a page up, a page down; Home, End: the first, the last"},
    {"left, right", "sort by another column; also < and >"},
    {"r", "the other way round"},
    {"/", "show only rows that have a text; Enter keeps it, Esc ends it"},
    {"h, ?", "these keys; any key ends it"},
    {"q", "leave"},
}};

// The beginning that takes so many columns.
std::string cut(const std::string& text, size_t width) {
    size_t at = 0;
    for (size_t columns = 0; at < text.size(); at++) {
        if (!begins_character(text[at])) continue;
        if (columns++ == width) break;
    }
    return text.substr(0, at);
}

std::string padded(std::string text, size_t width, bool to_the_right) {
    text = cut(text, width);
    const std::string blanks(width - width_of(text), ' ');
    return to_the_right ? blanks + text : text + blanks;
}

void cut_line(Line& line, size_t width) {
    size_t used = 0;
    for (Span& span : line) {
        span.text = cut(span.text, width - used);
        used += width_of(span.text);
    }
}

Style style_of(const Samples& samples, size_t view, const Row& row, const Column& column) {
    if (column.kind == Column::Kind::kSpark) return Style::kSpark;
    if (column.field == "note" || column.field == "dead" || column.field == "dropped")
        return row.fields.at(column.field).number() > 0 || column.field == "note" ? Style::kWarning
                                                                                  : Style::kPlain;
    const bool is_loss = column.field == "refused" || column.field == "failed";
    if (is_loss && is_rate(column.kind) && samples.rate(view, row, column.field).value_or(0) > 0)
        return Style::kWarning;
    return Style::kPlain;
}

Line heads_line(const std::vector<Placed>& placed, const Look::Order& order) {
    Line line;
    for (const Placed& each : placed) {
        const bool sorted = each.number == order.column;
        std::string head(each.column->head);
        if (sorted) head += order.falling ? " v" : " ^";
        line.push_back({padded(head, each.width, each.column->kind != Column::Kind::kText),
                        sorted ? Style::kChosen : Style::kHead});
        line.push_back({"  ", Style::kHead});
    }
    return line;
}

Line row_line(const Samples& samples, const Look& look, const Row& row,
              const std::vector<Placed>& placed, bool utf8) {
    Line line;
    for (const Placed& each : placed) {
        const Column& column = *each.column;
        line.push_back({padded(cell_text(samples, look.view, row, column, utf8), each.width,
                               column.kind != Column::Kind::kText),
                        style_of(samples, look.view, row, column)});
        line.push_back({"  ", Style::kPlain});
    }
    return line;
}

Line tabs_line(const Samples& samples, const Look& look) {
    Line line;
    for (size_t i = 0; i < kViews; i++) {
        const std::string count =
            i == kPeersView ? "" : " " + std::to_string(samples.rows(i).size());
        line.push_back({fmt::format(" {} {}{} ", i + 1, views()[i].name, count),
                        i == look.view ? Style::kChosen : Style::kPlain});
    }
    if (look.typing)
        line.push_back({"   /" + look.filter + "_", Style::kBold});
    else if (!look.filter.empty())
        line.push_back({"   /" + look.filter, Style::kBold});
    return line;
}

Line nothing_line(const Look& look) {
    return {{look.filter.empty() ? std::string(views()[look.view].what) : "none of these",
             Style::kDim}};
}

// A part of the line about the bridge. Where the line is too long, that with the largest `spare` becomes
// shorter first, then it goes first; 0: never.
struct Part {
    std::string text;
    std::string shorter = {};  // empty: it is short
    uint32_t spare = 0;
    Style style = Style::kPlain;
};
constexpr std::string_view kBetween = "   ";

size_t total_width(const std::vector<Part>& parts) {
    size_t width = 0;
    for (const Part& each : parts)
        width += width_of(each.text) + (width > 0 ? kBetween.size() : 0);
    return width;
}

void fit(std::vector<Part>& parts, size_t width) {
    const auto most = [&](auto counts) {
        return std::max_element(parts.begin(), parts.end(), [&](const Part& one, const Part& two) {
            return counts(one) < counts(two);
        });
    };
    const auto shortens = [](const Part& each) { return each.shorter.empty() ? 0 : each.spare; };
    const auto goes = [](const Part& each) { return each.spare; };
    for (auto next = most(shortens); total_width(parts) > width && shortens(*next) > 0;
         next = most(shortens))
        next->text = std::exchange(next->shorter, {});
    for (auto next = most(goes); total_width(parts) > width && goes(*next) > 0; next = most(goes))
        parts.erase(next);
}

std::vector<Part> parts_of(const Samples& samples, const Screenful& screen) {
    const Report& bridge = samples.status().at("bridge");
    const Report& store = samples.status().at("store");
    const auto of_max = [&](const std::string& used, const std::string& max, const char* what) {
        return Part{fmt::format("{} of {} {}", used, max, what), fmt::format("{} {}", used, what)};
    };
    std::vector<Part> parts{{.text = cell(bridge, "name"), .style = Style::kBold}};
    parts.push_back({.text = "zbridge " + cell(bridge, "version"), .spare = 5});
    if (screen.trouble.empty())
        parts.push_back({.text = cell(bridge, "state")});
    else
        parts.push_back(
            {.text = "no answer for " +
                     duration_text(static_cast<uint64_t>(
                         std::chrono::duration_cast<std::chrono::seconds>(screen.silent).count())),
             .style = Style::kWarning});
    parts.push_back({.text = "up " + duration_text(bridge.at("uptime_s").number()), .spare = 3});
    parts.push_back(
        of_max(cell(bridge, "connections"), cell(bridge, "connections_max"), "connections"));
    parts.back().spare = 2;
    parts.push_back(of_max(bytes_text(bridge.at("memory_bytes").number()),
                           bytes_text(bridge.at("memory_bytes_max").number()), "memory"));
    parts.back().spare = 1;
    if (!store.at("segment_bytes").is_null())
        parts.push_back(
            {.text = bytes_text(store.at("segment_bytes").number()) + " stored", .spare = 4});
    if (cell(store, "full") == "true")
        parts.push_back({.text = "the store is full", .style = Style::kWarning});
    if (const std::string failure = cell(store, "failure"); !failure.empty())
        parts.push_back({.text = "the store failed: " + failure, .style = Style::kWarning});
    return parts;
}

Line bridge_line(const Samples& samples, const Screenful& screen) {
    std::vector<Part> parts = parts_of(samples, screen);
    if (screen.width > 0) fit(parts, screen.width);
    Line line;
    for (Part& each : parts) {
        if (!line.empty()) line.push_back({std::string(kBetween), Style::kPlain});
        line.push_back({std::move(each.text), each.style});
    }
    return line;
}

std::vector<Line> help_lines() {
    std::vector<Line> lines;
    for (const auto& [keys, what] : kHelp)
        lines.push_back(
            {{fmt::format("  {:<12} ", keys), Style::kBold}, {std::string(what), Style::kPlain}});
    return lines;
}

}  // namespace

Frame make_frame(const Samples& samples, const Look& look, const Screenful& screen) {
    Frame frame;
    frame.page = screen.height > kLinesAround ? screen.height - kLinesAround : 1;
    if (look.helps) {
        frame.lines = help_lines();
    } else if (samples.empty()) {
        frame.lines.push_back({{screen.trouble.empty() ? "the bridge is asked ..." : screen.trouble,
                                screen.trouble.empty() ? Style::kDim : Style::kWarning}});
    } else {
        const auto rows = rows_to_show(samples, look);
        frame.first = std::min(look.first, rows.size() - std::min(rows.size(), frame.page));
        const size_t end = std::min(rows.size(), frame.first + frame.page);
        const auto placed = place_columns(samples, look, rows, screen.width, screen.utf8);
        frame.lines.push_back(bridge_line(samples, screen));
        frame.lines.push_back(tabs_line(samples, look));
        frame.lines.emplace_back();
        frame.lines.push_back(heads_line(placed, look.orders[look.view]));
        for (size_t i = frame.first; i < end; i++)
            frame.lines.push_back(row_line(samples, look, *rows[i], placed, screen.utf8));
        if (rows.empty()) frame.lines.push_back(nothing_line(look));
        while (frame.lines.size() + 1 < screen.height)
            frame.lines.emplace_back();
        if (!screen.trouble.empty())
            frame.lines.push_back({{screen.trouble, Style::kWarning}});
        else if (rows.size() > frame.page)
            frame.lines.push_back(
                {{fmt::format("{}-{} of {}   ", frame.first + 1, end, rows.size()), Style::kBold},
                 {std::string(kKeys), Style::kDim}});
        else
            frame.lines.push_back({{std::string(kKeys), Style::kDim}});
    }
    if (frame.lines.size() > screen.height) frame.lines.resize(screen.height);
    for (Line& line : frame.lines)
        cut_line(line, screen.width);
    return frame;
}

std::vector<Line> view_lines(const Samples& samples, const Look& look, size_t width, bool utf8) {
    const auto rows = rows_to_show(samples, look);
    if (rows.empty()) return {nothing_line(look)};
    const auto placed = place_columns(samples, look, rows, width, utf8);
    std::vector<Line> lines{heads_line(placed, look.orders[look.view])};
    for (const Row* row : rows)
        lines.push_back(row_line(samples, look, *row, placed, utf8));
    return lines;
}

Line bridge_line(const Samples& samples, size_t width) {
    return bridge_line(samples, Screenful{.width = width});
}

std::string text_of(const std::vector<Line>& lines, bool colour) {
    static constexpr std::array<std::string_view, 7> kCodes = {"",    "1",  "2",   "4",
                                                               "1;4", "36", "1;33"};
    std::string text;
    for (const Line& line : lines) {
        std::string shown;
        for (const Span& span : line) {
            const std::string_view code = kCodes[static_cast<size_t>(span.style)];
            shown += colour && !code.empty() ? fmt::format("\x1b[{}m{}\x1b[0m", code, span.text)
                                             : span.text;
        }
        shown.erase(shown.find_last_not_of(' ') + 1);
        text += shown + "\n";
    }
    return text;
}

size_t width_of(std::string_view text) {
    return static_cast<size_t>(std::count_if(text.begin(), text.end(), begins_character));
}

std::string spark_text(const std::deque<double>& values, size_t width, bool utf8) {
    static constexpr std::array<std::string_view, 8> kBlocks = {"▁", "▂", "▃", "▄",
                                                                "▅", "▆", "▇", "█"};
    static constexpr std::array<std::string_view, 8> kAscii = {"_", ".", ":", "-",
                                                               "=", "+", "*", "#"};
    const size_t count = std::min(values.size(), width);
    const auto from = values.end() - static_cast<std::ptrdiff_t>(count);
    const double most = count == 0 ? 0 : *std::max_element(from, values.end());
    std::string text;
    for (auto value = from; value != values.end(); ++value) {
        const double part = most > 0 ? *value / most : 0;
        const auto level = static_cast<size_t>(std::lround(part * (kBlocks.size() - 1)));
        text += utf8 ? kBlocks[level] : kAscii[level];
    }
    return text;
}

std::string rate_text(double rate) {
    if (rate <= 0) return "0";
    if (rate < 10) return fmt::format("{:.1f}", rate);
    if (rate < 10'000) return fmt::format("{:.0f}", rate);
    if (rate < 1'000'000) return fmt::format("{:.1f}k", rate / 1000);
    return fmt::format("{:.2f}M", rate / 1'000'000);
}

}  // namespace zbridge::cli::top

// Two runs beside each other: saved.h.
#include <algorithm>

#include <fmt/format.h>

#include "bridge/cli/bench/saved.h"
#include "bridge/cli/text.h"

namespace zbridge::cli::bench {

using telemetry::Report;

namespace {

// What a machine that does other things meanwhile makes of two runs that are alike.
constexpr double kLeastNoise = 0.05;
// The noise of a run that was too short to say.
constexpr double kUnknownNoise = 0.3;

// Runs of the same kind, of the same size: else the ratio is one of two different things.
const char* const kAlike[] = {"bench",       "from",    "to",        "service",
                              "clients",     "workers", "consumers", "message_bytes",
                              "rate_wanted", "window"};
const char* const kTimes[] = {"p50", "p90", "p99", "p999", "max"};

void add_row(const Figures& a, const Figures& b, const std::string& name, Report& rows) {
    const auto first = a.number(name), second = b.number(name);
    if (!first || !second || *first <= 0) return;
    Report& row = rows.add(Report::map());
    row.add("figure", name);
    row.add("a", *first);
    row.add("b", *second);
    row.add("ratio", *second / *first);
}

double noise_of(const Figures& figures) {
    return std::max(figures.number("rate_noise").value_or(kUnknownNoise), kLeastNoise);
}

const char* word_on(double ratio, double noise) {
    const double away = ratio > 1 ? ratio - 1 : 1 / std::max(ratio, 1e-9) - 1;
    if (away <= noise) return "within the noise";
    return away <= 2 * noise ? "perhaps" : "";
}

}  // namespace

Report comparison(const Figures& a, const Figures& b) {
    Report its = Report::map();
    Report& different = its.add("different", Report::list());
    for (const char* name : kAlike) {
        if (a.text(name) != b.text(name)) different.add(std::string(name));
    }
    const double noise = std::max(noise_of(a), noise_of(b));
    its.add("noise", noise);
    its.add("noise_known", a.number("rate_noise") && b.number("rate_noise"));
    Report& bad = its.add("not_good", Report::list());
    if (a.text("good") == "false") bad.add("A");
    if (b.text("good") == "false") bad.add("B");
    Report rows = Report::list();
    add_row(a, b, "rate", rows);
    for (const char* what : {"latency_us.", "receipt_us."}) {
        for (const char* part : kTimes)
            add_row(a, b, std::string(what) + part, rows);
    }
    Report& told = its.add("figures", Report::list());
    for (Report row : rows.items()) {
        const double ratio = std::get<double>(row.at("ratio").value());
        row.add("word", word_on(ratio, noise));
        told.add(std::move(row));
    }
    return its;
}

std::string comparison_text(const Report& comparison) {
    std::string text = fmt::format("{:<16}{:>14}{:>14}{:>9}\n", "", "A", "B", "B / A");
    for (const Report& row : comparison.at("figures").items()) {
        const auto number = [&](const char* name) {
            return std::get<double>(row.at(name).value());
        };
        const std::string word = cell(row, "word");
        text +=
            fmt::format("{:<16}{:>14.1f}{:>14.1f}{:>8.2f}x{}\n", cell(row, "figure"), number("a"),
                        number("b"), number("ratio"), word.empty() ? "" : "  " + word);
    }
    for (const Report& name : comparison.at("different").items())
        text += fmt::format("not alike: `{}` differs, so this compares two things\n", name.text());
    for (const Report& run : comparison.at("not_good").items())
        text += fmt::format("{} was not good: messages were lost, or the like\n", run.text());
    const double noise = std::get<double>(comparison.at("noise").value());
    const bool known = comparison.at("noise_known").text() == "true";
    return text + fmt::format(
                      "noise: the rate within a run was even to {:.0f} %{}. Another moment of the "
                      "machine may differ by more: repeat both, in turn\n",
                      noise * 100, known ? "" : " or worse, as one was too short to say");
}

}  // namespace zbridge::cli::bench

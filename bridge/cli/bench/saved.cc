#include "bridge/cli/bench/saved.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>

#include "bridge/cli/input_file.h"

namespace zbridge::cli::bench {

using telemetry::Report;

namespace {

constexpr std::string_view kFirstLine = "zbridge bench figures 1";

std::string one_line(std::string text) {
    for (char& c : text) {
        if (c == '\n' || c == '\r') c = ' ';
    }
    return text;
}

void add(const Report& report, const std::string& prefix, Figures& to) {
    for (const auto& [name, value] : report.entries()) {
        // A name of the user's may have blanks in it: "refused.another body".
        const std::string whole = prefix + name;
        if (!value.entries().empty())
            add(value, whole + ".", to);
        else if (!value.text().empty() && whole.find(' ') == std::string::npos)
            to.values.emplace_back(whole, one_line(value.text()));
    }
}

}  // namespace

std::optional<double> Figures::number(std::string_view name) const {
    const std::string its = text(name);
    double value = 0;
    const auto read = std::from_chars(its.data(), its.data() + its.size(), value);
    if (read.ec != std::errc() || read.ptr != its.data() + its.size()) return std::nullopt;
    return value;
}

std::string Figures::text(std::string_view name) const {
    for (const auto& [each, value] : values) {
        if (each == name) return value;
    }
    return {};
}

Figures figures_of(const Report& report) {
    Figures figures;
    add(report, "", figures);
    return figures;
}

std::string figures_text(const Figures& figures) {
    std::string text = std::string(kFirstLine) + "\n";
    for (const auto& [name, value] : figures.values)
        text += name + " " + value + "\n";
    return text;
}

Result<Figures> parse_figures(std::string_view text) {
    Figures figures;
    bool first = true, good = true;
    while (good && !text.empty()) {
        const size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        const size_t blank = line.find(' ');
        good = first ? line == kFirstLine : blank != std::string_view::npos && blank > 0;
        if (good && !first)
            figures.values.emplace_back(line.substr(0, blank), line.substr(blank + 1));
        first = false;
    }
    if (!good || figures.values.empty())
        return Status(Code::kInvalid, "no figures of `zbridge bench --save`");
    return figures;
}

Status save_figures(const Figures& figures, const std::string& file) {
    std::ofstream out(file, std::ios::binary | std::ios::trunc);
    if (!(out << figures_text(figures) << std::flush)) return {Code::kIo, "cannot write " + file};
    return {};
}

Result<Figures> load_figures(const std::string& file) {
    std::ifstream in = open_input(file);
    const std::string text(std::istreambuf_iterator<char>(in), {});
    if (!in) return Status(Code::kIo, "cannot read " + file);
    auto figures = parse_figures(text);
    if (!figures.ok()) return std::move(figures).error().with_context(file);
    return figures;
}

}  // namespace zbridge::cli::bench

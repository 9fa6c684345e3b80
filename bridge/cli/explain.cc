// zbridge explain [CODE] [--json]
#include <memory>
#include <optional>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "bridge/base/nearest.h"
#include "bridge/cli/advice.h"
#include "bridge/cli/command.h"
#include "bridge/cli/table.h"
#include "bridge/cli/text.h"
#include "bridge/telemetry/report.h"

namespace zbridge::cli {

namespace {

using telemetry::Report;

struct Options {
    std::string code;
    bool json = false;
};

std::vector<Refusal> all_refusals() {
    std::vector<Refusal> all;
    for (size_t i = 0; i < kRefusalCount; i++)
        all.push_back(static_cast<Refusal>(i));
    return all;
}

std::optional<Refusal> refusal_named(const std::string& code) {
    for (const Refusal each : all_refusals()) {
        if (name_of(each) == code) return each;
    }
    return std::nullopt;
}

Report report_of(Refusal refusal) {
    Report report = Report::map();
    report.add("code", std::string(name_of(refusal)));
    report.add("meaning", std::string(meaning_of(refusal)));
    report.add("advice", std::string(advice_for(refusal)));
    return report;
}

Exit list(bool json, Terminal& terminal) {
    Report reports = Report::list();
    Table table({"CODE", "MEANS"});
    for (const Refusal each : all_refusals()) {
        reports.add(report_of(each));
        table.add({std::string(name_of(each)), std::string(meaning_of(each))});
    }
    terminal.out << (json ? reports.json(JsonWriter::Style::kIndented) + "\n"
                          : table.text(terminal.out_width) +
                                "\n`zbridge explain CODE` says what to do about one\n");
    return Exit::kOk;
}

Exit explain(const Options& options, Terminal& terminal) {
    if (options.code.empty()) return list(options.json, terminal);
    const auto refusal = refusal_named(options.code);
    if (!refusal) {
        std::vector<std::string_view> known;
        for (const Refusal each : all_refusals())
            known.push_back(name_of(each));
        terminal.err << fmt::format(
            "zbridge: no code is named \"{}\"{}\n`zbridge explain` lists them\n",
            printable(options.code), did_you_mean(options.code, known));
        return Exit::kFailed;
    }
    terminal.out << (options.json
                         ? report_of(*refusal).json(JsonWriter::Style::kIndented) + "\n"
                         : fmt::format("{}: {}\n\n{}\n", name_of(*refusal), meaning_of(*refusal),
                                       wrapped(advice_for(*refusal), terminal.out_width)));
    return Exit::kOk;
}

}  // namespace

Body declare_explain(CLI::App& app) {
    auto options = std::make_shared<Options>();
    app.add_option(
        "CODE", options->code,
        "a code of a refusal, as status, the log and peers have it; else all are listed");
    app.add_flag("--json", options->json, "the same as JSON");
    return [options](Terminal& terminal) { return explain(*options, terminal); };
}

}  // namespace zbridge::cli

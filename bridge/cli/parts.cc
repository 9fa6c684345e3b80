#include "bridge/cli/parts.h"

#include <vector>

#include <CLI/CLI.hpp>

#include "bridge/base/nearest.h"
#include "bridge/cli/asked.h"
#include "bridge/cli/conversations.h"
#include "bridge/cli/text.h"

namespace zbridge::cli {

using telemetry::Report;

void declare_asked(CLI::App& app, PartAsked& asked) {
    declare_at(app, asked.at);
    app.add_flag("--json", asked.json, "everything, as JSON");
}

Exit show_part(const PartAsked& asked, const std::function<Report(const Report& status)>& part_of,
               const std::function<std::string(const Report& part, size_t width)>& text,
               const char* nothing, Terminal& terminal) {
    Report args = Report::map();
    args.add("peers", asked.peers);
    const auto [answer, exit] = ask_bridge(asked.at, "status", std::move(args), terminal);
    if (!answer) return exit;
    const Report part = part_of(*answer);
    if (asked.json) {
        terminal.out << part.json(JsonWriter::Style::kIndented) << "\n";
        return Exit::kOk;
    }
    const std::string shown = text(part, terminal.out_width);
    terminal.out << (shown.empty() ? nothing : shown);
    return Exit::kOk;
}

const Report& named(const Report& list, std::string_view name) {
    static const Report none;
    for (const Report& each : list.items()) {
        if (cell(each, "name") == name) return each;
    }
    return none;
}

Exit none_named(const Report& list, const char* kind, const std::string& name, Terminal& terminal) {
    return failed({Code::kNotFound, none_in(list, kind, name)}, terminal);
}

std::string none_in(const Report& list, const char* kind, const std::string& name) {
    std::vector<std::string> names;
    for (const Report& each : list.items())
        names.push_back(cell(each, "name"));
    return there_is_no(kind, printable(name), {names.begin(), names.end()});
}

}  // namespace zbridge::cli

// Commands that show a part of what `status` answers.
#pragma once

#include <functional>
#include <string>

#include "bridge/cli/command.h"
#include "bridge/telemetry/report.h"

namespace zbridge::cli {

struct PartAsked {
    std::string at;
    bool json = false, peers = false;
};

// `part_of`: what is shown of the status; `text`: how, for people. Empty: `nothing` is said.
Exit show_part(const PartAsked& asked,
               const std::function<telemetry::Report(const telemetry::Report& status)>& part_of,
               const std::function<std::string(const telemetry::Report& part, size_t width)>& text,
               const char* nothing, Terminal& terminal);

// Declares --at and --json.
void declare_asked(CLI::App& app, PartAsked& asked);

// Of a list, the one that has this name; null: none has.
const telemetry::Report& named(const telemetry::Report& list, std::string_view name);
// Says that there is no such `kind`, and which are meant instead.
Exit none_named(const telemetry::Report& list, const char* kind, const std::string& name,
                Terminal& terminal);
// What it says: "there is no service `acounts`; did you mean "accounts"?"
std::string none_in(const telemetry::Report& list, const char* kind, const std::string& name);

}  // namespace zbridge::cli

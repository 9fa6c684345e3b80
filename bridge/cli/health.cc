// zbridge health [--json]
#include <algorithm>
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "bridge/cli/asked.h"
#include "bridge/cli/command.h"
#include "bridge/cli/health_text.h"
#include "bridge/cli/parts.h"
#include "bridge/cli/text.h"

namespace zbridge::cli {

using telemetry::Report;

// "ZBRIDGE WARNING - shop: service/accounts: 3 requests wait, and no worker is there |
// connections=2 memory=4096B", as programs that watch many machines read it.
std::string health_line(const Report& health) {
    std::string_view word = "OK";
    std::string text;
    for (const Report& reason : health.at("reasons").items()) {
        if (word == "OK") word = cell(reason, "level") == "critical" ? "CRITICAL" : "WARNING";
        text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", cell(reason, "about"),
                            printable(cell(reason, "text"), true));
    }
    std::replace(text.begin(), text.end(), '|', '/');  // what follows one are figures
    return fmt::format("ZBRIDGE {} - {}: {} | connections={} memory={}B\n", word,
                       cell(health, "name"), text.empty() ? cell(health, "state") : text,
                       health.at("connections").number(), health.at("memory_bytes").number());
}

Body declare_health(CLI::App& app) {
    auto asked = std::make_shared<PartAsked>();
    declare_asked(app, *asked);
    return [asked](Terminal& terminal) {
        const auto [health, exit] = ask_bridge(asked->at, "health", Report::map(), terminal);
        if (!health) return exit;
        terminal.out << (asked->json ? health->json(JsonWriter::Style::kIndented) + "\n"
                                     : health_line(*health));
        return cell(*health, "ok") == "true" ? Exit::kOk : Exit::kFailed;
    };
}

}  // namespace zbridge::cli

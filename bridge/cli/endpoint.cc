// zbridge endpoint ls, zbridge route ls
#include <memory>

#include <CLI/CLI.hpp>

#include "bridge/cli/command.h"
#include "bridge/cli/parts.h"
#include "bridge/cli/status_text.h"

namespace zbridge::cli {

namespace {

using telemetry::Report;

// Those that take messages first, then those that read topics and groups.
Report routes_of(const Report& status) {
    Report routes = status.at("routes").is_null() ? Report::list() : status.at("routes");
    for (const Report& each : status.at("reading_routes").items())
        routes.add(each);
    return routes;
}

}  // namespace

Body declare_endpoint_ls(CLI::App& app) {
    auto asked = std::make_shared<PartAsked>();
    declare_asked(app, *asked);
    return [asked](Terminal& terminal) {
        return show_part(
            *asked, [](const Report& status) { return status.at("endpoints"); }, endpoints_text,
            "no endpoints\n", terminal);
    };
}

Body declare_route_ls(CLI::App& app) {
    auto asked = std::make_shared<PartAsked>();
    declare_asked(app, *asked);
    return [asked](Terminal& terminal) {
        return show_part(*asked, routes_of, routes_text, "no routes\n", terminal);
    };
}

}  // namespace zbridge::cli

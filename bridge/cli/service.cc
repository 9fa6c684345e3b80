// zbridge service ls|show|pause|resume
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "bridge/cli/asked.h"
#include "bridge/cli/command.h"
#include "bridge/cli/names.h"
#include "bridge/cli/parts.h"
#include "bridge/cli/status_text.h"
#include "bridge/cli/text.h"

namespace zbridge::cli {

namespace {

using telemetry::Report;

struct Options {
    PartAsked asked;
    std::string service;
};

std::shared_ptr<Options> declare(CLI::App& app) {
    auto options = std::make_shared<Options>();
    add_name(app, "SERVICE", options->service, "service", "the service's name")->required();
    declare_asked(app, options->asked);
    return options;
}

Exit show(const Options& options, Terminal& terminal) {
    const auto [status, exit] =
        ask_bridge(options.asked.at, "status", one_arg("peers", false), terminal);
    if (!status) return exit;
    const Report& services = status->at("services");
    const Report& service = named(services, options.service);
    if (service.is_null()) return none_named(services, "service", options.service, terminal);
    terminal.out << (options.asked.json ? service.json(JsonWriter::Style::kIndented) + "\n"
                                        : values_text(service));
    return Exit::kOk;
}

Body declare_switch(CLI::App& app, const char* call, const char* done) {
    auto options = declare(app);
    return [options, call, done](Terminal& terminal) {
        const auto [answer, exit] =
            ask_bridge(options->asked.at, call, one_arg("service", options->service), terminal);
        if (!answer) return exit;
        terminal.out << (options->asked.json ? answer->json(JsonWriter::Style::kIndented) + "\n"
                                             : fmt::format("{} {}\n", options->service, done));
        return Exit::kOk;
    };
}

}  // namespace

Body declare_service_ls(CLI::App& app) {
    auto asked = std::make_shared<PartAsked>();
    declare_asked(app, *asked);
    return [asked](Terminal& terminal) {
        return show_part(
            *asked, [](const Report& status) { return status.at("services"); }, services_text,
            "no services\n", terminal);
    };
}

Body declare_service_show(CLI::App& app) {
    auto options = declare(app);
    return [options](Terminal& terminal) { return show(*options, terminal); };
}

Body declare_service_pause(CLI::App& app) {
    return declare_switch(app, "service pause",
                          "is paused: its workers are given nothing, requests wait");
}

Body declare_service_resume(CLI::App& app) {
    return declare_switch(app, "service resume", "goes on");
}

}  // namespace zbridge::cli

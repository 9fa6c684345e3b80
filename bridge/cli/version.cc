// zbridge version [--json]
#include <memory>

#include <CLI/CLI.hpp>

#include "bridge/base/json_writer.h"
#include "bridge/cli/command.h"

namespace zbridge::cli {

Body declare_version(CLI::App& app) {
    auto json = std::make_shared<bool>(false);
    app.add_flag("--json", *json, "the same as JSON");
    return [json](Terminal& terminal) {
        JsonWriter writer;
        writer.begin_map().text("version", ZBRIDGE_VERSION).end_map();
        terminal.out << (*json ? writer.take() : "zbridge " ZBRIDGE_VERSION) << "\n";
        return Exit::kOk;
    };
}

}  // namespace zbridge::cli

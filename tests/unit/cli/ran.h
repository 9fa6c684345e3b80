// A command line, run with what it writes kept.
#pragma once

#include <sstream>
#include <string>
#include <vector>

#include "bridge/cli/cli.h"

namespace zbridge::testing {

struct Ran {
    cli::Exit exit;
    std::string out, err;
};

struct RunIn {
    bool colour = false;
    size_t width = 0;
    std::string plugin_path =
        {};  // $ZBRIDGE_PLUGIN_PATH, where it is not empty; nothing else is set
};

inline Ran run(const std::vector<std::string>& arguments, const RunIn& in = {}) {
    std::ostringstream out, err;
    const auto environment = [&](const std::string& name) {
        return name == "ZBRIDGE_PLUGIN_PATH" && !in.plugin_path.empty()
                   ? std::optional(in.plugin_path)
                   : std::nullopt;
    };
    cli::Terminal terminal{out, err, in.colour, in.colour, environment, in.width};
    const cli::Exit exit = cli::run(arguments, terminal);
    return {exit, out.str(), err.str()};
}

inline bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace zbridge::testing

#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include "bridge/cli/cli.h"

int main(int argc, char** argv) {
    const auto environment = [](const std::string& name) -> std::optional<std::string> {
        const char* value = std::getenv(name.c_str());
        if (value == nullptr) return std::nullopt;
        return value;
    };
    const auto no_colour = environment("NO_COLOR");  // no-color.org: set and not empty
    const bool colours = !no_colour || no_colour->empty();
    zbridge::cli::Terminal terminal{std::cout, std::cerr, colours && isatty(STDOUT_FILENO) == 1,
                                    colours && isatty(STDERR_FILENO) == 1, environment};
    return static_cast<int>(zbridge::cli::run({argv + 1, argv + argc}, terminal));
}

#include "bridge/cli/command.h"

namespace zbridge::cli {

Body declare_version(CLI::App&) {
    return [](Terminal& terminal) {
        terminal.out << "zbridge " ZBRIDGE_VERSION "\n";
        return Exit::kOk;
    };
}

}  // namespace zbridge::cli

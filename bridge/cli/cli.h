// The command line: finds the command, reads its options, runs it.
#pragma once

#include <string>
#include <vector>

#include "bridge/cli/command.h"

namespace zbridge::cli {

// `arguments` without the program's name. A wrong command line is answered on `terminal.err` with
// Exit::kUsage.
Exit run(const std::vector<std::string>& arguments, Terminal& terminal);

}  // namespace zbridge::cli

// What `zbridge help` says beside what a command takes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/cli/command.h"

namespace zbridge::cli {

// The commands of a group, a line each, on a terminal of this width; 0: on none.
std::string list_of(std::string_view group, size_t width);
// All commands, and how they are used.
std::string overview(size_t width);
// Of `help --man [GROUP]`, `--man-to FOLDER`, `--markdown`. None: it is none of these.
std::optional<Exit> print_manual(const std::vector<std::string>& arguments, Terminal& terminal);

}  // namespace zbridge::cli

// The manual: every command with all that it takes, as man pages and as a document.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace zbridge::cli {

// zbridge.1, or of one group of commands zbridge-GROUP.1.
std::string man_page(std::string_view group = "");
// All of them by their file names.
std::vector<std::pair<std::string, std::string>> man_pages();
// docs/COMMANDS.md
std::string commands_markdown();

}  // namespace zbridge::cli

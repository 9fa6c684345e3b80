// Scripts that let a shell complete the command line, made from the table of commands.
#pragma once

#include <string>

namespace zbridge::cli {

std::string bash_completion();
std::string zsh_completion();
std::string fish_completion();

}  // namespace zbridge::cli

// The files of config/ that `init` writes, by their names: made at build time from what lies there.
#pragma once

#include <functional>
#include <map>
#include <string>

namespace zbridge::cli {

const std::map<std::string, std::string, std::less<>>& samples();

}  // namespace zbridge::cli

// The files of templates/, by their names without `.in`: made at build time from what lies there.
#pragma once

#include <functional>
#include <map>
#include <string>

namespace zbridge::cli {

const std::map<std::string, std::string, std::less<>>& templates();

}  // namespace zbridge::cli

// What a shared object gives and wants, read from its file: nothing of it runs.
#pragma once

#include <string>
#include <vector>

#include "bridge/base/result.h"

namespace zbridge::cli {

struct Symbols {
    std::vector<std::string> exported;   // defined here, for others
    std::vector<std::string> undefined;  // wanted of others
};

// Of a 64-bit ELF file in this machine's byte order; another file is an error.
Result<Symbols> read_symbols(const std::string& path);

}  // namespace zbridge::cli

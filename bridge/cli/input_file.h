// A file that a command reads.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

namespace zbridge::cli {

// False: it cannot be read; of a folder, which a stream opens and then throws at, too.
inline std::ifstream open_input(const std::string& path) {
    std::error_code ignored;
    std::ifstream file;
    if (std::filesystem::is_directory(path, ignored))
        file.setstate(std::ios::failbit);
    else
        file.open(path, std::ios::binary);
    return file;
}

}  // namespace zbridge::cli

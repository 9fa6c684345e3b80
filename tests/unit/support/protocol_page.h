// docs/PROTOCOL.md as a test has it: its blocks marked `hex`, messages as they go over the wire.
#pragma once

#include <fstream>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace zbridge::testing {

using PageBlocks = std::map<std::string, std::vector<std::string>>;  // frames by the block's name

inline std::string from_hex(const std::string& text) {
    std::string bytes;
    for (size_t at = 0; at + 1 < text.size(); at += 2)
        bytes += static_cast<char>(std::stoi(text.substr(at, 2), nullptr, 16));
    return bytes;
}

// None: there is no such file.
inline PageBlocks read_page(const std::string& path) {
    std::ifstream page(path);
    PageBlocks blocks;
    std::string name, begun;
    for (std::string line; std::getline(page, line);) {
        if (line.rfind("```hex ", 0) == 0) {
            name = line.substr(7);
        } else if (line == "```") {
            name.clear();
        } else if (!name.empty()) {
            const size_t end = line.find(" \\");
            begun += line.substr(0, end);
            if (end == std::string::npos)
                blocks[name].push_back(from_hex(std::exchange(begun, "")));
        }
    }
    return blocks;
}

}  // namespace zbridge::testing

// The blocks of docs/PROTOCOL.md that are marked `hex`: messages as they go over the wire.
#pragma once

#include <doctest/doctest.h>

#include <fstream>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace zbridge::client::tests {

class Page {
 public:
    Page() {
        std::ifstream page(PROTOCOL_PAGE);
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
                    blocks_[name].push_back(from_hex(std::exchange(begun, "")));
            }
        }
    }

    const std::vector<std::string>& operator[](const std::string& name) {
        REQUIRE_MESSAGE(blocks_.count(name) == 1, name);
        seen_.insert(name);
        return blocks_[name];
    }

    // Blocks that nobody has looked at, but for these.
    std::vector<std::string> unseen(const std::set<std::string>& but_for) const {
        std::vector<std::string> found;
        for (const auto& each : blocks_)
            if (seen_.count(each.first) + but_for.count(each.first) == 0)
                found.push_back(each.first);
        return found;
    }
    bool has(const std::string& name) const { return blocks_.count(name) == 1; }
    size_t size() const { return blocks_.size(); }

 private:
    static std::string from_hex(const std::string& text) {
        std::string bytes;
        for (size_t at = 0; at + 1 < text.size(); at += 2)
            bytes += static_cast<char>(std::stoi(text.substr(at, 2), nullptr, 16));
        return bytes;
    }

    std::map<std::string, std::vector<std::string>> blocks_;
    std::set<std::string> seen_;
};

}  // namespace zbridge::client::tests

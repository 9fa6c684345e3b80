// Names of one kind that a client has to do with, numbered: what is kept of each message needs none.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace zbridge::client::core {

class Names {
 public:
    // Its number; one that is not known gets the next.
    uint32_t number_of(std::string_view name) {
        for (uint32_t n = 0; n < names_.size(); n++)
            if (names_[n] == name) return n;
        names_.emplace_back(name);
        return static_cast<uint32_t>(names_.size() - 1);
    }
    const std::string& name_of(uint32_t number) const { return names_[number]; }

 private:
    std::vector<std::string> names_;
};

using Groups = Names;
using Topics = Names;

}  // namespace zbridge::client::core

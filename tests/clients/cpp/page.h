// The blocks of docs/PROTOCOL.md that are marked `hex`: messages as they go over the wire.
#pragma once

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

#include "tests/unit/support/protocol_page.h"

namespace zbridge::client::tests {

class Page {
 public:
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
    size_t size() const { return blocks_.size(); }

 private:
    zbridge::testing::PageBlocks blocks_ = zbridge::testing::read_page(PROTOCOL_PAGE);
    std::set<std::string> seen_;
};

}  // namespace zbridge::client::tests

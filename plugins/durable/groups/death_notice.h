// Says of each group that messages of it have become dead letters: at once, and then their number
// once in kTellEvery, however many there are.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "bridge/base/clock.h"
#include "plugins/durable/groups/token.h"

namespace zbridge::durable {

class Groups;

class DeathNotice {
 public:
    static constexpr Duration kTellEvery = std::chrono::minutes(1);

    void look(const Groups& groups, Instant now,
              const std::function<void(const std::string& sentence)>& tell);

 private:
    struct Told {
        uint64_t dead = 0;
        Instant next{};
    };
    std::map<GroupId, Told> told_;  // of groups that have had one
};

}  // namespace zbridge::durable

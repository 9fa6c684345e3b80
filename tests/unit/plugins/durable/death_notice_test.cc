// What the engine says of dead letters, in its log.
#include <doctest/doctest.h>

#include "tests/unit/plugins/durable/groups_rig.h"

using namespace zbridge;
using namespace zbridge::durable;
using std::chrono::seconds, std::chrono::minutes;

namespace {

std::vector<std::string> told(const GroupsRig& rig) {
    std::vector<std::string> lines;
    for (const auto& line : rig.host->log) {
        if (line.text.find("dead letter") != std::string::npos) lines.push_back(line.text);
    }
    return lines;
}

}  // namespace

TEST_CASE("dead letters of a group are told of at once, and then once a minute by their number") {
    GroupsRig rig;
    rig.start();
    rig.put_many(0, 6);
    const auto reject = [&](int times) {
        for (int i = 0; i < times; i++)
            REQUIRE(rig.settle(ZB_SETTLE_REJECT, rig.take_one()) == ZB_TAKEN);
        rig.commit();
        rig.wait(seconds(2));
    };
    CHECK(told(rig).empty());
    reject(1);
    REQUIRE(told(rig).size() == 1);
    CHECK(told(rig)[0] ==
          "1 message of the group g is a dead letter now, in g-dead: `zbridge dead ls g`");
    reject(2);
    reject(1);
    CHECK(told(rig).size() == 1);
    rig.wait(minutes(1));
    REQUIRE(told(rig).size() == 2);
    CHECK(told(rig)[1] ==
          "3 messages of the group g are dead letters now, in g-dead: `zbridge dead ls g`");
    rig.wait(minutes(2));
    CHECK(told(rig).size() == 2);
}

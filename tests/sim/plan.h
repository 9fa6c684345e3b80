// What one seed chooses: the configuration of a bridge, and how the world around it behaves.
#pragma once

#include <string>
#include <vector>

#include "bridge/base/random.h"
#include "bridge/settings/config.h"
#include "tests/sim/sim_net.h"

namespace zbridge::sim {

enum class Ending : uint8_t {
    kAllLeave,  // and the bridge holds nothing any more
    kStop,      // a planned stop while producers send
    kBreakOff,  // the bridge is taken down as it stands
};

struct Plan {
    settings::Config config;
    NetOptions net;
    Duration length{};  // of the part in which things happen
    uint32_t happenings = 0;
    uint32_t peers_at_start = 0;
    Ending ending = Ending::kAllLeave;
    size_t message_bytes_max = 0;  // of most messages
    uint32_t large_in_1000 = 0;    // messages of up to 300 KB
    bool pings = false;            // some peers do
    bool identities = false;       // some peers have one, taken twice now and then
    bool rude_peers = false;
    bool documents = false;     // many messages are some, for routes that decode
    Duration work_max{};        // of a worker on one request
    uint32_t stuck_in_100 = 0;  // requests that a worker does not come to an end with
    uint32_t keys = 0;          // of dedup
    uint32_t kills = 0;         // of the bridge, which is started again at once
};

Plan make_plan(Random& random);
std::string describe(const Plan& plan);

}  // namespace zbridge::sim

// The options of a service, with their defaults. The YAML's names and units are in settings/.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bridge/base/clock.h"

namespace zbridge::rpc {

struct DedupOptions {
    std::string key{};                           // as in a route's `set`: $.transfer_id, $frame[0]
    Duration window = std::chrono::minutes(10);  // how long a reply is kept for repeats
    uint64_t entries_max = 1'000'000;            // the oldest goes first
};

struct ServiceOptions {
    enum class Execute : uint8_t { kAtMostOnce, kAtLeastOnce };

    std::string name{};
    Execute execute = Execute::kAtMostOnce;
    Duration timeout = std::chrono::seconds(5);  // from acceptance to reply; 0: for ever
    Duration attempt_timeout{};                  // one worker's time; 0: as timeout
    bool retry_on_worker_lost = true;            // with kAtLeastOnce only
    bool retry_on_timeout = false;               // likewise
    uint32_t retry_times = 2;                    // deliveries after the first
    uint32_t line_max = 10'000;                  // requests waiting for a worker; beyond: busy
    std::vector<std::string> error_frames{};     // with {code} {reason} {id}; empty: silent
    bool resume = false;         // requests and replies survive a restart of the bridge
    bool reply_durable = false;  // with resume: a reply leaves when it is stored
    bool envelope_raw = false;   // no empty frame needed: all is body
    std::optional<DedupOptions> dedup{};
    Duration resume_grace = std::chrono::seconds(2);    // for a lost worker's reply
    Duration resume_window = std::chrono::seconds(30);  // for a lost client with an identity
    uint32_t worker_credit = 1;                         // of DEALER and ROUTER workers; a REP has 1
};

}  // namespace zbridge::rpc

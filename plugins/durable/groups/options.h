// What the file says of a group.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bridge/base/clock.h"
#include "plugins/durable/groups/filter.h"
#include "plugins/sdk/zbridge_engine.h"

namespace zbridge::durable {

struct GroupOptions {
    uint32_t start = ZB_START_LATEST;  // of a group that is new
    int64_t start_value = 0;           // ms since 1970, or an offset
    Duration lease = std::chrono::seconds(60);
    uint32_t retries = 16;          // after the first delivery; then it is dead
    std::vector<Duration> backoff;  // before the first retry, the second ...; the last one goes on
    std::string dead_letter;        // the topic, made when it is needed
    bool ordered = false;           // of a key, one at a time
    bool dead_holds_key = false;  // what stands behind a dead letter waits until that is done with
    bool by_priority = false;     // the highest first, of the first look_ahead that wait
    uint64_t look_ahead = 10'000;
    uint32_t in_flight_max = 10'000;            // messages that consumers have at once
    uint64_t in_flight_bytes_max = UINT64_MAX;  // likewise; the message that reaches it is the last
    uint32_t exceptions_max = 1'000'000;        // beyond it nothing new is given, only retries
    uint32_t parked_max = 100'000;              // likewise
    bool broadcast = false;                     // every named consumer gets all of it
    uint32_t consumers_max = 1'000;             // of these
    Duration forget = std::chrono::hours(168);  // one that is gone for so long
    Duration resume_grace = std::chrono::seconds(2);
    std::shared_ptr<const GroupFilter> filter;  // null: it gets all

    Duration delay_after(uint32_t attempt) const {
        if (backoff.empty()) return Duration(0);
        return backoff[std::min<size_t>(attempt, backoff.size()) - 1];
    }
};

struct DeclaredGroup {
    std::string name, topic;
    GroupOptions options;
};

// As RocketMQ's: transactionTimeOut, transactionCheckInterval, transactionCheckMax.
struct TransactionsOptions {
    uint64_t prepared_max = 1'000'000;  // messages that wait for their commit
    Duration check_after = std::chrono::seconds(6);
    Duration check_every = std::chrono::seconds(30);
    uint32_t checks_max = 15;
};

struct GroupsOptions {
    std::vector<DeclaredGroup> groups;
    uint64_t delayed_max = 4'000'000;  // messages that wait for their time
    TransactionsOptions transactions{};
};

}  // namespace zbridge::durable

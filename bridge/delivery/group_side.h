// A group, as the consumers of one endpoint see it: they settle through it, and what they do is
// counted here.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "bridge/delivery/consumer.h"
#include "bridge/delivery/options.h"
#include "bridge/net/reactor.h"
#include "bridge/plugin/engine.h"

namespace zbridge::delivery {

// Messages, but for the last three.
struct ConsumersCounters {
    uint64_t given = 0;
    uint64_t acked = 0;
    uint64_t retried = 0;   // by a consumer's wish, or because its reply could not be used
    uint64_t rejected = 0;  // to the dead letters
    uint64_t lost = 0;      // that a consumer held when it went
    uint64_t released = 0;  // that it had not been sent by then
    uint64_t stale = 0;     // settlements of a delivery that is not open any more: without effect
    uint64_t malformed = 0;
    uint64_t replies_refused = 0;  // by the topic of `replies`

    ConsumersCounters& operator+=(const ConsumersCounters& other);
};

class GroupSide {
 public:
    // What Consumers does for its own.
    struct Ways {
        std::function<void(Consumer&)> on_changed;    // it may have become free, or ceased to be
        std::function<void()> give;                   // to those that are free, now
        std::function<net::Take()> hold_for_room;     // nothing is read until the engine has room
        std::function<net::Take()> hold_for_answers;  // until a puller's answers have gone
        // To the puller with this id, if it is there still.
        std::function<void(PeerId puller, uint64_t answer, bool durable, std::string_view reason)>
            on_settled;
    };

    plugin::Engine& engine;
    GroupId group;
    net::Reactor& reactor;
    ConsumersOptions options;
    std::optional<TopicId> replies;
    std::shared_ptr<Ways> ways = std::make_shared<Ways>();  // a settlement may outlive them
    ConsumersCounters counters{};

    plugin::Settled settle(const plugin::Settlement& settlement,
                           std::span<const plugin::Publication> publications = {},
                           plugin::Engine::OnSettled when_durable = nullptr);
    // What a consumer leaves behind: `sent`, if a byte of it has left for it.
    void settle_left(LeaseToken token, bool sent);
};

}  // namespace zbridge::delivery

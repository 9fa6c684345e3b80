// The reference model: who must get what. It is told what the bridge has taken in and what
// consumers got, and compares.
//
// Queue:     every copy that a target's PULLs are owed is received once, or lies in the wire of a
// PULL that went, or is
//            counted as dropped. Each producer's order is kept for each PULL, unless PULLs were
//            lost.
// Subscribe: every SUB gets each matching message that was taken in while it was subscribed, in
// each producer's order, but
//            for as many as are counted as dropped for it.
// Both:      what is received was sent so, all its frames, by somebody whose message was taken in.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "bridge/delivery/outlet.h"
#include "bridge/routing/shape.h"
#include "bridge/settings/config.h"
#include "tests/sim/sim_peer.h"

namespace zbridge::sim {

uint64_t hash_of(const Frames& frames);

class Model {
 public:
    using Fail = std::function<void(const std::string&)>;
    Model(const settings::Config& config, Fail fail);

    // A message's number, and how a receiver finds it in the last frame.
    static std::string label(uint32_t producer, size_t index);

    void add(Producer& producer, size_t endpoint);
    void add(Consumer& consumer, size_t endpoint);

    // The bridge has taken in the next message of this producer.
    void on_accepted(Producer& producer);
    // The bridge has read so many bytes of this SUB.
    void on_read(Consumer& sub, uint64_t bytes);
    // The bridge has ended this consumer.
    void on_ended(Consumer& consumer, uint64_t dropped);
    void on_received(Consumer& consumer, const Frames& frames);
    // A consumer that has gone had this in its wire.
    template <class P>
    void on_lost(const P& consumer, size_t endpoint, const Frames& frames) {
        if (consumer.type() == "PULL") lose(consumer.name(), endpoint, frames);
    }

    // At the end: all that is owed has been got. `dropped`: counted for this SUB, which is there
    // still.
    void check_sub(const Consumer& sub, std::optional<uint64_t> dropped) const;
    // What the PULLs of a target are owed is accounted for. `waiting`: messages in the bridge.
    void check_target(size_t endpoint, const delivery::OutletCounters& counters,
                      uint64_t waiting) const;
    // What a PUB must have been asked for when all is quiet.
    void check_demand(const Producer& publisher) const;

    uint64_t accepted() const { return accepted_; }
    uint64_t received() const { return received_; }

 private:
    using Key = uint64_t;
    struct Route {
        std::vector<size_t> from, to;
        std::string prefix;
        std::optional<delivery::OnFull> on_full;
        routing::Codec decode = routing::Codec::kNone;
        bool filtered = false, requires_n = false, takes_pad = false;
        enum class Says : uint8_t { kTakes, kRefuses, kNotMine };
        Says says_of(const Producer::Sent& sent) const;
    };
    struct Copies {
        uint32_t expected = 0, received = 0, lost = 0;
    };
    struct Target {
        std::unordered_map<Key, Copies> copies;  // for PULLs
        uint64_t expected = 0, received = 0, lost = 0;
        bool subs_were_here = false;
        std::string disorder;  // the first break of a producer's order
    };
    struct ProducerRecord {
        Producer* producer = nullptr;
        size_t endpoint = 0;
    };
    struct ConsumerRecord {
        Consumer* consumer = nullptr;
        size_t endpoint = 0;
        bool is_sub = false;
        bool ended = false;
        uint64_t dropped = 0;  // as counted when it ended
        size_t said = 0;       // of what it said, read by the bridge
        std::map<std::string, int> prefixes;
        std::map<uint32_t, std::vector<Key>> expected, got;  // by producer
        uint64_t expected_count = 0, got_count = 0;
        std::map<uint64_t, int> anonymous;  // expected less got, by hash
        std::map<uint32_t, size_t> last;    // index, by producer
    };

    std::optional<Key> identify(const std::string& consumer, const Frames& frames);
    void lose(const std::string& consumer, size_t endpoint, const Frames& frames);
    const ProducerRecord* producer(uint32_t number) const;

    const settings::Config& config_;
    Fail fail_;
    std::vector<Route> routes_;
    std::map<size_t, Target> targets_;
    std::map<uint32_t, ProducerRecord> producers_;
    std::map<uint32_t, ConsumerRecord> consumers_;
    std::vector<ConsumerRecord*> subs_;                 // that have not ended
    std::unordered_map<uint64_t, uint32_t> anonymous_;  // hash -> how many were taken in
    uint64_t accepted_ = 0, received_ = 0;
};

}  // namespace zbridge::sim

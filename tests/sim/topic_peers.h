// The applications of a topic: producers that know what was receipted, and SUBs that note what they
// get. What they know outlives their connections and the bridge's lives.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/sim/sim_peer.h"

namespace zbridge::sim {

// Of a producer, over all its connections.
struct Published {
    std::string name;
    uint64_t next = 0;             // of the next message; none is sent twice
    std::set<uint64_t> receipted;  // that the bridge has said OK to
    bool enough = false;
};

// (producer, number) in the order in which they came.
using Log = std::vector<std::pair<std::string, uint64_t>>;

// A REQ publishes one at a time and waits for the receipt; a PUSH has none.
class TopicProducer final : public SimPeer {
 public:
    TopicProducer(PeerSetup setup, Surroundings around, Published& published, size_t bytes_max)
        : SimPeer(std::move(setup), std::move(around)),
          published_(published),
          bytes_max_(bytes_max) {}

 private:
    static constexpr Duration kPauseMax = std::chrono::milliseconds(20);

    void on_ready() override { publish_soon(); }
    void on_frames(Frames frames) override;
    void publish_soon();
    void publish_one();

    Published& published_;
    size_t bytes_max_;
    uint64_t awaited_ = 0;  // of a REQ: the message without a receipt
};

class TopicReader final : public SimPeer {
 public:
    TopicReader(PeerSetup setup, Surroundings around)
        : SimPeer(std::move(setup), std::move(around)) {}

    const Log& log() const { return log_; }

 private:
    void on_ready() override;
    void on_frames(Frames frames) override;

    Log log_;
};

}  // namespace zbridge::sim

// One run of a bridge with a topic on a simulated disk: producers with receipts, SUBs from the oldest
// message on, and lives that end in order or with the loss of power.
//
// Promise: every receipted message is read after the last restart, each once, a producer's in order;
//          what any SUB ever got is a beginning of that, in every life.
// Failure: the first thing that is not as it must be ends the run; failure() says what.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bridge/app/bridge.h"
#include "bridge/base/executor.h"
#include "bridge/base/sim_disk.h"
#include "tests/sim/sim_net.h"
#include "tests/sim/topic_peers.h"

namespace zbridge::sim {

struct TopicStatistics {
    uint64_t published = 0, receipted = 0, kept = 0, read = 0, power_losses = 0, stops = 0,
             turns = 0;
    void add(const TopicStatistics& other);
};

class TopicWorld final : public net::EndpointObserver {
 public:
    static constexpr uint64_t kTurnsMax = 500'000;

    TopicWorld(uint64_t seed, bool print_script);
    ~TopicWorld() override;

    void run();
    const std::string& failure() const { return failure_; }
    uint64_t hash() const { return trace_.hash(); }
    const TopicStatistics& statistics() const { return statistics_; }

    void on_peer_opened(const net::Endpoint&, const net::Peer&) override {}
    void on_peer_closed(const net::Endpoint&, const net::Peer&, std::optional<Refusal>) override {}
    void on_refused(const net::Endpoint&, const std::string&, std::optional<SocketType>, Refusal,
                    const std::string&) override {}
    void on_trouble(const net::Endpoint&, const std::string&) override {}

 private:
    void fail(const std::string& what);
    void script(const std::string& what) const;
    Duration some_time(Duration most) {
        return Duration(
            static_cast<int64_t>(random_.below(static_cast<uint64_t>(most.count()) + 1)));
    }
    Surroundings around();
    PeerSetup peer_setup(const std::string& type, uint16_t port);

    void open_bridge(bool clean);
    void live(Duration length);
    void turn();
    void plan_disk_work();
    void stop();
    void lose_power();
    TopicReader& new_reader();
    void check(const Log& all);

    bool print_script_;
    ManualClock clock_;
    Agenda agenda_;
    Trace trace_;
    SeededRandom random_, net_random_;
    SimNet net_;
    SimDisk disk_;
    std::unique_ptr<plugin::Catalog> catalog_;
    settings::Config config_;
    std::vector<std::unique_ptr<Published>> published_;
    std::vector<std::unique_ptr<TopicProducer>> producers_;
    std::vector<std::unique_ptr<TopicReader>> readers_;
    std::vector<SimExecutor*> executors_;  // the bridge's, of this life
    std::unique_ptr<app::Bridge> bridge_;
    uint32_t life_ = 0;
    uint32_t next_peer_ = 1;
    bool disk_planned_ = false;
    uint64_t turns_ = 0;
    std::string failure_;
    TopicStatistics statistics_;
};

}  // namespace zbridge::sim

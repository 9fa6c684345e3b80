// Someone who connects and does not speak as a ZeroMQ application does. It costs its own
// connection, nothing else.
#pragma once

#include "tests/sim/sim_peer.h"

namespace zbridge::sim {

class RudePeer final : public LinkUser {
 public:
    enum class Kind : uint8_t {
        kSilent,
        kHalfGreeting,
        kGarbage,
        kVersion1,
        kLongCommand,
        kMessageBeforeReady,
        kReservedFlags,
        kHugeFrame,
        kPair,
        kTwoReadies,
        kBadPing,
        kEndlessMessage,
        kHalfMessage,
    };
    static constexpr uint32_t kKinds = 13;

    RudePeer(Kind kind, std::string type, uint16_t port, Surroundings around)
        : kind_(kind), type_(std::move(type)), port_(port), around_(std::move(around)) {}

    void join();
    void leave();
    // The bridge is to end it by itself; the other kinds do no harm.
    bool must_be_ended() const { return kind_ != Kind::kHalfMessage; }
    bool gone() const { return gone_; }
    const std::string& type() const { return type_; }
    std::string name() const { return "the rude peer on link " + std::to_string(link_); }
    Kind kind() const { return kind_; }
    SimNet::LinkId link() const { return link_; }

    // Messages that the bridge gave it, taking it for what it said it was. REQUIRES: both ends have
    // closed.
    std::vector<Frames> lost();

    void on_arrived() override;
    void on_room() override { write_some(); }

 private:
    std::string words();
    void write_some();

    Kind kind_;
    std::string type_;
    uint16_t port_;
    Surroundings around_;
    SimNet::LinkId link_ = SimNet::kRefused;
    ByteQueue out_;
    wire::Reader reader_{Zmtp::k30};
    bool gone_ = false;
};

}  // namespace zbridge::sim

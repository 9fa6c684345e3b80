// A simulated ZeroMQ application: one connection to the bridge, from its handshake to its end.
//
// SimPeer speaks ZMTP and can stall, go on, leave and die; Producer and Consumer are what queue and
// publish/subscribe applications do with it, Client and Worker (rpc_peers.h) what those of a
// service do.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "bridge/base/random.h"
#include "tests/sim/document.h"
#include "tests/sim/sim_net.h"
#include "tests/sim/wire.h"

namespace zbridge::sim {

struct Surroundings {
    SimNet& net;
    Agenda& agenda;
    Random& random;
    Trace& trace;
    std::function<void(const std::string&)> fail;  // the bridge did what it may not
};

struct PeerSetup {
    uint32_t number = 0;  // in its world, from 1
    std::string type;     // "PUSH"
    Zmtp zmtp = Zmtp::k31;
    std::optional<std::string> identity;  // in READY
    bool eager = false;                   // does not wait for the bridge's words before its own
    uint16_t port = 0;
    size_t read_bytes_max = 64 * 1024;  // at once
    Duration think_max{};               // before it reads
    Duration ping_every{};              // 0: never
    std::string bridge_name;            // expected as the bridge's identity
};

class SimPeer : public LinkUser {
 public:
    SimPeer(PeerSetup setup, Surroundings around)
        : setup_(std::move(setup)), around_(std::move(around)) {}
    ~SimPeer() override = default;
    SimPeer(const SimPeer&) = delete;
    SimPeer& operator=(const SimPeer&) = delete;

    void join();
    void stall() { stalled_ = ever_stalled_ = true; }
    void go_on();
    void hurry() { setup_.think_max = {}, setup_.read_bytes_max = 1 << 20; }
    void stop_pinging();
    void leave();  // once all it wanted to say is written
    void die();    // now, in the middle of whatever it does

    uint32_t number() const { return setup_.number; }
    const std::string& type() const { return setup_.type; }
    SimNet::LinkId link() const { return link_; }
    bool joined() const { return joined_; }
    bool ready() const { return ready_; }
    bool gone() const { return gone_; }            // by whoever's will
    bool left_by_itself() const { return left_; }  // died, or left
    bool stalled() const { return stalled_; }
    bool ever_stalled() const { return ever_stalled_; }
    uint64_t unsaid() const { return out_.size() + held_back_.size(); }
    bool idle() const { return out_.empty() && held_back_.empty(); }
    const std::string& error() const { return error_; }  // the reason of the bridge's ERROR
    // What the bridge wrote to it and it never read. REQUIRES: both ends have closed.
    std::vector<Frames> lost();
    std::string name() const;

    void on_arrived() override;
    void on_room() override { write_some(); }

 protected:
    // Queues bytes behind the handshake; returns the position of their end in all bytes of this
    // connection.
    uint64_t say(std::string_view bytes);
    // Where what on_frames() got ends, in what the bridge said behind the handshake.
    uint64_t position() const { return reader_.consumed() - heard_when_in_; }
    void mute() { mute_ = true; }
    virtual void on_ready() {}
    virtual void on_frames(Frames frames) = 0;
    virtual void on_gone() {}
    void fail(const std::string& what) { around_.fail(name() + ": " + what); }
    // Where a PING may stand between the frames of a message.
    std::string encoded(const Frames& frames);

    PeerSetup setup_;
    Surroundings around_;

 private:
    bool speaks_at_once() const { return setup_.eager || setup_.zmtp == Zmtp::k20; }
    std::string prelude() const;
    void write_some();
    void read_some();
    void take(wire::Piece piece);
    void take_ready(const wire::Piece& piece);
    void come_in();
    void ping();
    void end();

    SimNet::LinkId link_ = SimNet::kRefused;
    wire::Reader reader_{Zmtp::k31};
    ByteQueue out_;
    std::string held_back_;  // until the handshake is over
    uint64_t said_ = 0;      // bytes behind the handshake
    bool joined_ = false, ready_ = false, gone_ = false, left_ = false;
    bool greeted_ = false, stalled_ = false, ever_stalled_ = false, leaving_ = false,
         reading_ = false, mute_ = false;
    std::string error_;
    uint32_t unanswered_pings_ = 0;
    uint64_t read_at_ping_ = 0;
    uint64_t heard_when_in_ = 0;
    bool was_ponged_ = false;
};

// A PUSH, PUB, REQ or DEALER that hands messages in.
class Producer final : public SimPeer {
 public:
    struct Sent {
        uint64_t end = 0;  // of its bytes in the connection
        uint64_t hash = 0;
        std::string topic;       // its first frame
        bool anonymous = false;  // too small to carry its number
        bool refused = false;    // breaks a limit: it costs the connection
        Document document;       // its last frame
    };
    Producer(PeerSetup setup, Surroundings around, bool envelope, bool wants_receipt)
        : SimPeer(std::move(setup), std::move(around)),
          envelope_(envelope),
          wants_receipt_(wants_receipt) {}

    // Makes a message when it can be sent; what it returns is the body, without an envelope.
    using Make = std::function<Frames(Sent&)>;
    void plan(Make make);
    // Only its first bytes; the peer says no more.
    void send_half(const Frames& body);

    const std::vector<Sent>& sent() const { return sent_; }
    uint64_t receipts() const { return receipts_; }
    uint64_t refusals() const { return refusals_; }
    const std::map<std::string, int>& demanded() const { return demanded_; }
    bool has_envelope() const { return envelope_; }
    bool wants_receipt() const { return wants_receipt_; }
    bool waits() const { return !queue_.empty(); }

    size_t accepted = 0;           // of sent(), as the model has seen
    std::vector<bool> outcome_ok;  // of each accepted one, as the model knows it
    std::vector<bool> may_drop;    // of each likewise: a full line of its route may drop it
    bool half_said = false;

 private:
    void on_ready() override { send_queued(); }
    void on_frames(Frames frames) override;
    void send_queued();
    bool wanted(const std::string& topic) const;

    bool envelope_, wants_receipt_;
    std::deque<Make> queue_;
    std::vector<Sent> sent_;
    uint64_t receipts_ = 0, refusals_ = 0;
    std::map<std::string, int> demanded_;  // of a PUB
};

// A PULL or SUB.
class Consumer final : public SimPeer {
 public:
    using OnReceived = std::function<void(Consumer&, Frames)>;
    Consumer(PeerSetup setup, Surroundings around, OnReceived on_received)
        : SimPeer(std::move(setup), std::move(around)), on_received_(std::move(on_received)) {}

    void subscribe(const std::string& prefix, bool add);

    struct Said {
        uint64_t end = 0;
        std::string prefix;
        bool add = true;
    };
    const std::vector<Said>& said() const { return said_; }

 private:
    void on_frames(Frames frames) override { on_received_(*this, std::move(frames)); }

    OnReceived on_received_;
    std::vector<Said> said_;
};

}  // namespace zbridge::sim

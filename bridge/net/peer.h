// The Peer seam: one connected ZeroMQ socket of an application, however it is connected.
//
// Connection (our own ZMTP, on bound endpoints) and DialledPeer (libzmq, where we connect) stand
// behind it. What an endpoint is for decides who its PeerHandler is: intake, delivery, a service's
// clients or workers, the admin calls.
// Thread:  the reactor thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "bridge/model/ids.h"
#include "bridge/model/message.h"
#include "bridge/model/refusal.h"
#include "bridge/model/socket_type.h"
#include "bridge/model/watch.h"
#include "bridge/net/outbox.h"

namespace zbridge::net {

struct PeerInfo {
    PeerId id;
    EndpointId endpoint;
    SocketType type = SocketType::kPair;  // the application's
    std::string identity;                 // its routing id; may be empty; any bytes
    std::string address;                  // "tcp://10.0.0.7:41234"
    std::string user;                     // authenticated; empty if anonymous
    std::string process{};                // on ipc: as in Accepted
    // A part of a session of ZBP/1: of a service it is told codes, and says its own credit.
    bool zbp = false;
};

struct PeerCounters {
    uint64_t messages_in = 0, bytes_in = 0;    // taken by the handler
    uint64_t messages_out = 0, bytes_out = 0;  // appended to the outbox
    uint64_t dropped = 0;                      // not appended, or taken off again unwritten
    uint64_t slowed = 0;  // times that it was not read for a while: it sends too fast
    uint64_t pings = 0;   // taken from it
};

// What a handler keeps for each of its peers.
class PeerState {
 public:
    virtual ~PeerState() = default;
};

class Peer {
 public:
    explicit Peer(PeerInfo info) : info_(std::move(info)) {}
    virtual ~Peer() = default;
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;

    const PeerInfo& info() const { return info_; }
    PeerId id() const { return info_.id; }
    SocketType type() const { return info_.type; }

    // Queues a message; it is written at the end of this turn, or as soon as the peer takes it.
    // Never refuses: whoever must bound what waits asks has_room() first.
    void send(const Message& message) { send({}, message.wire()); }
    // The same for a message in two pieces. Returns the position of its first byte in
    // outbox().appended().
    uint64_t send(const Slice& head, const Slice& rest);

    // The same for messages that follow each other in memory.
    void send_run(const Slice& wire, uint32_t messages);

    // The kernel takes no more of its bytes for now; on_writable() comes when all that waits has
    // been written.
    bool blocked() const { return blocked_; }
    // Another message stays within the endpoint's waiting_bytes_max and waiting_messages_max.
    bool has_room() const {
        return outbox_.bytes() < waiting_bytes_max_ && outbox_.messages() < waiting_messages_max_;
    }
    // Likewise, for so many that follow each other.
    bool has_room_for(uint64_t bytes, uint64_t messages) const {
        return outbox_.bytes() + bytes <= waiting_bytes_max_ &&
               outbox_.messages() + messages <= waiting_messages_max_;
    }
    // Writes now what waits, as far as the peer takes it.
    virtual void flush() = 0;
    // Ends the connection, soon: on_closed() comes in a later turn.
    virtual void close(Refusal why) = 0;

    // Visits each prefix that this SUB or XSUB has subscribed to.
    virtual void each_subscription(const std::function<void(std::string_view)>& visit) const {
        (void)visit;
    }

    const Outbox& outbox() const { return outbox_; }
    Outbox& outbox() { return outbox_; }
    PeerCounters& counters() { return counters_; }
    const PeerCounters& counters() const { return counters_; }

    void set_state(std::unique_ptr<PeerState> state) { state_ = std::move(state); }
    template <class State>
    State& state() {
        return static_cast<State&>(*state_);
    }

    // Is shown what it says and is sent from now on. It outlives the peer, or is taken away: null.
    void watch(Watch* watch) { watch_ = watch; }
    bool watched() const { return watch_ != nullptr; }

 protected:
    // Before its handler is asked; once, however often a hold makes us ask again.
    void show_said(const Message& message) {
        if (watch_ != nullptr) [[unlikely]]
            show_if_new(message);
    }
    void on_taken() { shown_ = false; }
    // Something waits that was not there: have flush() called at the end of the turn.
    virtual void on_queued() = 0;
    // In its place, of each message, where it relays_: it is to go over another peer's connection.
    virtual void on_relay(const Slice& head, const Slice& rest) {
        (void)head;
        (void)rest;
    }

    PeerInfo info_;
    bool blocked_ = false;
    bool relays_ = false;
    uint64_t waiting_bytes_max_ = ~uint64_t{0};
    uint64_t waiting_messages_max_ = ~uint64_t{0};
    Outbox outbox_;

 private:
    void show_if_new(const Message& message);
    void show(Passing::Way way, const Slice& head, const Slice& wire, uint32_t messages) const;

    Watch* watch_ = nullptr;  // null: nobody looks
    bool shown_ = false;      // the message that was not taken yet
    PeerCounters counters_;
    std::unique_ptr<PeerState> state_;
};

inline uint64_t Peer::send(const Slice& head, const Slice& rest) {
    const bool was_empty = outbox_.empty();
    const uint64_t position = outbox_.appended();
    if (watch_ != nullptr) [[unlikely]]
        show(Passing::Way::kOut, head, rest, 1);
    if (!head.empty()) outbox_.append_part(head);
    outbox_.append(rest);
    counters_.messages_out++;
    counters_.bytes_out += head.size() + rest.size();
    if (relays_) {
        on_relay(head, rest);
    } else if (was_empty) {
        on_queued();
    }
    return position;
}

inline void Peer::send_run(const Slice& wire, uint32_t messages) {
    const bool was_empty = outbox_.empty();
    if (watch_ != nullptr) [[unlikely]]
        show(Passing::Way::kOut, {}, wire, messages);
    outbox_.append_run(wire, messages);
    counters_.messages_out += messages;
    counters_.bytes_out += wire.size();
    if (was_empty) on_queued();
}

// What became of a message that was offered.
enum class Take : uint8_t {
    kTaken,  // or refused and counted: it is done with
    kHold,   // not now: its endpoint has been held, and it will be offered again when the hold ends
};

// What is held when a message cannot be taken: an endpoint, and all that its peers send.
class Gate {
 public:
    virtual ~Gate() = default;
    virtual void hold() = 0;
    virtual void release() = 0;
};

struct Subscription {
    std::string_view prefix;
    bool add = true;  // or cancel
};

class PeerHandler {
 public:
    virtual ~PeerHandler() = default;

    virtual void on_opened(Peer& peer) = 0;
    virtual Take on_message(Peer& peer, const Message& message) = 0;
    // Of a SUB or XSUB, within the limits of its endpoint; each (prefix, peer) is told once,
    // however often it is said.
    virtual void on_subscription(Peer& peer, const Subscription& subscription);
    // All that waited has been written: it is no longer blocked().
    virtual void on_writable(Peer& peer);
    // It is gone: nothing can be sent any more. Its outbox still holds what was not written.
    virtual void on_closed(Peer& peer) = 0;
};

inline void PeerHandler::on_subscription(Peer&, const Subscription&) {}
inline void PeerHandler::on_writable(Peer&) {}

}  // namespace zbridge::net

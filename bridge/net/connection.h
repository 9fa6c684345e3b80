// One peer on our own ZMTP: its socket, its handshake, its bytes in and out.
//
// Flow:    socket -> [cut] -> PeerHandler::on_message;   Peer::send -> outbox -> socket
// Limits:  all of net::PeerLimits; one read of at most kReadBytes a turn. A peer that breaks one loses its connection.
// Holding: while its endpoint is held nothing is read. A peer that has ever sent PING gets a PONG unasked meanwhile,
//          or it would take us for dead and lose what is in the wire.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "bridge/net/peer.h"
#include "bridge/net/reactor.h"
#include "bridge/net/zmtp/command.h"
#include "bridge/net/zmtp/cut.h"
#include "bridge/net/zmtp/handshake.h"

namespace zbridge::net {

class Endpoint;

class Connection final : public Peer, public Ready {
 public:
    static constexpr size_t kReadBytes = 256 * 1024;
    static constexpr size_t kReadBytesMin = 32 * 1024;    // a read is not worth it with less room
    static constexpr size_t kOwnChunkFrom = 64 * 1024;    // a message that needs more is read into memory of its own
    static constexpr size_t kWriteParts = 64;             // entries of one writev

    Connection(Endpoint& endpoint, Reactor& reactor, Accepted accepted, PeerId id);
    ~Connection() override;

    void flush() override;
    void close(Refusal why) override;
    void each_subscription(const std::function<void(std::string_view)>& visit) const override;

    // No more will be written; what the peer has sent is read to its end (a planned stop).
    void half_close();
    // The hold of the endpoint has ended: goes on where it stopped.
    void resume();
    // A PONG that was not asked for, if it is due.
    void reassure(Instant now);

    bool open() const { return state_ == State::kOpen && !closing_; }
    bool pings() const { return ping_interval_ > Duration{}; }
    Duration ping_interval() const { return ping_interval_; }
    Instant opened_at() const { return opened_at_; }
    size_t subscriptions() const { return subscriptions_.size(); }
    uint8_t zmtp_major() const { return zmtp_major_; }

    void on_turn() override;
    void on_flush() override { flush(); }

 private:
    friend class Endpoint;
    enum class State : uint8_t { kHandshake, kOpen, kClosed };

    void on_queued() override { reactor_.make_dirty(*this); }
    void read_some();
    void make_room();
    void parse();
    size_t shake_hands();
    void admit_peer();
    bool stopped() const { return state_ == State::kClosed || closing_; }
    bool take_message(size_t size, uint32_t frames);
    void take_command(std::string_view body);
    void take_subscription(std::string_view prefix, bool add);
    void say(std::string_view wire);
    void write_outbox();
    void end(std::optional<Refusal> why);
    void arm_timer();
    void on_timer();

    Endpoint& endpoint_;
    Reactor& reactor_;
    Socket socket_;
    State state_ = State::kHandshake;
    std::optional<Refusal> closing_;  // close() was called: the next turn ends it
    bool speaks_3_1_ = false;
    bool half_closed_ = false;
    bool waits_for_room_ = false;     // it has something to read, once it has read what waits for it
    bool parked_ = false;             // its endpoint knows that it has something to read
    uint8_t zmtp_major_ = 0;
    std::unique_ptr<zmtp::Handshake> handshake_;
    std::string said_;            // of a handshake, not written yet
    Slice in_;                    // received, not parsed yet
    size_t needed_ = 0;           // bytes from the beginning of in_ without which nothing can be cut
    Instant opened_at_{};
    Instant heard_at_{};          // last bytes from the peer
    Instant pinged_at_{};         // last PING from the peer
    Instant said_at_{};           // last PING or unasked PONG to the peer
    Duration ping_interval_{};    // the peer's own, as observed
    Duration peer_ttl_{};         // of its last PING
    Timer timer_;                 // handshake, then silence
    std::map<std::string, uint32_t, std::less<>> subscriptions_;  // prefix -> how often said
    uint64_t subscription_bytes_ = 0;
};

}  // namespace zbridge::net

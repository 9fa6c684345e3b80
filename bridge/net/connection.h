// One peer on our own ZMTP: its socket, its handshake, its bytes in and out.
//
// Flow:    socket -> [cut] -> PeerHandler::on_message; Peer::send -> outbox -> socket
// Limits:  all of net::PeerLimits; one read of at most kReadBytes a turn. A peer that breaks one
//          loses its connection. kCommandsWaitingMax of our own frames for a peer that does not
//          read: beyond that its PINGs go unanswered.
// Memory:  while it is short, relieve() closes who stopped in the middle of a message, and whose
//          handshake holds more than kHandshakeBytesMax.
// Holding: while its endpoint is held nothing is read. A peer that has ever sent PING gets a PONG
//          unasked meanwhile (liveness.h), or it would take us for dead and lose what is in the
//          wire. Likewise while a peer has sent more than messages_a_second says. So does one that greets with ZMTP 3.1 and may have sent one which we have not read
//          yet.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "bridge/net/liveness.h"
#include "bridge/net/pace.h"
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
    static constexpr size_t kReadBytesMin = 32 * 1024;  // a read is not worth it with less room
    static constexpr size_t kOwnChunkFrom =
        64 * 1024;  // a message that needs more is read into memory of its own
    static constexpr size_t kWriteParts = 64;  // entries of one writev
    static constexpr uint64_t kCommandsWaitingMax = 64;
    static constexpr size_t kSubscriptionBytesMax =
        4 * 1024;  // of one prefix: as deep may the tree of all be (delivery/subscriptions.h)
    static constexpr size_t kHandshakeBytesMax =
        1024;  // unread of one that shakes hands, while memory is short; real ones need 200
    static constexpr size_t kProgressBytes =
        4 * 1024;  // fewer are no progress of a message, unless they end it

    Connection(Endpoint& endpoint, Reactor& reactor, Accepted accepted, PeerId id);
    ~Connection() override;
    // Begins the handshake; once, before anything else. An error: its socket cannot be watched, and
    // is the caller's to close.
    Status start();

    void flush() override;
    void close(Refusal why) override;
    void each_subscription(const std::function<void(std::string_view)>& visit) const override;

    // No more will be written; what the peer has sent is read to its end (a planned stop).
    void half_close();
    // All is written and nothing more is taken: half-closes, and throws away what is read until the
    // peer ends too.
    void finish();
    // The hold of the endpoint has ended: goes on where it stopped.
    void resume();
    // A PONG that was not asked for, if it is due.
    void reassure(Instant now);
    // Memory is short: holds no more of it than it needs; closed if its message has made no
    // progress for handshake_time.
    void relieve(Instant now);

    bool open() const { return state_ == State::kOpen && !closing_; }
    // It has sent too fast, and is not read for now.
    bool slowed() const { return slowing_ && slowing_->now; }
    Duration ping_interval() const { return liveness_.ping_interval(); }
    Instant opened_at() const { return liveness_.opened_at(); }
    size_t subscriptions() const { return subscriptions_.size(); }
    uint8_t zmtp_major() const { return zmtp_major_; }

    void on_turn() override;
    void on_flush() override { flush(); }

 private:
    friend class Endpoint;
    enum class State : uint8_t { kHandshake, kOpen, kClosed };

    void on_queued() override;
    void read_some();
    void discard();
    bool may_take();
    bool within_pace();
    void end_slowing();
    bool may_read();
    void pause();
    void make_room();
    void parse();
    size_t shake_hands();
    void admit_peer();
    bool stopped() const { return state_ == State::kClosed || closing_; }
    bool take_message(size_t size, uint32_t frames);
    bool take_upstream(size_t size, uint32_t frames);
    void take_command(std::string_view body);
    void take_interleaved(size_t at);
    void take_ping(const zmtp::Ping& ping);
    void take_subscription(std::string_view prefix, bool add);
    void say(std::string_view wire);
    void write_out();
    void end(std::optional<Refusal> why);
    void arm_timer();
    void on_timer();

    Endpoint& endpoint_;
    Reactor& reactor_;
    Socket socket_;  // kNoSocket: not watched
    State state_ = State::kHandshake;
    std::optional<Refusal> closing_;  // close() was called: the next turn ends it
    bool half_closed_ = false;
    bool finishing_ = false;
    bool relieved_ = false;  // of being blocked, or without room: on_writable() is due
    bool parked_ = false;    // its endpoint knows that it has something to read
    uint8_t zmtp_major_ = 0;
    std::unique_ptr<zmtp::Handshake> handshake_;
    std::string said_;        // of a handshake, not written yet
    Slice in_;                // received, not parsed yet
    size_t needed_ = 0;       // bytes from the beginning of in_ without which nothing can be cut
    zmtp::CutFrom cut_from_;  // what of in_ has been looked at
    size_t progress_ = 0;     // bytes since progress_at_
    Instant progress_at_{};   // last message, or kProgressBytes of one
    Liveness liveness_;
    Timer timer_;                                                 // handshake, then silence
    std::map<std::string, uint32_t, std::less<>> subscriptions_;  // prefix -> how often said
    uint64_t subscription_bytes_ = 0;
    struct Slowing {
        Pace pace;
        Timer timer;
        bool now = false;
    };
    std::unique_ptr<Slowing> slowing_;  // null: it may send as fast as it likes
};

}  // namespace zbridge::net

// A Peer without a connection: the test says how much its socket takes, and reads what it took.
#pragma once

#include <array>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "bridge/net/reactor.h"
#include "tests/unit/support/endpoint_rig.h"

namespace zbridge::testing {

class StubPeer final : public net::Peer, public net::Ready {
 public:
    StubPeer(net::Reactor& reactor, net::PeerHandler& handler, uint64_t number, SocketType type,
             std::string identity = {})
        : Peer({PeerId(number), EndpointId(1), type, std::move(identity), "tcp://10.0.0.7:1", ""}),
          reactor_(reactor),
          handler_(handler) {}
    ~StubPeer() override {
        if (here_) leave();
        reactor_.drop(*this);
    }

    void open() {
        here_ = true;
        handler_.on_opened(*this);
    }
    void leave() {
        here_ = false;
        handler_.on_closed(*this);
    }
    net::Take say(const std::vector<std::string>& frames) {
        const std::vector<std::string_view> views(frames.begin(), frames.end());
        return handler_.on_message(*this, make_message(reactor_.memory(), views));
    }
    void subscribe(const std::string& prefix) {
        subscriptions_.insert(prefix);
        handler_.on_subscription(*this, {prefix, true});
    }
    void cancel(const std::string& prefix) {
        subscriptions_.erase(prefix);
        handler_.on_subscription(*this, {prefix, false});
    }
    // The socket takes so many bytes more, then none.
    void set_room(size_t bytes) {
        room_ = bytes;
        if (bytes == 0 || !blocked_) return;
        blocked_ = false;
        flush();
        if (!blocked_ && outbox_.empty()) handler_.on_writable(*this);
    }
    void limit(uint64_t bytes, uint64_t messages = ~uint64_t{0}) {
        waiting_bytes_max_ = bytes;
        waiting_messages_max_ = messages;
    }
    // The messages that the socket took whole since the last time.
    std::vector<Frames> received() {
        std::vector<Frames> messages;
        size_t taken = 0;
        for (;;) {
            Frames frames;
            size_t at = taken;
            bool more = true;
            while (more && at + 2 <= written_.size()) {
                const bool is_long = (written_[at] & 2) != 0;
                if (is_long && at + 9 > written_.size()) break;
                uint64_t length = 0;
                for (size_t i = 1; i < (is_long ? 9U : 2U); i++)
                    length = length << 8 | static_cast<unsigned char>(written_[at + i]);
                if (at + (is_long ? 9 : 2) + length > written_.size()) break;
                const Frame frame = frame_at(written_, at);
                frames.emplace_back(frame.body);
                more = frame.more;
                at = frame.end;
            }
            if (more) break;
            messages.push_back(std::move(frames));
            taken = at;
        }
        written_.erase(0, taken);
        return messages;
    }
    size_t receives() { return received().size(); }

    void flush() override {
        std::array<iovec, 8> parts;
        while (!outbox_.empty() && !blocked_) {
            const size_t filled = outbox_.gather(parts);
            size_t written = 0, offered = 0;
            for (size_t i = 0; i < filled; i++) {
                const size_t bytes = std::min(parts[i].iov_len, room_);
                written_.append(static_cast<const char*>(parts[i].iov_base), bytes);
                if (room_ != ~size_t{0}) room_ -= bytes;
                written += bytes;
                offered += parts[i].iov_len;
            }
            outbox_.consume(written);
            blocked_ = written < offered;
        }
    }
    void close(Refusal why) override { closed_as = why; }
    void each_subscription(const std::function<void(std::string_view)>& visit) const override {
        for (const std::string& prefix : subscriptions_)
            visit(prefix);
    }
    void on_turn() override {}
    void on_flush() override {
        const bool full = !has_room();
        flush();
        if (full && outbox_.empty()) handler_.on_writable(*this);
    }

    std::optional<Refusal> closed_as;

 private:
    void on_queued() override { reactor_.make_dirty(*this); }

    net::Reactor& reactor_;
    net::PeerHandler& handler_;
    std::set<std::string> subscriptions_;
    std::string written_;
    size_t room_ = ~size_t{0};
    bool here_ = false;
};

}  // namespace zbridge::testing

// A service with clients and workers that are not connected to anything, on a clock that is moved
// by hand.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bridge/rpc/service.h"

namespace zbridge::rpc {

using Frames = std::vector<std::string>;

// A peer whose socket takes what is sent when the test reads it, and not before.
class FakePeer final : public net::Peer {
 public:
    FakePeer(net::PeerInfo info, MemoryBudget& memory) : Peer(std::move(info)), memory_(memory) {}

    void flush() override {}
    void close(Refusal why) override { closed_as = why; }
    void block() { blocked_ = true; }
    void limit_messages(uint64_t most) { waiting_messages_max_ = most; }

    // What the socket took since the last time.
    std::vector<Frames> read() {
        received_ += pending(outbox().bytes());
        std::vector<Frames> messages;
        size_t at = 0;
        while (at < received_.size()) {
            Frames frames;
            for (bool more = true; more;) {
                const Frame frame = frame_at(received_, at);
                frames.emplace_back(frame.body);
                more = frame.more;
                at = frame.end;
            }
            messages.push_back(std::move(frames));
        }
        received_.clear();
        return messages;
    }
    // The socket takes one byte.
    void take_byte() { received_ += pending(1); }

    Message message(const Frames& frames) const {
        std::vector<std::string_view> views(frames.begin(), frames.end());
        return make_message(memory_, views);
    }

    std::optional<Refusal> closed_as;
    bool connected = true;

 private:
    void on_queued() override {}
    std::string pending(size_t bytes) {
        bytes = std::min<size_t>(bytes, outbox().bytes());
        std::vector<iovec> pieces(outbox().messages() * 2 + 2);
        pieces.resize(outbox().gather(pieces));
        std::string taken;
        for (const iovec& piece : pieces) {
            taken.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
        }
        taken.resize(bytes);
        outbox().consume(bytes);
        return taken;
    }

    MemoryBudget& memory_;
    std::string received_;
};

inline const Frames kNothing;

struct World {
    explicit World(ServiceOptions options = {}, Life life = {.epoch = Epoch(7)}, DedupKey key = {},
                   uint64_t memory_bytes = 64 << 20)
        : clock(own_clock), memory(memory_bytes) {
        life.started = clock.now();
        service = std::make_unique<Service>(ServiceId(1), std::move(options), life, numbers, clock,
                                            timers, memory, std::move(key));
    }
    // One of several lives.
    World(ServiceOptions options, Life life, DedupKey key, ManualClock& time,
          RequestJournal& journal)
        : clock(time), memory(64 << 20) {
        life.started = clock.now();
        numbers.go_on_above(journal.highest());
        service = std::make_unique<Service>(ServiceId(1), std::move(options), life, numbers, clock,
                                            timers, memory, std::move(key), &journal);
    }
    ~World() {
        service->check_invariants();
        for (auto& peer : peers) {
            leave(*peer);
        }
        service->check_invariants();
    }

    FakePeer& client(SocketType type = SocketType::kReq, std::string identity = {},
                     std::string user = {}) {
        FakePeer& peer = add(type, std::move(identity), std::move(user), EndpointId(1));
        service->clients().on_opened(peer);
        return peer;
    }
    FakePeer& worker(SocketType type = SocketType::kRep) {
        FakePeer& peer = add(type, {}, {}, EndpointId(2));
        service->workers().on_opened(peer);
        return peer;
    }
    // On ipc.
    FakePeer& client_of(const std::string& process, SocketType type = SocketType::kReq) {
        FakePeer& peer = add(type, {}, {}, EndpointId(1), process);
        service->clients().on_opened(peer);
        return peer;
    }
    FakePeer& add(SocketType type, std::string identity, std::string user, EndpointId endpoint,
                  std::string process = {}) {
        net::PeerInfo info{.id = PeerId(peers.size() + 1),
                           .endpoint = endpoint,
                           .type = type,
                           .identity = std::move(identity),
                           .address = "tcp://127.0.0.1:" + std::to_string(peers.size() + 1),
                           .user = std::move(user),
                           .process = std::move(process)};
        peers.push_back(std::make_unique<FakePeer>(std::move(info), memory));
        return *peers.back();
    }
    void ask(FakePeer& client, const Frames& frames) {
        CHECK(service->clients().on_message(client, client.message(frames)) == net::Take::kTaken);
        service->check_invariants();
    }
    // A worker says something.
    void say(FakePeer& worker, const Frames& frames) {
        CHECK(service->workers().on_message(worker, worker.message(frames)) == net::Take::kTaken);
        service->check_invariants();
    }
    void leave(FakePeer& peer) {
        if (!peer.connected) return;
        peer.connected = false;
        if (peer.info().endpoint == EndpointId(1)) {
            service->clients().on_closed(peer);
        } else if (peer.info().endpoint == EndpointId(2)) {
            service->workers().on_closed(peer);
        } else {
            service->client_closed(peer);
        }
    }
    void advance(Duration by) {
        const Instant end = clock.now() + by;
        while (timers.next_due() && *timers.next_due() <= end) {
            clock.advance(std::max(*timers.next_due() - clock.now(), Duration{}));
            timers.run_due(clock.now());
            service->check_invariants();
        }
        clock.advance(end - clock.now());
    }

    ManualClock own_clock;
    ManualClock& clock;
    Timers timers;
    MemoryBudget memory;
    RequestNumbers numbers;
    std::unique_ptr<Service> service;
    std::vector<std::unique_ptr<FakePeer>> peers;
};

// The only message that this worker was given since the last time.
inline Frames only(FakePeer& peer) {
    const auto messages = peer.read();
    REQUIRE(messages.size() == 1);
    return messages.front();
}

inline std::string corr(const Frames& given) {
    REQUIRE(!given.empty());
    REQUIRE(Corr::decode(given.front()).has_value());
    return given.front();
}

inline std::string corr_text(Corr corr) {
    const auto bytes = corr.encode();
    return {bytes.data(), bytes.size()};
}

}  // namespace zbridge::rpc

// One endpoint on a FakeNet, with a handler that writes down what it is told and a clock that is
// moved by hand.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bridge/net/endpoint.h"
#include "tests/unit/support/fake_net.h"
#include "tests/unit/support/zmtp_bytes.h"

namespace zbridge::testing {

using Frames = std::vector<std::string>;

inline Frames frames_of(const Message& message) {
    const auto bodies = message.bodies();
    return {bodies.begin(), bodies.end()};
}

class Recorder final : public net::PeerHandler, public net::EndpointObserver {
 public:
    std::vector<PeerId> opened, closed, writable;
    std::vector<Frames> messages;
    std::vector<std::pair<PeerId, std::string>> subscriptions;  // "+prefix" or "-prefix"
    std::vector<std::optional<Refusal>> ends;
    std::vector<Refusal> refused;
    std::vector<std::string> details, troubles;
    std::vector<Message> given_back;
    MemoryBudget* memory = nullptr;  // for what a peer that goes gives back
    net::Gate* holds = nullptr;      // each message is held, at this
    bool keeps_frames = true;
    uint64_t message_bytes = 0, message_count = 0;
    std::function<void(net::Peer&, const Message&)> then;  // after a message was taken

    void on_opened(net::Peer& peer) override { opened.push_back(peer.id()); }
    net::Take on_message(net::Peer& peer, const Message& message) override {
        if (holds != nullptr) {
            holds->hold();
            return net::Take::kHold;
        }
        message_count++;
        message_bytes += message.size();
        if (keeps_frames) messages.push_back(frames_of(message));
        if (then) then(peer, message);
        return net::Take::kTaken;
    }
    void on_subscription(net::Peer& peer, const net::Subscription& subscription) override {
        subscriptions.emplace_back(
            peer.id(), (subscription.add ? "+" : "-") + std::string(subscription.prefix));
    }
    void on_writable(net::Peer& peer) override { writable.push_back(peer.id()); }
    void on_closed(net::Peer& peer) override {
        closed.push_back(peer.id());
        if (memory != nullptr) given_back = peer.outbox().take_unfinished(*memory);
    }
    void on_peer_opened(const net::Endpoint&, const net::Peer&) override {}
    void on_peer_closed(const net::Endpoint&, const net::Peer&,
                        std::optional<Refusal> why) override {
        ends.push_back(why);
    }
    void on_refused(const net::Endpoint&, const std::string&, std::optional<SocketType>,
                    Refusal why, const std::string& detail) override {
        refused.push_back(why);
        details.push_back(detail);
    }
    void on_trouble(const net::Endpoint&, const std::string& what) override {
        troubles.push_back(what);
    }
};

struct EndpointRig {
    explicit EndpointRig(net::EndpointOptions options = {}, uint64_t memory_bytes = 64 << 20,
                         bool reserved = false, net::Doorkeeper* doorkeeper = nullptr)
        : memory(memory_bytes), reactor(net, clock, memory) {
        using enum SocketType;
        recorder.memory = &memory;
        endpoint = std::make_unique<net::Endpoint>(
            net::Endpoint::Setup{
                EndpointId(1),
                "in",
                "bridge",
                {kPush, kPub, kXpub, kReq, kRep, kDealer, kRouter, kPull, kSub, kXsub},
                options,
                false,
                true,
                reserved,
                1,
                doorkeeper},
            recorder, reactor, connections, recorder);
        listener = net.listen({}, {}).value().socket;  // its number: bind() takes the next one
        ZB_CHECK(endpoint->bind({}).ok());
        listener++;
        reactor.at_turn_end([this] { endpoint->on_turn_end(); });
        turns();
    }

    // Turns of the reactor until nothing happens any more.
    void turns(int most = 1000) {
        do
            reactor.turn(false);
        while ((!reactor.idle() || net.has_news()) && --most > 0);
        reactor.turn(false);
    }
    void pass(Duration time, Duration step = std::chrono::milliseconds(10)) {
        for (Duration passed{}; passed < time; passed += step) {
            clock.advance(step);
            turns();
        }
    }
    net::Socket connect(std::string address = "tcp://10.0.0.7:41234", std::string user = {}) {
        const net::Socket socket = net.connect(listener, std::move(address), std::move(user));
        turns();
        return socket;
    }
    // A connection whose handshake is done and whose handshake bytes have been taken.
    net::Socket open(std::string_view type, std::string_view identity = {}, char minor = 1,
                     std::string address = "tcp://10.0.0.7:41234", std::string user = {}) {
        const net::Socket socket = connect(std::move(address), std::move(user));
        send(socket, zmtp::greeting(minor) + zmtp::ready(type, identity));
        net.receive(socket);
        return socket;
    }
    void send(net::Socket socket, std::string_view bytes) {
        net.send(socket, bytes);
        turns();
    }
    // The peer that connected last.
    net::Connection& last() { return *endpoint->peers().rbegin()->second; }
    uint64_t refusals(Refusal refusal) const { return endpoint->refusals().of(refusal); }

    MemoryBudget memory;
    ManualClock clock;
    FakeNet net;
    net::Reactor reactor;
    net::ConnectionLimit connections;
    Recorder recorder;
    std::unique_ptr<net::Endpoint> endpoint;
    net::Socket listener = net::kNoSocket;
};

}  // namespace zbridge::testing

// Whatever a peer sends, in whatever pieces: the bridge stays whole, and nobody else notices.
//
// An input is two octets, then what the peer says. The first octet says where it connects and what
// happens meanwhile, the second is the seed of how its bytes are cut into pieces.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "bridge/base/random.h"
#include "bridge/delivery/outlet.h"
#include "bridge/intake/intake.h"
#include "bridge/net/endpoint.h"
#include "bridge/net/zmtp/cut.h"
#include "bridge/net/zmtp/handshake.h"
#include "tests/unit/support/endpoint_rig.h"

namespace zbridge {
namespace {

using namespace testing;
using net::zmtp::Cut;
using net::zmtp::cut_next;
using net::zmtp::CutFrom;
using net::zmtp::Handshake;
using net::zmtp::take_out_commands;
using enum SocketType;

net::PeerLimits small_limits() {
    net::PeerLimits limits;
    limits.frame_bytes_max = 2000;
    limits.message_bytes_max = 5000;
    limits.frames_max = 8;
    limits.waiting_bytes_max = 4000;
    limits.waiting_messages_max = 50;
    limits.subscriptions_max = 20;
    limits.subscription_bytes_max = 500;
    return limits;
}

// What one cut of all bytes says, and what cuts of growing pieces say, must be the same.
void same_cut(std::string_view bytes, SeededRandom& random) {
    const Cut whole = cut_next(bytes, small_limits());
    CutFrom from;
    size_t have = 0;
    for (;;) {
        const Cut cut = cut_next(bytes.substr(0, have), small_limits(), from);
        if (cut.kind == Cut::Kind::kPartial) {
            ZB_CHECK(cut.size > have && cut.from.at <= have, cut.size, have);
            if (have == bytes.size()) {
                ZB_CHECK(whole.kind == Cut::Kind::kPartial);
                return;
            }
            from = cut.from;
            have = std::min(bytes.size(), have + 1 + random.below(64));
            continue;
        }
        ZB_CHECK(cut.kind == whole.kind && cut.frames == whole.frames);
        ZB_CHECK(cut.kind == Cut::Kind::kRefused || (cut.size == whole.size && cut.size <= have));
        return;
    }
}

void try_protocol(std::string bytes, SeededRandom& random) {
    size_t asked = 0;
    Handshake handshake("fuzz", [&](const net::zmtp::Claim& claim) -> std::optional<Refusal> {
        asked++;
        ZB_CHECK(claim.identity.size() <= 255, claim.identity.size());
        if (claim.type == kPair) return Refusal::kWrongType;
        return std::nullopt;
    });
    std::string waiting;
    size_t at = 0;
    while (at < bytes.size() && handshake.state() == Handshake::State::kGoing) {
        const size_t piece = std::min(bytes.size() - at, 1 + random.below(80));
        waiting.append(bytes, at, piece);
        at += piece;
        const size_t fed = handshake.feed(waiting);
        ZB_CHECK(fed <= waiting.size());
        waiting.erase(0, fed);
    }
    ZB_CHECK(handshake.out().size() < 700, handshake.out().size());
    ZB_CHECK(handshake.detail().size() <= 300);
    ZB_CHECK(asked <= 1 && (handshake.state() != Handshake::State::kDone || asked == 1));
    if (handshake.state() != Handshake::State::kDone) return;
    waiting.append(bytes, at);
    for (;;) {
        same_cut(waiting, random);
        const Cut cut = cut_next(waiting, small_limits());
        if (cut.kind == Cut::Kind::kPartial || cut.kind == Cut::Kind::kRefused) return;
        if (cut.kind == Cut::Kind::kInterleaved) {
            waiting.resize(take_out_commands(waiting.data(), waiting.size(), cut.from.at,
                                             [](std::string_view) { return true; }));
            ZB_CHECK(cut_next(waiting, small_limits(), cut.from).kind != Cut::Kind::kInterleaved);
            continue;
        }
        waiting.erase(0, cut.size);
    }
}

// A source and a target with a route between them; good peers on both, and a bad one.
struct World {
    explicit World(uint64_t memory_bytes) : memory(memory_bytes), reactor(net, clock, memory) {
        options.limits = small_limits();
        options.heartbeat = std::chrono::milliseconds(300);
        outlet = std::make_unique<delivery::Outlet>("out", SocketTypes{kPull, kSub, kXsub},
                                                    delivery::LineOptions{20'000, 40}, reactor);
        auto shape = routing::Shape::compile({}, clock);
        route =
            std::make_unique<intake::Route>("route", std::move(*shape), delivery::OnFull::kBlock);
        route->add({outlet.get(), nullptr, nullptr});
        intake = std::make_unique<intake::Intake>(intake::IntakeOptions{},
                                                  std::vector<intake::Route*>{route.get()}, ids,
                                                  reactor.timers(), clock, memory, nullptr);
        source = endpoint({kPush, kPub, kXpub, kReq, kDealer}, *intake, source_listener);
        target = endpoint({kPull, kSub, kXsub}, *outlet, target_listener);
        intake->attach(*source);
        reactor.at_turn_end([this] {
            outlet->on_turn_end();
            source->on_turn_end();
            target->on_turn_end();
        });
    }
    std::unique_ptr<net::Endpoint> endpoint(SocketTypes accepts, net::PeerHandler& handler,
                                            net::Socket& listener) {
        auto built = std::make_unique<net::Endpoint>(
            net::Endpoint::Setup{EndpointId(1), "fuzz", "fuzz", accepts, options, false, true},
            handler, reactor, connections, log);
        listener = net.listen({}, {}).value().socket + 1;
        ZB_CHECK(built->bind({}).ok());
        return built;
    }
    void turns() {
        for (int most = 2000; most > 0; most--) {
            reactor.turn(false);
            if (reactor.idle() && !net.has_news()) return;
        }
        ZB_CHECK(false, "it never comes to rest");
    }
    net::Socket join(net::Socket listener, std::string_view type) {
        const net::Socket socket = net.connect(listener);
        net.send(socket, zmtp::greeting(0) + zmtp::ready(type));  // 3.0: no heartbeats
        turns();
        return socket;
    }
    void pass(Duration time) {
        clock.advance(time);
        turns();
    }

    MemoryBudget memory;
    ManualClock clock;
    FakeNet net;
    net::Reactor reactor;
    net::EndpointOptions options;
    net::ConnectionLimit connections;
    Recorder log;
    intake::MessageIds ids;
    std::unique_ptr<delivery::Outlet> outlet;
    std::unique_ptr<intake::Route> route;
    std::unique_ptr<intake::Intake> intake;
    net::Socket source_listener = 0, target_listener = 0;
    std::unique_ptr<net::Endpoint> source, target;
};

// Reads what the bridge wrote to a good peer: whole messages and nothing else. Returns how many.
size_t count_messages(std::string& bytes, std::string& last) {
    net::PeerLimits any;
    any.frame_bytes_max = any.message_bytes_max = 1 << 20;
    size_t messages = 0, at = 0;
    for (;;) {
        const Cut cut = net::zmtp::cut_next(std::string_view(bytes).substr(at), any);
        if (cut.kind == Cut::Kind::kPartial) break;
        ZB_CHECK(cut.kind == Cut::Kind::kMessage);
        messages++;
        last = bytes.substr(at, cut.size);
        at += cut.size;
    }
    bytes.erase(0, at);
    return messages;
}

void try_bridge(std::string_view bytes, unsigned how, SeededRandom& random) {
    const bool at_source = (how & 1) != 0, pulls = (how & 2) != 0, short_memory = (how & 4) != 0;
    World world(short_memory ? 1 << 20 : 64 << 20);
    const net::Socket consumer = world.join(world.target_listener, pulls ? "PULL" : "SUB");
    if (!pulls) world.net.send(consumer, zmtp::subscribe(""));
    const net::Socket producer = world.join(world.source_listener, "PUSH");
    const net::Socket bad =
        world.net.connect(at_source ? world.source_listener : world.target_listener);
    world.turns();
    world.net.receive(consumer);
    uint64_t sent = 0, received = 0;
    std::string heard, last;
    bool stalled = false;
    for (size_t at = 0; at < bytes.size();) {
        const size_t piece =
            std::min(bytes.size() - at, 1 + random.below(random.below(4) == 0 ? 4000 : 40));
        world.net.send(bad, bytes.substr(at, piece));
        at += piece;
        if (random.below(3) > 0) world.turns();
        switch (random.below(12)) {
            case 0:
                stalled = !stalled;
                world.net.set_room(bad, stalled ? random.below(20) : ~size_t{0});
                break;
            case 1:
                world.net.set_room(consumer, random.below(100));
                break;
            case 2:
                world.net.set_room(consumer, ~size_t{0});
                break;
            case 3:
                world.pass(std::chrono::milliseconds(random.below(200)));
                break;
            case 4:
            case 5:
                world.net.send(producer, zmtp::frame("good"));
                sent++;
                break;
            case 6:
                world.source->relieve();
                break;
            default:
                break;
        }
        heard += world.net.receive(consumer);
        received += count_messages(heard, last);
        for (const auto* endpoint : {world.source.get(), world.target.get()}) {
            for (const auto& [id, peer] : endpoint->peers()) {
                ZB_CHECK(peer->outbox().commands() <= net::Connection::kCommandsWaitingMax + 1);
                ZB_CHECK(peer->outbox().bytes() < 200'000, peer->outbox().bytes());
                ZB_CHECK(peer->subscriptions() <= 20);
            }
        }
        ZB_CHECK(world.memory.used() < 3 << 20, world.memory.used());
    }
    // Everybody else has what is theirs.
    world.net.set_room(consumer, ~size_t{0});
    world.turns();
    (how & 8) != 0 ? world.net.reset(bad) : world.net.end(bad);
    world.turns();
    world.net.send(producer, zmtp::frame("the last"));
    sent++;
    world.turns();
    heard += world.net.receive(consumer);
    received += count_messages(heard, last);
    ZB_CHECK(heard.empty(), heard.size());
    ZB_CHECK(last == zmtp::frame("the last"), last);
    ZB_CHECK(world.net.closed(bad));
    ZB_CHECK(!world.net.closed(producer) && !world.net.closed(consumer));
    ZB_CHECK(world.connections.now == 2, world.connections.now);
    ZB_CHECK(received == world.route->messages || !at_source, received, world.route->messages);
    ZB_CHECK(world.route->messages >= sent, sent);
    ZB_CHECK(world.outlet->line().empty() && !world.source->held());
}

}  // namespace
}  // namespace zbridge

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size < 2) return 0;
    const std::string bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
    zbridge::SeededRandom random(data[1]);
    zbridge::try_protocol(bytes, random);
    zbridge::try_bridge(bytes, data[0], random);
    return 0;
}

// What the tests of calls stand on: a service, an endpoint of ZBP/1, and clients and workers of both kinds
// that are stubs.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bridge/app/service_callee.h"
#include "bridge/protocol/sessions.h"
#include "bridge/rpc/service.h"
#include "tests/unit/protocol/clients_world.h"

namespace zbridge::testing {

struct CallsWorld : ClientsWorld {
    explicit CallsWorld(rpc::ServiceOptions options = {}, rpc::RequestJournal* journal = nullptr)
        : service(ServiceId(0), named(std::move(options)),
                  {.epoch = Epoch(7), .clean_start = true, .started = clock.now()}, numbers, clock,
                  reactor.timers(), memory, {}, journal),
          callee(service),
          sessions({.bridge = "shop",
                    .epoch = 7,
                    .message_bytes_max = 16 << 20,
                    .frames_max = 4,
                    .topic = [](std::string_view) { return std::nullopt; },
                    .services = {{"work", &callee}},
                    .next_peer = [this] { return PeerId(next_peer++); }},
                   nullptr, reactor) {
        if (journal != nullptr) numbers.go_on_above(journal->highest());
        reactor.before_writing([this] { (void)sessions.before_writing(); });
        reactor.at_turn_end([this] { sessions.on_turn_end(); });
        turn();
    }
    ~CallsWorld() { service.check_invariants(); }

    static rpc::ServiceOptions named(rpc::ServiceOptions options) {
        options.name = "work";
        return options;
    }
    StubPeer& add(net::PeerHandler& handler, SocketType type) {
        peers.push_back(std::make_unique<StubPeer>(reactor, handler, next_peer++, type));
        peers.back()->open();
        return *peers.back();
    }
    // Plain ones.
    StubPeer& req() { return add(service.clients(), SocketType::kReq); }
    StubPeer& rep() { return add(service.workers(), SocketType::kRep); }
    // One that has said HELLO, and heard WELCOME.
    StubPeer& client(const std::string& name = {}, bool resume = false) {
        StubPeer& its = add(sessions, SocketType::kDealer);
        greet(its, name, resume);
        return its;
    }
    // One that works, and has heard SUBSCRIBED.
    StubPeer& worker(uint32_t credit = 1) {
        StubPeer& its = client();
        CHECK(ask(its, subscribe(1, credit)) == "SUBSCRIBED sub=1");
        return its;
    }
    static Said subscribe(uint32_t sub, uint32_t credit) {
        return Said("SUBSCRIBE")
            .with("sub", sub)
            .with("service", std::string("work"))
            .with("credit", credit);
    }
    static Said call(uint64_t ref) {
        return Said("CALL").with("ref", ref).with("service", std::string("work"));
    }
    // A call of the number that its request has at the service.
    static Said reply(uint64_t number, uint8_t attempt = 1, uint32_t sub = 1) {
        const auto corr = Corr{Corr::Kind::kRequest, attempt, Epoch(7), number}.encode();
        return Said("REPLY")
            .with("sub", sub)
            .raw(
                "\xa4"
                "call\xc4\x10" +
                std::string(corr.data(), corr.size()));
    }
    void call(StubPeer& its, uint64_t ref, const std::string& body = "x") {
        its.say({call(ref).packed(), block_of({body})});
        service.check_invariants();
    }
    void reply(StubPeer& its, uint64_t number, const std::string& body = "y", uint8_t attempt = 1) {
        its.say({reply(number, attempt).packed(), block_of({body})});
        service.check_invariants();
    }
    // A plain worker echoes what it has been given.
    void echo(StubPeer& its) {
        turn();
        for (Frames frames : its.received()) {
            frames.back() += "!";
            its.say(frames);
        }
        service.check_invariants();
    }
    void pass(Duration time) {
        clock.advance(time);
        turn();
        service.check_invariants();
    }

    rpc::RequestNumbers numbers;
    rpc::Service service;
    app::ServiceCallee callee;
    protocol::Sessions sessions;
    uint64_t next_peer = 1;
    std::vector<std::unique_ptr<StubPeer>> peers;  // gone before the sessions
};

}  // namespace zbridge::testing

// Callers and workers come, call, work, stall, end and go at random, plain ones among them: nobody is given more than its credit, each
// call has one answer at most, and one exactly where its caller stays.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "tests/unit/protocol/calls_world.h"

using namespace zbridge;
using namespace zbridge::testing;
using namespace std::chrono_literals;

namespace {

rpc::ServiceOptions options_of(uint32_t seed) {
    using Execute = rpc::ServiceOptions::Execute;
    rpc::ServiceOptions options{.execute = seed % 2 ? Execute::kAtLeastOnce : Execute::kAtMostOnce,
                                .timeout = 10s,
                                .attempt_timeout = 2s,
                                .retry_on_timeout = seed % 4 > 1,
                                .retry_times = 3,
                                .line_max = 8};
    options.error_frames = {"{code}"};
    return options;
}

struct Sub {
    uint32_t credit_max = 0;  // ever
    bool retired = false;
    std::set<std::string> held;  // corrs
};

struct Client {
    StubPeer* peer = nullptr;
    std::string name;
    bool open = false, stalled = false;
    std::set<uint64_t> calls;  // that have no answer
    std::map<uint32_t, Sub> subs;
};

class RandomRun {
 public:
    explicit RandomRun(uint32_t seed) : random_(seed), world_(options_of(seed)) {}

    void run() {
        for (int step = 0; step < 600; step++) {
            act();
            world_.turn(2);
            listen();
            world_.service.check_invariants();
        }
        finish();
    }

 private:
    uint32_t below(uint32_t end) { return random_() % end; }

    void act() {
        const uint32_t what = below(20);
        if (what < 2 && clients_.size() < 6) return open();
        if (what == 2) return world_.clock.advance(Duration(below(1500) * 1ms));
        if (what == 3) return plain();
        if (clients_.empty()) return;
        const size_t which = below(static_cast<uint32_t>(clients_.size()));
        Client& client = clients_[which];
        if (client.peer->closed_as || what == 4) return leave(which);
        if (what == 5) {
            client.stalled = !client.stalled;
            return client.peer->set_room(client.stalled ? below(60) : ~size_t{0});
        }
        if (!client.open) return;
        if (what < 11) return call(client);
        if (what < 13) return subscribe(client);
        if (what == 13) return change(client);
        if (what == 14 && below(8) == 0) return client.peer->say({Said("BYE").packed()}), void();
        work(client);
    }

    void open() {
        constexpr const char* kNames[] = {"", "", "ann", "bob"};
        Client client;
        client.name = kNames[below(4)];
        client.peer = &world_.add(world_.sessions, SocketType::kDealer);
        Said said = Said("HELLO").with("versions", std::vector<int>{1});
        if (!client.name.empty())
            said = said.with("name", client.name).with("resume", below(3) > 0);
        client.peer->say({said.packed()});
        clients_.push_back(client);
    }

    void call(Client& client) {
        const uint64_t ref = ++refs_;
        Said said = CallsWorld::call(ref);
        if (below(2) == 0) said = said.with("timeout", 1 + below(4000));
        client.calls.insert(ref);
        asked_[ref] = client.name;
        client.peer->say({said.packed(), block_of({std::string(below(300), 'x')})});
    }

    void subscribe(Client& client) {
        const uint32_t sub = 1 + below(3), credit = below(4);
        const auto found = client.subs.find(sub);
        if (found != client.subs.end()) return;
        client.subs[sub].credit_max = credit;
        client.peer->say({CallsWorld::subscribe(sub, credit).packed()});
    }

    void change(Client& client) {
        if (client.subs.empty()) return;
        auto& [number, sub] = *client.subs.begin();
        if (sub.retired) return;
        if (below(3) == 0) {
            sub.retired = true;
            client.peer->say({Said("UNSUBSCRIBE").with("sub", number).packed()});
        } else {
            const uint32_t credit = below(5);
            sub.credit_max = std::max(sub.credit_max, credit);
            client.peer->say({Said("CREDIT").with("sub", number).with("credit", credit).packed()});
        }
    }

    void work(Client& client) {
        for (auto& [number, sub] : client.subs) {
            if (sub.held.empty()) continue;
            auto its = sub.held.begin();
            std::advance(its, below(static_cast<uint32_t>(sub.held.size())));
            return reply(client, number, *its);
        }
        // Or to one that another was given: as if it had come back.
        if (!client.subs.empty() && !lost_.empty()) {
            reply(client, client.subs.begin()->first, lost_.back());
            lost_.pop_back();
        }
    }

    void reply(Client& client, uint32_t sub, const std::string& corr) {
        Said said = Said("REPLY")
                        .with("sub", sub)
                        .raw(
                            "\xa4"
                            "call\xc4\x10" +
                            corr);
        client.subs.at(sub).held.erase(std::string(corr));
        if (below(4) == 0)
            client.peer->say({said.with("error", std::string("no")).packed()});
        else
            client.peer->say({said.packed(), block_of({"y"})});
    }

    // A plain worker or client does one thing.
    void plain() {
        if (reps_.size() < 2) reps_.push_back(&world_.rep());
        StubPeer& rep = *reps_[below(2) % reps_.size()];
        if (below(2) == 0) return world_.echo(rep);
        StubPeer& req = world_.req();
        req.say({"", "x"});
        world_.turn();
        if (below(2) == 0) req.leave();
    }

    void leave(size_t which) {
        Client& client = clients_[which];
        listen();
        for (const auto& [number, sub] : client.subs)
            lost_.insert(lost_.end(), sub.held.begin(), sub.held.end());
        client.peer->leave();
        gone_.push_back(client.peer);
        clients_.erase(clients_.begin() + static_cast<std::ptrdiff_t>(which));
    }

    void listen() {
        for (Client& client : clients_) {
            for (const Frames& frames : client.peer->received())
                hear(client, frames);
        }
    }

    void hear(Client& client, const Frames& frames) {
        const auto handle = msgpack::unpack(frames[0].data(), frames[0].size());
        const auto name = handle.get().via.array.ptr[0].as<std::string>();
        std::map<std::string, msgpack::object> fields;
        for (const auto& each : msgpack::object_map(handle.get().via.array.ptr[1].via.map))
            fields[each.key.as<std::string>()] = each.val;
        if (name == "WELCOME") {
            client.open = true;
            if (!fields.contains("calls")) return;
            for (const auto ref : fields["calls"].as<std::vector<uint64_t>>()) {
                CHECK(asked_.at(ref) == client.name);
                CHECK_FALSE(answered_.contains(ref));
                client.calls.insert(ref);
            }
        } else if (name == "REPLY" ||
                   (name == "REFUSED" && fields["re"].as<std::string>() == "CALL")) {
            const auto ref = fields["ref"].as<uint64_t>();
            CHECK_MESSAGE(client.calls.erase(ref) == 1, ref);
            CHECK_MESSAGE(answered_.insert(ref).second, ref);
        } else if (name == "CALL") {
            Sub& sub = client.subs.at(fields["sub"].as<uint32_t>());
            const auto& call = fields["call"].via.bin;
            CHECK(sub.held.insert(std::string(call.ptr, call.size)).second);
            CHECK(sub.held.size() <= sub.credit_max);
        } else if (name == "REFUSED") {
            const auto re = fields["re"].as<std::string>();
            CHECK_MESSAGE((fields["fatal"].as<bool>() || re == "REPLY" || re == "SUBSCRIBE"),
                          text_of(frames));
        }
    }

    // All that have stayed are answered, and nothing is left.
    void finish() {
        for (Client& client : clients_) {
            client.peer->set_room(~size_t{0});
            client.stalled = false;
        }
        for (int round = 0; round < 300; round++) {
            world_.turn(2);
            listen();
            for (Client& client : clients_) {
                for (auto& [number, sub] : client.subs) {
                    while (!sub.held.empty() && !client.peer->closed_as)
                        reply(client, number, std::string(*sub.held.begin()));
                }
            }
            for (StubPeer* rep : reps_)
                world_.echo(*rep);
            world_.clock.advance(200ms);
        }
        listen();
        for (const Client& client : clients_) {
            if (!client.peer->closed_as && client.open) CHECK(client.calls.empty());
        }
        CHECK(world_.service.idle());
        CHECK(world_.service.status().unanswered == 0);
        while (!clients_.empty())
            leave(0);
        world_.pass(60s);
        CHECK(world_.service.status().clients_away == 0);
        CHECK(world_.service.status().in_work == 0);
        CHECK(world_.service.status().workers == reps_.size());
    }

    std::mt19937 random_;
    CallsWorld world_;
    std::vector<Client> clients_;
    std::vector<StubPeer*> gone_, reps_;
    std::map<uint64_t, std::string> asked_;
    std::set<uint64_t> answered_;
    std::vector<std::string> lost_;
    uint64_t refs_ = 0;
};

}  // namespace

TEST_CASE("whatever callers and workers do, each call is answered once") {
    for (uint32_t seed = 1; seed <= 60; seed++) {
        CAPTURE(seed);
        RandomRun(seed).run();
    }
}

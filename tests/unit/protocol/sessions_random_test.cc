// Clients come, publish, consume, settle, stall, lie and go at random: what is leased is held by one that is there or waited for,
// nobody holds more than its credit, each message that was published has one outcome, and in the end each was settled once.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <set>

#include "bridge/protocol/limits.h"
#include "tests/unit/protocol/sessions_world.h"

using namespace zbridge;
using namespace zbridge::testing;
using namespace std::chrono_literals;
using protocol::TokenRange;

namespace {

struct Client {
    StubPeer* peer = nullptr;
    std::string name;
    uint64_t seq = 0, outcomes = 0;  // published, told
    std::vector<TokenRange> held;
    std::map<uint32_t, uint32_t> credit;  // of its subscriptions
    bool open = false, stalled = false;
    std::optional<Said> retried;  // a message that was held
    std::string block;
};

msgpack::object_handle header_of(const Frames& frames) {
    return msgpack::unpack(frames[0].data(), frames[0].size());
}

const msgpack::object* field(const msgpack::object& header, std::string_view name) {
    for (const auto& each : msgpack::object_map(header.via.array.ptr[1].via.map)) {
        if (each.key.as<std::string>() == name) return &each.val;
    }
    return nullptr;
}

class RandomRun {
 public:
    explicit RandomRun(uint32_t seed) : random_(seed) {}

    void run() {
        for (int step = 0; step < 500; step++) {
            act();
            world_.turn(2);
            listen();
            check();
        }
        finish();
    }

 private:
    uint32_t below(uint32_t end) { return random_() % end; }

    void act() {
        const uint32_t what = below(24);
        if (what < 2 && clients_.size() < 6) return open();
        if (what < 4) return world_.toy.commit();
        if (what == 4) {
            world_.toy.its_group.due();
            return world_.toy.tell_ready();
        }
        if (what == 5) return world_.clock.advance(Duration(below(3000) * 1ms));
        if (what == 6) {
            world_.toy.room = !world_.toy.room;
            if (world_.toy.room) world_.toy.make_room();
        }
        if (clients_.empty()) return;
        const size_t which = below(static_cast<uint32_t>(clients_.size()));
        Client& client = clients_[which];
        if (client.peer->closed_as || what == 7) return leave(which);
        if (what == 8) {
            client.stalled = !client.stalled;
            client.peer->set_room(client.stalled ? below(60) : ~size_t{0});
            return;
        }
        if (world_.gate.held) return;  // its bytes are not read
        if (client.retried) return say(client, *client.retried, client.block);
        if (!client.open) return hello(client);
        if (what == 9) return lie(client);
        if (what < 13) return publish(client);
        if (what < 16) return subscribe(client);
        work(client);
    }

    void open() {
        constexpr const char* kNames[] = {"", "", "ann", "bob"};
        clients_.push_back({});
        clients_.back().peer = &world_.peer();
        clients_.back().name = kNames[below(4)];
    }

    void hello(Client& client) {
        Said said = Said("HELLO").with("versions", std::vector<int>{1});
        if (!client.name.empty())
            said = said.with("name", client.name).with("resume", below(2) == 0);
        // Whoever resumes is to know what it held.
        say(client, said, "");
    }

    void say(Client& client, const Said& said, const std::string& block) {
        Frames frames{said.packed()};
        if (!block.empty()) frames.push_back(block);
        const bool held = client.peer->say(frames) == net::Take::kHold;
        client.retried = held ? std::optional(said) : std::nullopt;
        client.block = block;
    }

    void publish(Client& client) {
        const uint32_t count = 1 + below(4);
        const std::string topic = below(8) == 0 ? "nowhere" : "a";
        const Said said =
            Said("PUBLISH").with("topic", topic).with("seq", client.seq + 1).with("count", count);
        client.seq += count;
        say(client, said, block_of(std::vector<std::string>(count, "m")));
    }

    void subscribe(Client& client) {
        if (below(6) == 0) return read(client);
        const uint32_t sub = below(3), credit = below(5);
        if (client.credit.contains(sub) && below(2) == 0) {
            client.credit.erase(sub);
            return say(client, Said("UNSUBSCRIBE").with("sub", sub), "");
        }
        const bool is_new = !client.credit.contains(sub);
        client.credit[sub] = credit;
        if (!is_new) return say(client, Said("CREDIT").with("sub", sub).with("credit", credit), "");
        say(client,
            Said("SUBSCRIBE")
                .with("sub", sub)
                .with("group", std::string("g"))
                .with("credit", credit),
            "");
    }

    // Of the topic itself: it settles nothing.
    void read(Client& client) {
        const uint32_t sub = 10 + below(2);
        if (below(2) == 0) return say(client, Said("UNSUBSCRIBE").with("sub", sub), "");
        const Said said = Said("SUBSCRIBE")
                              .with("sub", sub)
                              .with("topic", std::string("a"))
                              .with("credit", below(20))
                              .with("start", std::string("earliest"));
        say(client, said, "");
    }

    void work(Client& client) {
        if (client.held.empty() || below(6) == 0) {
            const Said said = Said("RECEIVE")
                                  .with("ref", below(4))
                                  .with("group", std::string("g"))
                                  .with("max", 1 + below(3))
                                  .with("wait", below(3) * 500);
            return say(client, said, "");
        }
        constexpr const char* kVerdicts[] = {"ack", "ack", "ack", "retry", "reject", "release"};
        const size_t which = below(static_cast<uint32_t>(client.held.size()));
        const TokenRange range = client.held[which];
        const uint32_t part = 1 + below(range.count);
        Said said = world_.settle(kVerdicts[below(6)], range.first, part);
        if (below(2) == 0) said = said.with("ref", below(100));
        client.held.erase(client.held.begin() + static_cast<std::ptrdiff_t>(which));
        if (part < range.count)
            client.held.push_back({range.first.behind(part), range.count - part});
        say(client, said, "");
    }

    void lie(Client& client) {
        std::string bytes =
            world_.settle("ack", {uint64_t{2} << 56 | random_(), random_()}, 1 + below(100'000))
                .packed();
        switch (below(5)) {
            case 0:
                bytes[below(static_cast<uint32_t>(bytes.size()))] ^=
                    static_cast<char>(1 + below(255));
                break;
            case 1:
                bytes.resize(below(static_cast<uint32_t>(bytes.size())));
                break;
            case 2:
                bytes = Said("HELLO").with("versions", std::vector<int>{1}).packed();
                break;
            case 3:
                bytes = Said("DANCE").packed();
                break;
            default:
                break;
        }
        (void)client.peer->say({bytes});
    }

    void leave(size_t which) {
        clients_[which].peer->leave();
        clients_.erase(clients_.begin() + static_cast<std::ptrdiff_t>(which));
    }

    void listen() {
        for (Client& client : clients_) {
            for (const Frames& frames : client.peer->received()) {
                const auto handle = header_of(frames);
                const msgpack::object& header = handle.get();
                const auto name = header.via.array.ptr[0].as<std::string>();
                if (name == "WELCOME") client.open = true;
                if (name == "RECEIPT") told(client, header);
                if (name == "DELIVER") delivered(client, header);
            }
        }
    }

    // Each outcome once, in order.
    void told(Client& client, const msgpack::object& header) {
        std::map<uint64_t, uint64_t> ranges;
        for (const char* list : {"stored", "refused"}) {
            for (const auto& each : msgpack::object_array(field(header, list)->via.array))
                ranges[each.via.array.ptr[0].as<uint64_t>()] = each.via.array.ptr[1].as<uint64_t>();
        }
        REQUIRE_FALSE(ranges.empty());
        for (const auto& [seq, count] : ranges) {
            REQUIRE(seq == client.outcomes + 1);
            client.outcomes += count;
        }
        REQUIRE(client.outcomes <= client.seq);
    }

    static void delivered(Client& client, const msgpack::object& header) {
        if (field(header, "runs") == nullptr) return;
        for (const auto& each : msgpack::object_array(field(header, "runs")->via.array)) {
            const auto& bin = each.via.array.ptr[0].via.bin;
            const auto token = LeaseToken::decode({bin.ptr, bin.size});
            REQUIRE(token.has_value());
            client.held.push_back({*token, each.via.array.ptr[1].as<uint32_t>()});
        }
    }

    void check() {
        const auto& leases = world_.toy.its_group.leases;
        uint64_t held = 0;
        world_.sessions.each([&](const protocol::Session& each) { held += each.held(); });
        if (world_.sessions.departed() == 0) REQUIRE(leases.size() <= held);
        REQUIRE(world_.memory.used() < (32 << 20));
    }

    void finish() {
        world_.toy.make_room();
        while (!clients_.empty())
            leave(0);
        world_.pass(protocol::kResumeTime);
        REQUIRE(world_.toy.its_group.leases.empty());
        REQUIRE(world_.sessions.idle());
        world_.toy.commit();
        world_.toy.its_group.due();
        world_.toy.tell_ready();
        StubPeer& last = world_.client();
        world_.subscribe(last, 1, protocol::kCreditMax);
        world_.turn(5);
        for (const auto& [offset, lease] : std::map(world_.toy.its_group.leases))
            world_.ask(last, world_.settle("ack", lease.token));
        REQUIRE(world_.toy.its_group.leases.empty());
        check_ends();
    }

    void check_ends() {
        std::map<uint64_t, int> ends;
        for (const std::string& settled : world_.toy.its_group.settled) {
            if (settled.starts_with("stale")) continue;  // a lie, or part of one
            uint64_t offset = 0, count = 1;
            if (sscanf(settled.c_str(), "ack %lu+%lu", &offset, &count) < 1 &&
                sscanf(settled.c_str(), "reject %lu+%lu", &offset, &count) < 1)
                continue;
            for (uint64_t i = 0; i < count; i++)
                ends[offset + i]++;
        }
        REQUIRE(ends.size() <= world_.toy.kept("a").size());
        for (const auto& [offset, times] : ends)
            REQUIRE(times == 1);
    }

    std::mt19937 random_;
    SessionsWorld world_;
    std::vector<Client> clients_;
};

}  // namespace

TEST_CASE("at random: nothing is left behind, and each message has one outcome and one end") {
    for (uint32_t seed = 1; seed <= 60; seed++) {
        CAPTURE(seed);
        RandomRun(seed).run();
    }
}

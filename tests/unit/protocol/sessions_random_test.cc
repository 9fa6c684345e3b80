// Clients come, publish, prepare, consume, settle, ask, stall, lie and go at random: what is leased is held by one that is there or
// waited for, nobody holds more than its credit, each message that was published has one outcome, each question and each commit one
// answer, and in the end each message was settled once.
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
    uint64_t last_ref = 1000;             // of what is answered once
    std::set<uint64_t> asks;              // that have no answer
    std::map<uint64_t, size_t> resolves;  // likewise: of so many tokens
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
        const uint32_t what = below(30);
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
        if (what == 24) return answer();
        if (what == 25) return check_one();
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
        if (what == 26) return prepare(client);
        if (what == 27) return resolve(client);
        if (what > 27) return ask(client);
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

    void prepare(Client& client) {
        const uint32_t count = 1 + below(2);
        const Said said = Said("PREPARE")
                              .with("topic", std::string("a"))
                              .with("seq", client.seq + 1)
                              .with("count", count);
        client.seq += count;
        say(client, said, block_of(std::vector<std::string>(count, "p")));
    }

    // Its own, another one's, or one that is none.
    void resolve(Client& client) {
        std::string tokens = "\xa6tokens";
        const uint32_t count = below(3);
        tokens += static_cast<char>(0x90 | count);
        for (uint32_t i = 0; i < count; i++) {
            const auto token = TransactionToken{uint64_t{3} << 56, below(200)}.encode();
            tokens += "\xc4\x10" + std::string(token.data(), token.size());
        }
        constexpr const char* kVerbs[] = {"COMMIT", "ROLLBACK", "UNKNOWN"};
        const uint32_t verb = below(3);
        Said said = Said(kVerbs[verb]).raw(tokens);
        if (verb < 2 && below(4) > 0) {
            said = said.with("ref", ++client.last_ref);
            client.resolves[client.last_ref] = count;
        }
        say(client, said, "");
    }

    // What becomes of what was prepared.
    void check_one() {
        if (world_.toy.prepared.empty()) return;
        auto which = world_.toy.prepared.begin();
        std::advance(which, below(static_cast<uint32_t>(world_.toy.prepared.size())));
        (void)world_.toy.check({uint64_t{3} << 56, which->first}, "topic/a");
    }

    void ask(Client& client) {
        const Said asks[] = {
            Said("QUERY").with("topic", std::string("a")).with("key", std::string("k")),
            Said("RESET").with("group", std::string("g")).with("offset", 0),
            Said("RECALL").raw("\xa2id\xc4\x10" + std::string(16, 'x')),
            Said("ADMIN").with("call", std::string("status"))};
        client.asks.insert(++client.last_ref);
        say(client, asks[below(4)].with("ref", client.last_ref), "");
    }

    void answer() {
        if (world_.toy.asked.empty()) return;
        if (below(3) == 0) return world_.toy.answer_admin(ZB_FAILED, "no");
        world_.toy.answer_admin(ZB_OK, "\x90");
    }

    void subscribe(Client& client) {
        if (below(6) == 0) return read(client);
        if (below(6) == 0) return subscribe_checks(client);
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
                .with("credit", credit)
                .with("attributes", below(2) == 0),
            "");
    }

    void subscribe_checks(Client& client) {
        const uint32_t sub = 20 + below(2);
        if (below(2) == 0) return say(client, Said("UNSUBSCRIBE").with("sub", sub), "");
        const Said said = Said("SUBSCRIBE")
                              .with("sub", sub)
                              .with("checks", std::string("a"))
                              .with("credit", below(3))
                              .with("attributes", below(2) == 0);
        say(client, said, "");
    }

    // Of the topic itself: it settles nothing.
    void read(Client& client) {
        const uint32_t sub = 10 + below(2);
        if (below(2) == 0) return say(client, Said("UNSUBSCRIBE").with("sub", sub), "");
        const Said said = Said("SUBSCRIBE")
                              .with("sub", sub)
                              .with("topic", std::string("a"))
                              .with("credit", below(20))
                              .with("attributes", below(2) == 0)
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
                if (name == "RESOLVED") resolved(client, header);
                if (name == "FOUND" || name == "DONE" || name == "REFUSED")
                    answered(client, header);
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
        if (const msgpack::object* prepared = field(header, "prepared")) {
            for (const auto& each : msgpack::object_array(prepared->via.array))
                ranges[each.via.array.ptr[0].as<uint64_t>()] = 1;
        }
        REQUIRE_FALSE(ranges.empty());
        for (const auto& [seq, count] : ranges) {
            REQUIRE(seq == client.outcomes + 1);
            client.outcomes += count;
        }
        REQUIRE(client.outcomes <= client.seq);
    }

    static void resolved(Client& client, const msgpack::object& header) {
        const auto asked = client.resolves.find(field(header, "ref")->as<uint64_t>());
        REQUIRE(asked != client.resolves.end());
        REQUIRE(field(header, "ids")->via.array.size == asked->second);
        client.resolves.erase(asked);
    }

    static void answered(Client& client, const msgpack::object& header) {
        const msgpack::object* ref = field(header, "ref");
        if (ref == nullptr || ref->as<uint64_t>() <= 1000) return;
        REQUIRE(client.asks.erase(ref->as<uint64_t>()) == 1);
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
        all_is_answered();
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

    // To those that still listen.
    void all_is_answered() {
        while (!world_.toy.asked.empty())
            answer();
        world_.toy.commit();
        for (Client& client : clients_)
            client.peer->set_room(~size_t{0});
        world_.turn(5);
        listen();
        for (const Client& client : clients_) {
            if (client.peer->closed_as || !client.open || client.retried) continue;
            REQUIRE(client.asks.empty());
            REQUIRE(client.resolves.empty());
        }
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

// Consumers of every kind come, work, stall and go at random: what is leased is held by one that is
// there, nobody holds more than it may, and in the end every message was settled once.
#include <doctest/doctest.h>

#include <map>
#include <random>
#include <set>

#include "tests/unit/delivery/consumers_world.h"

using namespace zbridge;
using namespace zbridge::testing;
using namespace std::chrono_literals;
using enum zbridge::SocketType;

namespace {

constexpr uint32_t kCredit = 3;

delivery::ConsumersOptions random_options() {
    delivery::ConsumersOptions options;
    options.credit = kCredit;
    options.settle = {{delivery::SettleRule::As::kAck, "OK"},
                      {delivery::SettleRule::As::kReject, "NEVER"}};
    return options;
}

struct Program {
    StubPeer* peer = nullptr;
    std::vector<std::string> held;  // tokens, of a worker
    bool asked = false;             // of a puller: it waits for its answer
    bool stalled = false;
};

class RandomRun {
 public:
    explicit RandomRun(uint32_t seed) : random_(seed), world_(random_options()) {}

    void run() {
        for (int step = 0; step < 400; step++) {
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
        const uint32_t what = below(20);
        if (what == 0 && programs_.size() < 8) return open();
        if (what < 4) {
            const uint32_t count = 1 + below(4);
            for (uint32_t i = 0; i < count; i++)
                world_.publish("m" + std::to_string(published_++));
            return;
        }
        if (what == 4) return world_.toy.commit();
        if (what == 5) {
            world_.toy.its_group.due();
            return world_.toy.tell_ready();
        }
        if (programs_.empty()) return;
        const size_t which = below(static_cast<uint32_t>(programs_.size()));
        Program& program = programs_[which];
        if (what == 6) {
            program.peer->leave();
            programs_.erase(programs_.begin() + static_cast<std::ptrdiff_t>(which));
            return;
        }
        if (what < 9) {
            program.stalled = !program.stalled;
            program.peer->set_room(program.stalled ? below(60) : ~size_t{0});
            return;
        }
        work(program);
    }

    void open() {
        constexpr SocketType kTypes[] = {kPull, kRep, kDealer, kReq};
        programs_.push_back({&world_.peer(kTypes[below(4)]), {}, false, false});
    }

    void work(Program& program) {
        StubPeer& peer = *program.peer;
        if (peer.type() == kReq && !program.asked) {
            constexpr const char* kAsks[] = {"NEXT",          "NEXT WAIT 1s", "RETRY",
                                             "REJECT as bad", "GIVE",         "NEXT HEADERS"};
            program.asked = true;
            peer.say({"", kAsks[below(6)]});
        } else if (!program.held.empty()) {
            constexpr const char* kReplies[] = {"OK", "NEVER", "LATER"};
            const size_t which = below(static_cast<uint32_t>(program.held.size()));
            peer.say({program.held[which], "", kReplies[below(3)]});
            program.held.erase(program.held.begin() + static_cast<std::ptrdiff_t>(which));
        }
    }

    void listen() {
        for (Program& program : programs_) {
            for (const Frames& frames : program.peer->received()) {
                if (program.peer->type() == kReq) program.asked = false;
                if (frames[0].size() == LeaseToken::kBytes) program.held.push_back(frames[0]);
            }
        }
        world_.clock.advance(Duration(below(1000) * 1ms));
    }

    void check() {
        const auto& leases = world_.toy.its_group.leases;
        REQUIRE(leases.size() == world_.consumers.in_flight());
        std::map<uint64_t, uint64_t> held;
        for (const auto& [offset, lease] : leases)
            held[lease.consumer]++;
        for (const Program& program : programs_) {
            const uint64_t its = held[program.peer->id().number()];
            held.erase(program.peer->id().number());
            if (program.peer->type() == kDealer) REQUIRE(its <= kCredit);
            if (program.peer->type() == kRep || program.peer->type() == kReq) REQUIRE(its <= 1);
        }
        for (const auto& [consumer, messages] : held)
            REQUIRE(messages == 0);  // nothing is held by one that is not there
    }

    void finish() {
        for (Program& program : programs_)
            program.peer->leave();
        REQUIRE(world_.toy.its_group.leases.empty());
        world_.toy.its_group.due();
        world_.toy.tell_ready();
        StubPeer& last = world_.peer(kPull);
        world_.turn(5);
        (void)last.received();
        std::map<uint64_t, int> ends;
        for (const std::string& settled : world_.toy.its_group.settled) {
            uint64_t offset = 0, count = 1;
            if (sscanf(settled.c_str(), "ack %lu+%lu", &offset, &count) < 1 &&
                sscanf(settled.c_str(), "reject %lu", &offset) < 1) {
                continue;
            }
            for (uint64_t i = 0; i < count; i++)
                ends[offset + i]++;
        }
        REQUIRE(ends.size() == published_);
        for (const auto& [offset, times] : ends)
            REQUIRE(times == 1);
    }

    std::mt19937 random_;
    ConsumersWorld world_;
    std::vector<Program> programs_;
    uint64_t published_ = 0;
};

}  // namespace

TEST_CASE("at random: what is leased is held by one that is there, and is settled once") {
    for (uint32_t seed = 1; seed <= 60; seed++) {
        CAPTURE(seed);
        RandomRun(seed).run();
    }
}

// Transactions and the end of a life, at each write of the disk and by seeds: what is committed is in
// its topic once, what is rolled back never. ZB_SEEDS=N runs so many, ZB_SEED=N that one.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <map>

#include "tests/unit/plugins/durable/transactions_rig.h"

namespace zbridge::durable {

namespace {

constexpr uint64_t kSeeds = 40;
constexpr int kLives = 5;
constexpr int kStepsALife = 120;

size_t times(const std::vector<std::string>& bodies, const std::string& body) {
    return static_cast<size_t>(std::count(bodies.begin(), bodies.end(), body));
}

// A turn of the bridge, as often as something is on its way.
void work_off(TransactionsRig& rig) {
    for (int i = 0; i < 50; i++)
        rig.turn();
}

// The disk takes nothing any more from that write on: it is killed there, or the power goes. How many
// writes there were in all.
uint64_t end_at(uint64_t write, bool power) {
    TransactionsRig rig({}, write + 1);
    rig.option("check_after", "2s");
    rig.option("max_checks", "1");
    rig.option("check_every", "1s");
    rig.start();
    const zb_transaction kept = rig.prepared("kept"), gone = rig.prepared("gone");
    rig.prepared("late");
    rig.clock.advance(std::chrono::seconds(3));
    work_off(rig);  // "late" was asked for, as the others were
    rig.clock.advance(std::chrono::seconds(2));

    const uint64_t before = rig.disk.operations();
    rig.disk.cut_power_at(before + write);
    const zb_taken prepared = rig.prepare("new");
    const zb_transaction fresh = rig.transaction;
    const uint64_t number = rig.receipt.number;
    (void)rig.engine->resolve(rig.self(), kept, ZB_COMMIT, 1001);
    (void)rig.engine->resolve(rig.self(), gone, ZB_ROLLBACK, 1002);
    work_off(rig);
    const uint64_t writes = rig.disk.operations() - before;
    const auto told = [&](uint64_t cookie) {
        const auto its = rig.resolved.find(cookie);
        return its != rig.resolved.end() && its->second.taken == ZB_TAKEN;
    };
    const bool kept_told = told(1001), gone_told = told(1002);
    const bool new_told = prepared == ZB_TAKEN && rig.told.committed >= number;
    if (power) {
        rig.lose_power();
    } else {
        rig.was_clean = false;
        rig.die();
    }
    rig.start();

    const auto there = rig.there();
    if (kept_told) CHECK(times(there, "kept") == 1);
    const zb_taken again = rig.commit_it(kept).taken;
    // Parked meanwhile: then both are stale, and it is there.
    const bool parked = times(rig.there("t-unresolved"), "kept") == 1;
    CHECK((again == ZB_STALE) == (times(there, "kept") == 1 || parked));
    CHECK(times(rig.there(), "kept") == (parked ? 0 : 1));
    const zb_taken rolled = rig.roll_back(gone).taken;
    if (gone_told) CHECK(rolled == ZB_STALE);
    CHECK(times(rig.there(), "gone") == 0);
    if (new_told) {
        CHECK(rig.commit_it(fresh).taken == ZB_TAKEN);
        CHECK(times(rig.there(), "new") == 1);
    }
    for (int i = 0; i < 10; i++) {
        rig.clock.advance(std::chrono::seconds(1));
        work_off(rig);
    }
    CHECK(times(rig.there("t-unresolved"), "late") == 1);
    CHECK(times(rig.there(), "late") == 0);
    CHECK(rig.its().prepared() == 0);
    return writes;
}

// What is known of a message from outside.
struct Known {
    zb_transaction token{};
    bool durable = false;                               // its prepare is
    bool committed = false;                             // told to be
    bool rolled_back = false;                           // likewise
    bool asked_commit = false, asked_rollback = false;  // in whatever life
};

struct Counts {
    uint64_t prepared = 0, committed = 0, rolled_back = 0, unresolved = 0, checks = 0, crashes = 0;
};

class World {
 public:
    explicit World(uint64_t seed) : rig_({}, seed), chance_(seed * 104'729 + 1) {
        rig_.option("segment_bytes", "1MiB");
        rig_.option("hot_memory", "1MiB");
        rig_.option("read_memory", "1MiB");
        rig_.option("check_after", "3s");
        rig_.option("check_every", "4s");
        rig_.option("max_checks", "3");
        rig_.topic("filler", {{"retention.count", "5"}});
    }

    void run(Counts& counts) {
        for (int life = 0; life < kLives; life++) {
            rig_.start();
            for (int step = 0; step < kStepsALife; step++)
                live(counts);
            end(counts);
        }
        rig_.start();
        finish(counts);
    }

 private:
    void live(Counts& counts) {
        switch (chance_.below(8)) {
            case 0:
            case 1:
                prepare(counts);
                break;
            case 2:
            case 3:
                resolve_one(chance_.below(2) == 0 ? ZB_COMMIT : ZB_ROLLBACK);
                break;
            case 4:
                if (rig_.engine->has_room(rig_.self()) != 0)
                    (void)rig_.publish("filler", std::string(chance_.below(120'000), '.'));
                break;
            case 5:
                rig_.checker_is_there = chance_.below(4) > 0;
                break;
            default:
                break;
        }
        rig_.clock.advance(std::chrono::milliseconds(chance_.below(300)));
        rig_.turn();
        learn(counts);
    }

    void prepare(Counts& counts) {
        if (rig_.engine->has_room(rig_.self()) == 0) return;
        std::string body = std::to_string(counts.prepared++);
        body.resize(body.size() + chance_.below(3000), '.');
        REQUIRE(rig_.prepare(body) == ZB_TAKEN);
        known_[body].token = rig_.transaction;
        numbers_.emplace_back(rig_.receipt.number, body);
    }

    void resolve_one(uint32_t how) {
        if (known_.empty()) return;
        auto at = known_.begin();
        std::advance(at, chance_.below(known_.size()));
        resolve(at->first, how);
    }
    void resolve(const std::string& body, uint32_t how) {
        Known& its = known_.at(body);
        (how == ZB_COMMIT ? its.asked_commit : its.asked_rollback) = true;
        asked_[++cookie_] = {body, how};
        REQUIRE(rig_.engine->resolve(rig_.self(), its.token, how, cookie_) == ZB_TAKEN);
    }

    void learn(Counts& counts) {
        for (; !numbers_.empty() && numbers_.front().first <= rig_.told.committed;
             numbers_.erase(numbers_.begin()))
            known_.at(numbers_.front().second).durable = true;
        for (const auto& [cookie, told] : std::exchange(rig_.resolved, {})) {
            const auto& [body, how] = asked_.at(cookie);
            INFO("message " << body.substr(0, 8));
            Known& its = known_.at(body);
            if (told.taken != ZB_TAKEN) {
                REQUIRE(told.taken == ZB_STALE);
                continue;
            }
            REQUIRE_FALSE(its.committed);
            REQUIRE_FALSE(its.rolled_back);
            (how == ZB_COMMIT ? its.committed : its.rolled_back) = true;
        }
        for (const auto& check : std::exchange(rig_.checks, {})) {
            INFO("message " << check.body.substr(0, 8));
            counts.checks++;
            // Else its producer was never told that it is prepared.
            if (known_.count(check.body) == 0) continue;
            const Known& its = known_.at(check.body);
            REQUIRE_FALSE(its.committed);
            REQUIRE_FALSE(its.rolled_back);
            REQUIRE(check.transaction.low == its.token.low);
            if (chance_.below(3) == 0)
                resolve(check.body, chance_.below(2) == 0 ? ZB_COMMIT : ZB_ROLLBACK);
        }
    }

    void end(Counts& counts) {
        const uint64_t how = chance_.below(3);
        if (how == 0) {
            rig_.EngineRig::settle();
            learn(counts);
            rig_.stop();
        } else {
            counts.crashes++;
            if (how == 1) {
                rig_.was_clean = false;
                rig_.die();
            } else {
                rig_.lose_power();
            }
        }
        // Those whose prepare was never told may be there or not: their tokens may be others' now.
        for (const auto& [number, body] : std::exchange(numbers_, {}))
            known_.erase(body);
        rig_.resolved.clear();
        rig_.checks.clear();
    }

    // Nobody says anything any more.
    void finish(Counts& counts) {
        rig_.checker_is_there = false;
        for (int i = 0; i < 60; i++) {
            rig_.clock.advance(std::chrono::seconds(1));
            rig_.turn();
            rig_.EngineRig::settle();
        }
        if (!known_.empty()) REQUIRE(rig_.its().prepared() == 0);
        const auto there = rig_.there(), parked = rig_.there("t-unresolved");
        for (const auto& [body, its] : known_) {
            INFO("message " << body.substr(0, 8));
            if (!its.durable) continue;
            const size_t seen = times(there, body), kept = times(parked, body);
            REQUIRE(seen <= 1);
            REQUIRE(kept <= 1);
            REQUIRE(seen + kept <= 1);
            if (its.committed) CHECK(seen == 1);
            if (its.rolled_back) CHECK(seen + kept == 0);
            if (seen == 1) CHECK(its.asked_commit);
            if (seen + kept == 0) CHECK(its.asked_rollback);
            counts.committed += seen;
            counts.unresolved += kept;
            counts.rolled_back += seen + kept == 0 ? 1 : 0;
        }
        rig_.stop();
    }

    TransactionsRig rig_;
    SeededRandom chance_;
    std::map<std::string, Known> known_;                     // by body
    std::vector<std::pair<uint64_t, std::string>> numbers_;  // of prepares that are not durable yet
    std::map<uint64_t, std::pair<std::string, uint32_t>> asked_;  // by cookie
    uint64_t cookie_ = 0;
};

uint64_t number_from(const char* name, uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

}  // namespace

TEST_CASE("a life that ends at any write leaves each transaction done, or to be done") {
    for (const bool power : {false, true}) {
        uint64_t at = 0;
        for (bool ended = true; ended && at < 200; at++) {
            CAPTURE(power);
            CAPTURE(at);
            ended = end_at(at, power) >= at;  // else it had less to write
        }
        CHECK(at > 2);
    }
}

TEST_CASE("lives with transactions: each is committed once, or rolled back, or kept") {
    const uint64_t only = number_from("ZB_SEED", 0);
    const uint64_t seeds = only > 0 ? 1 : number_from("ZB_SEEDS", kSeeds);
    Counts counts;
    for (uint64_t seed = 1; seed <= seeds; seed++) {
        const uint64_t its = only > 0 ? only : seed;
        CAPTURE(its);
        World(its).run(counts);
    }
    MESSAGE(seeds << " seeds: " << counts.prepared << " prepared, " << counts.committed
                  << " committed, " << counts.rolled_back << " rolled back, " << counts.unresolved
                  << " unresolved, " << counts.checks << " checks, " << counts.crashes
                  << " crashes");
    CHECK((only > 0 || counts.crashes > 0));
}

}  // namespace zbridge::durable

// Lives of a group from seeds: consumers that ack, retry, reject, extend, stall and go, an operator
// who pauses, resets and redrives, a bridge that is killed, or whose power goes at any write of its
// disk, and a model that is only lists. ZB_SEEDS=N runs so many
// (from ZB_FIRST on), ZB_SEED=N that one.
//
// Held at each step: nobody is given a message whose ack was told to be durable, or that is a dead
// letter; of a key one at a time, and never before one that stands before it and is open; with
// `order: priority` nothing while one of a higher priority waits that nobody was given; attempts
// count what was retried. A paused group gives nothing. At the end: every message that was committed,
// and was not forgotten by a reset, is acked, or a dead letter once; one that was redriven is a
// message again, with a life of its own.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <map>

#include "tests/unit/plugins/durable/admin_rig.h"

namespace zbridge::durable {

namespace {

constexpr uint64_t kSeeds = 60;
constexpr int kLives = 5;
constexpr int kStepsALife = 150;
constexpr uint64_t kKeys = 5;
constexpr uint32_t kRetries = 4;

struct Counts {
    uint64_t published = 0, given = 0, again = 0, acked = 0, dead = 0, crashes = 0, cuts = 0,
             pauses = 0, resets = 0, redriven = 0;
};

// A message, by its offset, as its consumers know it.
struct Known {
    std::string body, key;
    uint32_t priority = 0;
    bool acked = false;    // an ack was taken, in whatever life
    bool durable = false;  // and told to be durable
    bool dying = false;    // rejected, or tried too often, in this life
    uint32_t attempts = 0;
    bool sure = true;  // of these: no crash since
    uint64_t given = 0;
    bool forgotten = false;  // the group was reset to behind it
};

struct Held {
    Got got;
    Instant until;
};

GroupsRig::Options options_of(uint64_t seed) {
    GroupsRig::Options options{{"start", "earliest"},
                               {"retry.attempts", std::to_string(kRetries)},
                               {"retry.backoff", "2s"},
                               {"lease", "20s"},
                               {"max_in_flight", "12"}};
    if (seed % 3 == 0) options.emplace_back("order", "per_key");
    if (seed % 3 == 1) options.emplace_back("order", "priority");
    return options;
}

class World {
 public:
    explicit World(uint64_t seed)
        : rig_(options_of(seed), seed),
          chance_(seed * 7919 + 1),
          ordered_(seed % 3 == 0),
          by_priority_(seed % 3 == 1) {
        rig_.option("segment_bytes", "1MiB");
        rig_.option("hot_memory", "1MiB");
        rig_.option("read_memory", "1MiB");
        // By it segments fill and go, and what is of the group in them is needed on.
        rig_.topic("filler", {{"retention.count", "5"}});
    }

    void run(Counts& counts) {
        for (int life = 0; life < kLives; life++) {
            open();
            // The power may go at any write of its disk; the bridge ends with it.
            if (chance_.below(3) == 0) arm(80);
            for (int step = 0; step < kStepsALife && !is_dark(); step++)
                live(counts);
            end(counts);
        }
        open();
        finish(counts);
    }

 private:
    void open() {
        rig_.start();
        known_.resize(std::min<size_t>(known_.size(),
                                       rig_.engine->bounds(rig_.self(), rig_.handle("t")).head));
        paused_ = rig_.g().paused();
        look_for_dead();
        find_redriven();
    }
    // Its power is gone: what it does now nobody sees.
    bool is_dark() const {
        return rig_.disk.operations() >= cut_at_ || !rig_.its_topics().failure().empty();
    }
    void arm(uint64_t operations) {
        cut_at_ = rig_.disk.operations() + 1 + chance_.below(operations);
        rig_.disk.cut_power_at(cut_at_);
    }
    void disarm() {
        cut_at_ = UINT64_MAX;
        rig_.disk.cut_power_at(cut_at_);
    }

    // The operator's. Nothing is known of it if the power goes meanwhile.
    void operate(Counts& counts) {
        const uint64_t what = chance_.below(8);
        if (what < 3) {
            paused_ = !paused_;
            counts.pauses++;
            if (!ask(paused_ ? "group pause" : "group resume", {{"group", std::string("g")}}))
                return;
            CHECK(rig_.g().paused() == paused_);
        } else if (what < 6) {
            settle_all();
            if (is_dark() || dead_.empty()) return;
            if (chance_.below(2) == 0) arm(10);
            if (!ask("dead redrive", {{"group", std::string("g")}})) return;
            settle_all();
            if (!is_dark()) counts.redriven += find_redriven();
        } else {
            reset(counts);
        }
    }
    bool ask(const std::string& verb, AdminRig::Args args) {
        ValueWriter writer;
        writer.begin_map(args.size());
        for (const auto& [name, value] : args)
            std::visit([&, name = name](const auto& its) { writer.entry(name, its); }, value);
        const uint64_t cookie = ++rig_.last_cookie;
        rig_.engine->admin(rig_.self(), view_of(verb), view_of(writer.take()), cookie);
        for (int i = 0; i < 10'000 && rig_.answers.count(cookie) == 0 && !is_dark(); i++)
            rig_.turn();
        if (is_dark()) return false;
        REQUIRE(rig_.answers.count(cookie) == 1);
        INFO(rig_.answers.at(cookie).second);
        REQUIRE(rig_.answers.at(cookie).first == ZB_OK);
        return true;
    }
    // All that was taken is durable, and told.
    void settle_all() {
        rig_.clock.advance(Groups::kAckLinger);
        rig_.turn();
        for (int i = 0; i < 1000 && rig_.engine->idle(rig_.self()) == 0 && !is_dark(); i++)
            rig_.turn();
        end_leases();  // it may be durable, though the power is gone
        if (is_dark()) return;
        disarm();
        learn_durable();
        look_for_dead();
    }
    // Whether it was done is known: the power stays.
    void reset(Counts& counts) {
        settle_all();
        if (is_dark()) return;
        const uint64_t to = known_.empty() ? 0 : chance_.below(known_.size() + 1);
        const zb_bounds bounds = rig_.engine->bounds(rig_.self(), rig_.handle("t"));
        const uint64_t offset = std::clamp(to, bounds.floor, bounds.head);
        REQUIRE(ask("group reset", {{"group", std::string("g")}, {"offset", offset}}));
        counts.resets++;
        for (auto& [other, held] : out_)
            stale_.push_back(held.got);
        out_.clear();
        asked_.clear();
        old_.clear();
        deaths_before_ = dead_;
        for (uint64_t at = 0; at < known_.size(); at++) {
            Known& its = known_[at];
            its.forgotten = at < offset;
            its.acked = its.durable = its.dying = false;
            its.attempts = 0;
            its.sure = true;
        }
    }

    // Messages of the topic that the model has not published.
    uint64_t find_redriven() {
        uint64_t found = 0;
        for (auto& [offset, body] : rig_.read_all("t", known_.size())) {
            REQUIRE(offset == known_.size());
            Known again;
            const auto before =
                std::find_if(known_.rbegin(), known_.rend(),
                             [&its = body](const Known& each) { return each.body == its; });
            again.body = body;
            // Its first one may be lost with the power, and be published anew: then it is as good.
            REQUIRE(before != known_.rend());
            again.key = before->key;
            again.priority = before->priority;
            known_.push_back(std::move(again));
            found++;
        }
        return found;
    }

    void live(Counts& counts) {
        switch (chance_.below(9)) {
            case 0:
                rig_.turn();
                if (chance_.below(10) == 0) operate(counts);
                break;
            case 1:
                publish(counts);
                break;
            case 2:
                if (rig_.engine->has_room(rig_.self()) != 0)
                    (void)rig_.publish("filler", std::string(chance_.below(120'000), '.'));
                break;
            case 3:
            case 4:
                take(counts);
                break;
            default:
                settle_one(counts, static_cast<uint32_t>(chance_.below(9)));
        }
        advance(std::chrono::milliseconds(chance_.below(400)));
        learn_durable();
    }

    void end(Counts& counts) {
        const bool dark = is_dark();
        disarm();
        const uint64_t how = dark ? 2 : chance_.below(3);
        if (dark) counts.cuts++;
        if (how == 0) {
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
        rig_.settled.clear();
        asked_.clear();
        for (auto& [offset, held] : out_)
            old_.push_back(held.got);
        out_.clear();
        // What made them stale may be lost.
        old_.insert(old_.end(), stale_.begin(), stale_.end());
        stale_.clear();
        for (Known& each : known_)
            each.sure = each.dying = false;
    }

    // The consumers work off all there is.
    void finish(Counts& counts) {
        if (paused_) {
            paused_ = false;
            REQUIRE(ask("group resume", {{"group", std::string("g")}}));
        }
        for (int turns = 0; turns < 2'000 && (rig_.g().lag() > 0 || turns < 30); turns++) {
            take(counts);
            while (!out_.empty())
                settle_one(counts, 0);
            advance(std::chrono::seconds(1));
        }
        rig_.commit();
        look_for_dead();
        REQUIRE(rig_.g().lag() == 0);
        for (const auto& [offset, body] : rig_.read_all("t")) {
            INFO("offset " << offset);
            REQUIRE(known_.at(offset).body == body);
            const auto open =
                std::count_if(known_.begin(), known_.end(), [&its = body](const Known& each) {
                    return each.body == its && !each.forgotten && !each.acked;
                });
            CHECK(deaths_of(body) >= static_cast<uint64_t>(open));
            CHECK(deaths_of(body) <= lives_of(body));
        }
        for (const auto& [body, times] : dead_)
            counts.dead += times;
        rig_.stop();
    }

    void publish(Counts& counts) {
        if (rig_.engine->has_room(rig_.self()) == 0) return;
        Known message;
        message.key = "k" + std::to_string(chance_.below(kKeys));
        message.body = std::to_string(counts.published++) + " of " + message.key;
        message.body.resize(message.body.size() + chance_.below(2000), '.');
        zb_attributes attributes{};
        attributes.size = sizeof(attributes);
        attributes.order_key = view_of(message.key);
        attributes.priority = message.priority = static_cast<uint32_t>(chance_.below(4));
        REQUIRE(rig_.publish("t", message.body, &attributes) == ZB_TAKEN);
        known_.push_back(std::move(message));
    }

    void take(Counts& counts) {
        const Instant now = rig_.clock.now();
        const auto messages = static_cast<uint32_t>(1 + chance_.below(3));
        const uint64_t consumer = chance_.below(4);
        const uint64_t visible = rig_.engine->bounds(rig_.self(), rig_.handle("t")).head;
        std::vector<Got> all = rig_.take_now(messages, consumer);
        REQUIRE((all.empty() || !paused_));
        for (Got& got : all) {
            INFO("offset " << got.offset);
            Known& its = known_.at(got.offset);
            REQUIRE(got.body == its.body);
            REQUIRE_FALSE(its.durable);
            REQUIRE_FALSE(its.dying);
            REQUIRE_FALSE(its.forgotten);
            REQUIRE(deaths_of(its.body) < lives_of(its.body));
            REQUIRE(out_.count(got.offset) == 0);
            if (ordered_) check_order(got.offset);
            if (by_priority_) check_priority(got.offset, visible);
            REQUIRE(got.attempt >= 1);
            if (its.sure)
                REQUIRE(got.attempt == its.attempts + 1);
            else
                REQUIRE(got.attempt <= its.attempts + 1);
            REQUIRE(got.attempt <= kRetries + 1);
            its.attempts = got.attempt - 1;
            its.sure = true;
            counts.given++;
            if (its.given++ > 0) counts.again++;
            const uint64_t offset = got.offset;
            out_[offset] = {std::move(got), now + std::chrono::seconds(20)};
        }
    }

    void check_order(uint64_t offset) {
        for (const auto& [other, held] : out_) {
            INFO("and " << other << " is out");
            REQUIRE(known_[other].key != known_[offset].key);
        }
        for (uint64_t before = 0; before < offset; before++) {
            const Known& its = known_[before];
            if (its.key != known_[offset].key) continue;
            INFO("and " << before << " is open");
            REQUIRE((its.acked || its.dying || its.forgotten || deaths_of(its.body) > 0));
        }
    }

    void check_priority(uint64_t offset, uint64_t visible) {
        for (uint64_t other = 0; other < visible; other++) {
            const Known& its = known_[other];
            if (other == offset || its.given > 0 || its.acked || its.forgotten) continue;
            INFO("and " << other << " waits");
            REQUIRE(its.priority <= known_[offset].priority);
            REQUIRE((its.priority < known_[offset].priority || offset < other ||
                     known_[offset].given > 0));
        }
    }

    void settle_one(Counts& counts, uint32_t how) {
        if (how == 8) return settle_stale();
        if (how == 7) return settle_old(counts);
        if (out_.empty()) return;
        auto at = out_.begin();
        std::advance(at, chance_.below(out_.size()));
        const uint64_t offset = at->first;
        const Got got = at->second.got;
        Known& its = known_[offset];
        INFO("offset " << offset << " verdict " << how);
        switch (how) {
            default: {
                const uint64_t cookie = chance_.below(3) == 0 ? ++cookie_ : 0;
                REQUIRE(rig_.settle(ZB_SETTLE_ACK, got, -1, "", cookie) == ZB_TAKEN);
                if (cookie != 0) asked_[cookie] = offset;
                its.acked = true;
                counts.acked++;
                break;
            }
            case 3:
                REQUIRE(rig_.settle(ZB_SETTLE_RETRY, got) == ZB_TAKEN);
                tried(its);
                break;
            case 4:
                REQUIRE(rig_.settle(ZB_SETTLE_LOST, got) == ZB_TAKEN);
                tried(its);
                break;
            case 5:
                if (chance_.below(3) == 0) {
                    REQUIRE(rig_.settle(ZB_SETTLE_REJECT, got) == ZB_TAKEN);
                    its.dying = true;
                    its.attempts++;  // a crash before it is dead makes it a retry
                } else {
                    REQUIRE(rig_.settle(ZB_SETTLE_RELEASE, got) == ZB_TAKEN);
                }
                break;
            case 6:
                REQUIRE(rig_.settle(ZB_SETTLE_EXTEND, got, 30'000) == ZB_TAKEN);
                at->second.got.token = rig_.last.token;
                at->second.until = rig_.clock.now() + std::chrono::seconds(30);
                stale_.push_back(got);
                return;
        }
        stale_.push_back(got);
        out_.erase(offset);
    }

    static void tried(Known& its) {
        if (++its.attempts > kRetries) its.dying = true;
    }

    void settle_stale() {
        if (stale_.empty()) return;
        INFO("offset " << stale_.back().offset);
        REQUIRE(rig_.ack(stale_.back()) == ZB_STALE);
        stale_.pop_back();
    }

    // Of a life before: it may be known, or another one has the message now.
    void settle_old(Counts& counts) {
        if (old_.empty()) return;
        const Got got = old_.back();
        old_.pop_back();
        if (got.offset >= known_.size() || known_[got.offset].body != got.body) return;
        Known& its = known_[got.offset];
        static constexpr uint32_t kVerdicts[] = {ZB_SETTLE_ACK, ZB_SETTLE_ACK, ZB_SETTLE_RETRY,
                                                 ZB_SETTLE_EXTEND};
        const uint32_t verdict = kVerdicts[chance_.below(4)];
        const zb_taken taken = rig_.settle(verdict, got, verdict == ZB_SETTLE_EXTEND ? 30'000 : -1);
        INFO("offset " << got.offset << " verdict " << verdict);
        if (taken == ZB_STALE) return;
        REQUIRE(taken == ZB_TAKEN);
        REQUIRE_FALSE(its.durable);
        REQUIRE_FALSE(its.dying);
        REQUIRE_FALSE(its.forgotten);
        REQUIRE(deaths_of(its.body) < lives_of(its.body));
        REQUIRE(out_.count(got.offset) == 0);
        if (verdict == ZB_SETTLE_ACK) {
            its.acked = true;
            counts.acked++;
            return;
        }
        its.attempts = got.attempt - 1;
        its.sure = true;
        if (verdict == ZB_SETTLE_RETRY) return tried(its);
        out_[got.offset] = {got, rig_.clock.now() + std::chrono::seconds(30)};
        out_[got.offset].got.token = rig_.last.token;
    }

    // A lease that ends is an attempt.
    void advance(Duration time) {
        rig_.clock.advance(time);
        rig_.turn();
        end_leases();
    }
    void end_leases() {
        for (auto at = out_.begin(); at != out_.end();) {
            if (at->second.until > rig_.clock.now()) {
                ++at;
                continue;
            }
            tried(known_[at->first]);
            stale_.push_back(at->second.got);
            at = out_.erase(at);
        }
    }

    void learn_durable() {
        for (const auto& [cookie, result] : std::exchange(rig_.settled, {})) {
            if (result != ZB_OK) REQUIRE(is_dark());
            if (result == ZB_OK) known_[asked_.at(cookie)].durable = true;
        }
    }

    void look_for_dead() {
        // Those that are done with go; what was seen was durable.
        for (const auto& [offset, body] : rig_.read_all("g-dead"))
            letters_[offset] = body;
        dead_.clear();
        for (const auto& [offset, body] : letters_)
            dead_[body]++;
        std::map<std::string, uint64_t> done;
        for (const Known& each : known_) {
            if (each.durable) done[each.body]++;
        }
        for (const auto& [body, times] : dead_) {
            INFO(body.substr(0, 20));
            // Of one that was redriven just now the model does not know yet.
            REQUIRE(deaths_of(body) + done[body] <= lives_of(body));
        }
    }
    static uint64_t times_in(const std::map<std::string, uint64_t>& all, const std::string& body) {
        const auto found = all.find(body);
        return found == all.end() ? 0 : found->second;
    }
    // Since the group was reset.
    uint64_t deaths_of(const std::string& body) const {
        return times_in(dead_, body) - times_in(deaths_before_, body);
    }
    uint64_t lives_of(const std::string& body) const {
        return static_cast<uint64_t>(
            std::count_if(known_.begin(), known_.end(),
                          [&](const Known& each) { return each.body == body && !each.forgotten; }));
    }

    AdminRig rig_;
    SeededRandom chance_;
    bool ordered_, by_priority_;
    std::vector<Known> known_;            // by offset
    std::map<uint64_t, Held> out_;        // by offset: leased in this life
    std::vector<Got> stale_;              // tokens of this life that name nothing any more
    std::vector<Got> old_;                // tokens of lives before
    std::map<uint64_t, uint64_t> asked_;  // cookie -> offset
    uint64_t cookie_ = 0;
    std::map<uint64_t, std::string> letters_;        // by their offset
    std::map<std::string, uint64_t> dead_;           // how often each is among the dead letters
    std::map<std::string, uint64_t> deaths_before_;  // of these, before the last reset
    uint64_t cut_at_ = UINT64_MAX;                   // of the disk's operations: the power goes
    bool paused_ = false;
};

uint64_t number_from(const char* name, uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

}  // namespace

TEST_CASE("lives of a group, with crashes: nothing lost, nothing after its ack, in order") {
    const uint64_t only = number_from("ZB_SEED", 0);
    const uint64_t seeds = only > 0 ? 1 : number_from("ZB_SEEDS", kSeeds);
    Counts counts;
    const uint64_t first = number_from("ZB_FIRST", 1);
    for (uint64_t seed = first; seed < first + seeds; seed++) {
        const uint64_t its = only > 0 ? only : seed;
        CAPTURE(its);
        World(its).run(counts);
    }
    MESSAGE(seeds << " seeds: " << counts.published << " published, " << counts.given
                  << " deliveries, " << counts.again << " of them again, " << counts.acked
                  << " acked, " << counts.dead << " dead letters, " << counts.crashes
                  << " crashes, " << counts.cuts << " of them at a write; " << counts.pauses
                  << " pauses, " << counts.resets << " resets, " << counts.redriven << " redriven");
    CHECK(counts.crashes > 0);
    CHECK((only > 0 || (counts.cuts > 0 && counts.resets > 0 && counts.redriven > 0)));
}

}  // namespace zbridge::durable

// Lives of the engine from seeds: published to, killed, its power cut, opened again, and compared
// with a model that is only lists. ZB_SEEDS=N runs so many, ZB_SEED=N that one.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>
#include <stdexcept>

#include "tests/unit/plugins/durable/engine_rig.h"

namespace zbridge::durable {

namespace {

constexpr uint64_t kSeeds = 60;
constexpr int kStepsALife = 120;
constexpr int kLives = 6;

struct Sent {
    uint64_t number = 0;  // of the receipt
    std::string body;
    std::optional<uint64_t> offset;  // once it was seen
};

struct Counts {
    uint64_t published = 0, committed = 0, lost = 0, duplicates = 0, crashes = 0, moved = 0,
             replaced = 0;
};

class World {
 public:
    explicit World(uint64_t seed) : rig_(seed), chance_(seed * 7919 + 1) {
        rig_.option("segment_bytes", "1MiB");
        rig_.option("hot_memory", "1MiB");
        rig_.option("read_memory", "1MiB");
        rig_.topic("plain");
        rig_.topic("loose", {{"durability", "os"}});
        rig_.topic("once", {{"dedup.window", "10m"}});
        rig_.topic("short", {{"retention.count", "20"}});
        rig_.topic("keyed", {{"keep", "last_per_key"}, {"max_keys", "10"}});
    }

    void run(Counts& counts) {
        for (int life = 0; life < kLives; life++) {
            open_at_last(counts);
            check_all(counts);
            live(counts);
            end(counts);
        }
        open_at_last(counts);
        check_all(counts);
        rig_.stop();
    }

 private:
    void open_at_last(Counts& counts) {
        while (!open()) {
            counts.crashes++;
            rig_.lose_power();
            lost_power_ = true;
        }
    }

    bool open() {
        // Sometimes the power goes while it starts.
        if (chance_.below(8) == 0)
            rig_.disk.cut_power_at(rig_.disk.operations() + chance_.below(20));
        try {
            rig_.start();
            rig_.disk.cut_power_at(UINT64_MAX);
            return true;
        } catch (const std::runtime_error& error) {
            INFO(error.what());
            REQUIRE(std::string(error.what()).find("damage") == std::string::npos);
            return false;
        }
    }

    void live(Counts& counts) {
        if (chance_.below(3) == 0)
            rig_.disk.cut_power_at(rig_.disk.operations() + chance_.below(60));
        for (int step = 0; step < kStepsALife; step++) {
            switch (chance_.below(6)) {
                case 0:
                    rig_.turn();
                    break;
                case 1:
                    read_somewhere();
                    break;
                default:
                    publish(counts);
            }
            rig_.clock.advance(std::chrono::milliseconds(chance_.below(50)));
        }
    }

    void publish(Counts& counts) {
        static const char* const kNames[] = {"plain", "loose", "once", "keyed", "short"};
        const std::string name = kNames[std::min<uint64_t>(chance_.below(7), 4)];
        if (rig_.engine->has_room(rig_.self()) == 0) return rig_.turn();
        std::string body = name + " " + std::to_string(next_body_++);
        // What goes soon is large: what stays must be moved out of its way.
        const uint64_t bytes_max = name == "short" ? 120'000 : name == "keyed" ? 30'000 : 3'000;
        if (chance_.below(3) > 0) body.resize(body.size() + chance_.below(bytes_max), '.');
        zb_attributes attributes{};
        std::string id;
        if (name == "once") {
            id = "id-" + std::to_string(chance_.below(40));
            attributes.id = view_of(id);
        }
        // Two more than are remembered; and those without a key.
        std::string key_text;
        zb_view its_key{};
        if (name == "keyed") {
            key_text = chance_.below(9) == 0 ? "" : "key-" + std::to_string(chance_.below(12));
            its_key = view_of(key_text);
            attributes.keys = &its_key;
            attributes.key_count = key_text.empty() ? 0 : 1;
        }
        const zb_taken taken =
            rig_.publish(name, body, id.empty() && key_text.empty() ? nullptr : &attributes);
        if (taken != ZB_TAKEN) {
            // Without power no file can be made ready either.
            REQUIRE((taken == ZB_STORE_FAILED || taken == ZB_STORE_FULL));
            return;
        }
        counts.published++;
        const auto key = std::pair(rig_.receipt.id_epoch, rig_.receipt.id_sequence);
        if (rig_.receipt.duplicate != 0) {
            REQUIRE(ids_.at(id) == key);
            counts.duplicates++;
            return;
        }
        if (!id.empty()) ids_[id] = key;
        sent_[name].push_back({rig_.receipt.number, body, std::nullopt});
        if (!id.empty()) id_of_[body] = id;
        if (!key_text.empty()) key_of_[body] = key_text;
    }

    // What is visible now, and nothing else.
    void read_somewhere() {
        if (!rig_.told.failures.empty()) return;
        for (auto& [name, sent] : sent_) {
            const uint64_t from =
                sent.empty() ? 0 : sent[chance_.below(sent.size())].offset.value_or(0);
            for (const auto& [offset, body] : rig_.read_all(name, from, 1 + chance_.below(200'000)))
                see(name, offset, body);
        }
    }

    void see(const std::string& name, uint64_t offset, const std::string& body) {
        auto& sent = sent_[name];
        const auto found = std::find_if(sent.begin(), sent.end(),
                                        [&](const Sent& each) { return each.body == body; });
        REQUIRE(found != sent.end());
        REQUIRE(found->number <= rig_.told.committed);
        if (found->offset) REQUIRE(*found->offset == offset);
        found->offset = offset;
    }

    void end(Counts& counts) {
        committed_ = rig_.told.committed;
        counts.committed += committed_;
        counts.moved += rig_.moved_bytes();
        lost_power_ = false;
        const bool failed = !rig_.told.failures.empty();
        if (!failed && chance_.below(3) == 0) {
            rig_.stop();
            if (rig_.told.failures.empty()) {
                committed_ = rig_.told.committed;
                return;
            }
        }
        counts.crashes++;
        rig_.was_clean = false;
        if (!failed && chance_.below(2) == 0) return rig_.die();
        lost_power_ = true;
        rig_.lose_power();
    }

    // After an opening: a prefix of what was sent, at least all that was committed.
    void check_all(Counts& counts) {
        for (auto& [name, sent] : sent_) {
            const Messages all = rig_.read_all(name, 0, 1 + chance_.below(300'000));
            std::set<std::string> ids;
            std::vector<std::string> replaced;
            size_t at = 0;
            uint64_t next = 0;
            for (const auto& [offset, body] : all) {
                REQUIRE(offset >= next);
                next = offset + 1;
                // Of `short` the oldest are gone.
                while (at < sent.size() && sent[at].body != body) {
                    REQUIRE((name == "short" || name == "keyed"));
                    if (name == "keyed") replaced.push_back(sent[at].body);
                    at++;
                }
                REQUIRE(at < sent.size());
                if (sent[at].offset) REQUIRE(*sent[at].offset == offset);
                sent[at].offset = offset;
                at++;
                if (name == "once") REQUIRE(ids.insert(id_of_.at(body)).second);
            }
            for (size_t rest = at; rest < sent.size(); rest++) {
                CAPTURE(name);
                CAPTURE(sent[rest].number);
                CAPTURE(sent[rest].body.substr(0, 20));
                CAPTURE(committed_);
                CAPTURE(rest);
                CAPTURE(sent.size());
                // Power that went may take what an `os` topic had.
                REQUIRE((sent[rest].number > committed_ || (name == "loose" && lost_power_)));
                if (name == "once") ids_.erase(id_of_.at(sent[rest].body));
                counts.lost++;
            }
            sent.resize(at);
            if (name == "keyed") forget_replaced(sent, replaced, all, counts);
            if (name == "short") {
                if (all.empty()) sent.clear();
                const size_t kept = all.size();
                REQUIRE((kept >= 20 || kept == sent.size()));
                sent.erase(sent.begin(), sent.end() - static_cast<ptrdiff_t>(kept));
            }
            for (Sent& each : sent)
                each.number = 0;  // of a life before
        }
        committed_ = 0;
    }

    // Each of them has a newer one of its key that is there; none ever comes back.
    void forget_replaced(std::vector<Sent>& sent, const std::vector<std::string>& replaced,
                         const Messages& all, Counts& counts) {
        std::map<std::string, std::string> newest;  // of a key
        for (const auto& [offset, body] : all) {
            if (const auto key = key_of_.find(body); key != key_of_.end())
                newest[key->second] = body;
        }
        const auto number_in = [](const std::string& body) {
            return std::strtoull(body.c_str() + sizeof("keyed"), nullptr, 10);
        };
        for (const std::string& body : replaced) {
            CAPTURE(body.substr(0, 20));
            REQUIRE(key_of_.contains(body));
            REQUIRE(newest.contains(key_of_.at(body)));
            REQUIRE(number_in(newest.at(key_of_.at(body))) > number_in(body));
            std::erase_if(sent, [&](const Sent& each) { return each.body == body; });
            counts.replaced++;
        }
    }

    EngineRig rig_;
    SeededRandom chance_;
    std::map<std::string, std::vector<Sent>> sent_;
    std::map<std::string, std::pair<uint64_t, uint64_t>> ids_;  // producer's -> the first one's
    std::map<std::string, std::string> id_of_;                  // body -> producer's id
    std::map<std::string, std::string> key_of_;                 // body -> its key, if it has one
    uint64_t next_body_ = 0;
    uint64_t committed_ = 0;
    bool lost_power_ = false;
};

uint64_t number_from(const char* variable, uint64_t fallback) {
    const char* text = std::getenv(variable);
    return text == nullptr ? fallback : std::strtoull(text, nullptr, 10);
}

}  // namespace

TEST_CASE("whatever ends a life, the next one has all that was committed, in order, once an id") {
    const uint64_t only = number_from("ZB_SEED", 0);
    const uint64_t seeds = only > 0 ? 1 : number_from("ZB_SEEDS", kSeeds);
    Counts counts;
    for (uint64_t seed = 0; seed < seeds; seed++) {
        const uint64_t its = only > 0 ? only : seed + 1;
        CAPTURE(its);
        INFO("again: ZB_SEED=" << its << " plugin_durable_test -tc='whatever ends*'");
        World world(its);
        world.run(counts);
    }
    MESSAGE(seeds << " seeds, " << counts.published << " published, " << counts.committed
                  << " committed, " << counts.duplicates << " duplicates, " << counts.crashes
                  << " crashes, " << counts.lost << " lost that nobody was told of, "
                  << counts.moved << " bytes moved by the cleaner, " << counts.replaced
                  << " replaced by newer ones of their keys");
    CHECK(counts.committed > 0);
    if (only == 0) CHECK((counts.moved > 0 && counts.replaced > 0));
}

}  // namespace zbridge::durable

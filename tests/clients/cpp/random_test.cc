// Clients against a fake bridge, with connections lost at every point, crashes and orderly ends of
// the bridge, and leases that run out: nothing is lost, nothing published `once` is stored twice,
// nothing that has a verdict is handed out again by the client that gave it, and no SETTLE goes out
// twice that was answered.
//
//    ZB_SEEDS=2000 ZB_SEED=17 client_cpp_test -tc='*whatever is*'     (so many seeds, from this one)
#include <doctest/doctest.h>

#include <cstdlib>
#include <random>

#include "tests/clients/cpp/program.h"

using namespace zbridge::client;
using namespace zbridge::client::tests;
using core::Demands;

namespace {

constexpr int kSteps = 600;
const std::vector<std::string> kTopics{"once", "plain"};

// One seed: programs, what they published, and what they did with what they were given.
class Play {
 public:
    explicit Play(uint64_t seed) : chance_(seed), bridge_({{"once", true}, {"plain", false}}) {
        const std::vector<std::optional<size_t>> lists{std::nullopt, 3, 1000};
        bridge_.held_ranges = lists[below(3)];
        Options options;
        options.backoff_max = milliseconds(500);
        options.max_in_flight = 200;
        options.batch_messages = 20;
        options.name = "a";
        programs_.push_back(std::make_unique<Program>(bridge_, options, seed));
        options.name = below(2) == 0 ? "" : "b";
        programs_.push_back(std::make_unique<Program>(bridge_, options, seed + 1));
    }

    void run() {
        for (int n = 0; n < kSteps; n++)
            step();
        finish();
        check();
    }

 private:
    struct Sent {
        size_t program;
        bool once;
        std::string body;
        FatePtr fate;
    };
    struct Holding {
        size_t program;
        core::LentPtr lent;
    };
    struct Fetching {
        size_t program;
        core::FetchPtr fetch;
    };
    using Message = std::pair<size_t, std::pair<uint32_t, core::Place>>;  // program, group and id

    uint64_t below(uint64_t bound) { return chance_() % bound; }
    size_t any() { return below(2); }

    void step() {
        uint64_t at = below(52);
        const auto is = [&at](uint64_t weight) {
            const bool mine = at < weight;
            at -= mine ? 0 : weight;
            return mine;
        };
        if (is(3)) {
            submit();
        } else if (is(8)) {
            consume();
        } else if (is(6)) {
            settle();
        } else if (is(12)) {
            programs_[any()]->carry_out();
        } else if (is(12)) {
            programs_[any()]->carry_in();
        } else if (is(4)) {
            bridge_.commit();
        } else if (is(6)) {
            bridge_.advance(std::vector<uint64_t>{1, 5, 50, 50, 400, 3000}[below(6)]);
        } else if (below(2) == 0) {
            fault();
        }
        turn();
    }

    void submit() {
        const size_t program = any();
        const std::string& topic = kTopics[any()];
        const bool once = topic == "once" && !programs_[program]->core.options().name.empty();
        const uint64_t count = std::vector<uint64_t>{1, 1, 2, 30}[below(4)];
        for (uint64_t n = 0; n < count && programs_[program]->core.outbox.has_room(10); n++) {
            const std::string body = std::to_string(serial_++);
            sent_[topic].push_back(
                {program, once, body, programs_[program]->submit(topic, body, once)});
        }
    }

    void consume() {
        const size_t number = any();
        const std::string& group = kTopics[any()];
        Program& program = *programs_[number];
        if (below(5) == 0) {
            fetches_.push_back(
                {number, program.fetch(group, 1 + below(10), below(2) == 0 ? 0 : 3000)});
            return;
        }
        core::SubscriptionPtr& subscription = subscriptions_[{number, group}];
        if (!subscription) {
            subscription = program.subscribe(group, 1 + below(40),
                                             {3000, below(2) == 0 ? 0 : uint64_t{60'000}});
        } else if (below(50) == 0) {
            program.core.demands.unsubscribe(*subscription, bridge_.now_ms);
            subscription = nullptr;
            return;
        }
        if (auto lent = Demands::take(*subscription)) take(number, lent);
    }

    static Message message_of(size_t program, const core::LentPtr& lent) {
        return {program, {lent->key.group, lent->key.place}};
    }
    void take(size_t program, const core::LentPtr& lent) {
        demand(finished_.count(message_of(program, lent)) == 0,
               "what has its verdict is not handed out again");
        demand(!programs_[program]->has_settled(lent->token), "nor what was given back");
        holding_.push_back({program, lent});
    }

    void settle(bool ack = false) {
        if (holding_.empty()) return;
        std::swap(holding_[below(holding_.size())], holding_.back());
        const auto [program, lent] = holding_.back();
        holding_.pop_back();
        const std::vector<Verdict> verdicts{Verdict::kAck,    Verdict::kAck,   Verdict::kAck,
                                            Verdict::kReject, Verdict::kRetry, Verdict::kRelease};
        Verdict verdict = ack ? Verdict::kAck : verdicts[below(6)];
        // It had been handed out twice, as its lease was over, and is done.
        if (finished_.count(message_of(program, lent)) > 0) verdict = Verdict::kAck;
        told_.push_back(programs_[program]->settle({lent}, verdict));
        if (verdict == Verdict::kAck || verdict == Verdict::kReject)
            finished_.insert(message_of(program, lent));
    }

    void turn() {
        for (const auto& each : programs_)
            each->turn();
        std::vector<Fetching> open;
        for (const Fetching& each : fetches_) {
            if (!each.fetch->done) open.push_back(each);
            for (const auto& lent : each.fetch->done ? each.fetch->lent : open_)
                take(each.program, lent);
        }
        fetches_ = open;
    }

    void fault() {
        Program& program = *programs_[any()];
        const uint64_t kind = below(100);
        if (kind < 70) {
            program.cut(below(4));
            if (below(10) < 7) program.notice();
        } else if (kind < 85) {
            bridge_.kill(below(6));
        } else {
            bridge_.bye();
        }
        for (const auto& each : programs_)
            if (below(10) < 7) each->notice();
    }

    // No more faults: everything gets done.
    void finish() {
        for (size_t number = 0; number < 2; number++)
            for (const std::string& group : kTopics)
                if (auto& subscription = subscriptions_[{number, group}]; !subscription)
                    subscription = programs_[number]->subscribe(group, 50, {3000, 0});
        for (int round = 0; round < 3000 && !is_done(); round++) {
            bridge_.close_ending();
            for (const auto& each : programs_) {
                each->notice();
                each->carry_all();
            }
            turn();
            bridge_.commit();
            bridge_.advance(20);
            for (const auto& each : subscriptions_)
                for (int n = 0; n < 10; n++)
                    if (auto lent = Demands::take(*each.second)) take(each.first.first, lent);
            while (!holding_.empty())
                settle(true);
        }
        demand(is_done(), "everything gets done");
    }

    bool is_done() const {
        bool done = true;
        for (const auto& each : programs_)
            done = done && each->core.has_nothing_to_say();
        for (const ToldPtr& each : told_)
            done = done && each->done;
        for (const auto& topic : bridge_.topics)
            for (const FakeMessage& each : topic.second.stored)
                done = done && each.state == FakeMessage::State::kSettled;
        return done;
    }

    void check() const {
        for (const auto& [topic, sent] : sent_) {
            std::vector<std::string> stored;
            std::map<std::string, size_t> times, first;
            for (const FakeMessage& each : bridge_.topics.at(topic).stored) {
                stored.emplace_back(core::frames_of(each.body).at(0));
                times[stored.back()]++;
                first.emplace(stored.back(), stored.size());
            }
            std::map<size_t, size_t> last;  // of each program, with `once`
            for (const Sent& each : sent) {
                demand(each.fate->done && !each.fate->published.failure, "each is stored");
                const auto id = core::Place::read(each.fate->published.receipt.id.octets());
                demand(stored.at(id.tail - 1) == each.body, "the receipt names the message");
                if (!each.once) continue;
                demand(times[each.body] == 1, "it is stored once");
                demand(first[each.body] > last[each.program], "in the order of publishing");
                last[each.program] = first[each.body];
            }
        }
    }

    std::mt19937_64 chance_;
    FakeBridge bridge_;
    std::vector<std::unique_ptr<Program>> programs_;
    std::map<std::pair<size_t, std::string>, core::SubscriptionPtr> subscriptions_;
    std::map<std::string, std::vector<Sent>> sent_;  // by topic
    std::vector<Holding> holding_;
    std::vector<Fetching> fetches_;
    const std::vector<core::LentPtr> open_;  // of a fetch that is not done: none
    std::set<Message> finished_;             // acked or rejected
    std::vector<ToldPtr> told_;
    uint64_t serial_ = 0;
};

uint64_t from_environment(const char* name, uint64_t usual) {
    const char* found = std::getenv(name);
    return found == nullptr ? usual : std::strtoull(found, nullptr, 10);
}

}  // namespace

TEST_CASE("nothing is lost, whatever is") {
    const uint64_t first = from_environment("ZB_SEED", 1);
    const uint64_t seeds = from_environment("ZB_SEEDS", 150);
    for (uint64_t seed = first; seed < first + seeds; seed++) {
        try {
            Play(seed).run();
        } catch (const std::exception& broken) {
            FAIL_CHECK("ZB_SEEDS=1 ZB_SEED=" << seed << ": " << std::string(broken.what()));
        }
    }
}

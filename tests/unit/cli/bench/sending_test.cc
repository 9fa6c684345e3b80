#include "bridge/cli/bench/sending.h"

#include <algorithm>
#include <deque>
#include <string>
#include <utility>

#include "bridge/cli/bench/taking.h"

using namespace zbridge;
using namespace zbridge::cli::bench;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

// Takes messages at once, but for a pause; where it answers, after `answer_time`. Waiting moves the clock.
class FakeSink final : public Sink {
 public:
    explicit FakeSink(ManualClock& clock) : clock_(clock) {}

    bool answers() const override { return answer_time.has_value(); }
    std::optional<uint16_t> next_producer() override { return 0; }
    Result<bool> send(const Stamp& stamp, std::string_view body) override {
        if (clock_.now() >= pause_from && clock_.now() < pause_until) return false;
        CHECK(find_stamp(body) == stamp);
        sent.push_back(stamp);
        if (answer_time) open_.push_back({stamp, clock_.now() + *answer_time});
        return true;
    }
    Status hear(Duration time, bool /*for_room*/, const OnOutcome& on_outcome) override {
        if (open_.empty() || open_.front().second > clock_.now()) clock_.advance(time);
        most_open = std::max(most_open, open_.size());
        while (!open_.empty() && open_.front().second <= clock_.now()) {
            on_outcome(open_.front().first, refusal);
            open_.pop_front();
        }
        return {};
    }

    Instant pause_from = Instant::max(), pause_until = Instant::max();
    std::optional<Duration> answer_time = {};
    std::string refusal;
    std::deque<Stamp> sent;
    size_t most_open = 0;

 private:
    ManualClock& clock_;
    std::deque<std::pair<Stamp, Instant>> open_;
};

struct World {
    ManualClock clock;
    FakeSink sink{clock};
    Payload payload = Payload::of_size(100);

    Sending sending(const Sending::Setup& setup) { return {setup, payload, sink, clock}; }
};

}  // namespace

TEST_CASE("what stands still for a second shows it in every message that was due in it") {
    World world;
    world.sink.answer_time = milliseconds(1);
    world.sink.pause_from = world.clock.now() + seconds(1);
    world.sink.pause_until = world.clock.now() + seconds(2);
    Sending sending = world.sending({.schedule = {.a_second = 100, .time = seconds(4)}});
    REQUIRE(sending.run().ok());
    CHECK(sending.sent() == 400);
    CHECK(sending.without_outcome() == 0);
    // 100 of 400 were due in that second, on average half of it too late.
    CHECK(sending.latencies().percentile(0.70) < milliseconds(25));
    CHECK(sending.latencies().percentile(0.875) > milliseconds(400));
    CHECK(sending.latencies().longest() >= milliseconds(990));
    CHECK(sending.lags().longest() >= milliseconds(980));
}

TEST_CASE("each message has the next number, and the time at which it was due") {
    World world;
    const Instant began = world.clock.now();
    Sending sending = world.sending({.schedule = {.a_second = 10, .messages = 5}, .run = 7});
    REQUIRE(sending.run().ok());
    REQUIRE(world.sink.sent.size() == 5);
    for (uint64_t i = 0; i < 5; i++) {
        CHECK(world.sink.sent[i].number == i);
        CHECK(world.sink.sent[i].run == 7);
        CHECK(world.sink.sent[i].due == began + milliseconds(100 * i));
    }
}

TEST_CASE("no more are under way than the window") {
    World world;
    world.sink.answer_time = milliseconds(5);
    Sending sending = world.sending({.schedule = {.messages = 1'000}, .window = 10});
    REQUIRE(sending.run().ok());
    CHECK(sending.sent() == 1'000);
    CHECK(world.sink.most_open == 10);
}

TEST_CASE("where somebody else counts what arrives, the window is by that") {
    World world;
    Crossing crossing;
    crossing.arrived = 7;
    Sending sending = world.sending({.schedule = {.messages = 1'000},
                                     .window = 10,
                                     .patience = seconds(1),
                                     .crossing = &crossing});
    REQUIRE(sending.run().ok());
    CHECK(sending.sent() == 17);
    CHECK(!sending.trouble().empty());
    CHECK(crossing.all_sent);
    CHECK(crossing.sent == 17);
}

TEST_CASE("what is refused is counted by its reason, and is no latency") {
    World world;
    world.sink.answer_time = milliseconds(1);
    world.sink.refusal = "topic_full";
    Sending sending = world.sending({.schedule = {.messages = 10}});
    REQUIRE(sending.run().ok());
    CHECK(sending.refused().at("topic_full") == 10);
    CHECK(sending.latencies().count() == 0);
}

TEST_CASE("nobody takes anything: it says so, in its time") {
    World world;
    world.sink.pause_from = Instant{};
    const Instant began = world.clock.now();
    Sending sending = world.sending({.schedule = {.messages = 10}, .patience = seconds(2)});
    const Status status = sending.run();
    CHECK(status.code() == Code::kUnavailable);
    CHECK(world.clock.now() - began < seconds(3));
}

TEST_CASE("nobody takes anything any more: what was sent is told all the same") {
    World world;
    world.sink.pause_from = world.clock.now() + seconds(1);
    Sending sending =
        world.sending({.schedule = {.a_second = 10, .time = seconds(60)}, .patience = seconds(2)});
    REQUIRE(sending.run().ok());
    CHECK(sending.sent() == 10);
    CHECK(!sending.trouble().empty());
}

TEST_CASE("one that has no answer is not waited for longer than the patience") {
    World world;
    world.sink.answer_time = std::chrono::hours(1);
    Sending sending = world.sending({.schedule = {.messages = 3}, .patience = seconds(2)});
    REQUIRE(sending.run().ok());
    CHECK(sending.without_outcome() == 3);
}

TEST_CASE("hellos are sent until all have heard one, and are not counted") {
    World world;
    Crossing crossing;
    crossing.heard = true;
    Sending heard = world.sending({.crossing = &crossing});
    CHECK(heard.greet().ok());
    CHECK(world.sink.sent.empty());
    crossing.heard = false;
    Sending unheard = world.sending({.patience = seconds(1), .crossing = &crossing});
    CHECK(unheard.greet().code() == Code::kUnavailable);
    CHECK(world.sink.sent.size() > 10);
    CHECK(world.sink.sent.back().kind == Stamp::Kind::kHello);
    CHECK(unheard.sent() == 0);
}

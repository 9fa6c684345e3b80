#include "bridge/cli/bench/taking.h"

using namespace zbridge;
using namespace zbridge::cli::bench;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

// Gives one message a turn, `pace` after the one before; then none.
class FakeSource final : public Source {
 public:
    FakeSource(ManualClock& clock, uint64_t messages) : clock_(clock), left_(messages) {}

    Status take(Duration time, const OnMessage& on_message) override {
        if (!failure.ok()) return failure;
        clock_.advance(left_ > 0 ? pace : time);
        if (left_ == 0) return {};
        left_--;
        char stamp[Stamp::kBytes];
        write_stamp({.number = number_++, .due = clock_.now()}, stamp);
        const std::string body(stamp, Stamp::kBytes);
        on_message(0, {&body, 1});
        return {};
    }

    Duration pace = milliseconds(1);
    Status failure;

 private:
    ManualClock& clock_;
    uint64_t left_, number_ = 0;
};

struct World {
    explicit World(uint64_t messages) : source(clock, messages) {}
    // How long it took.
    Duration take(const Taking::Setup& setup) {
        const Instant began = clock.now();
        status = Taking(setup, source, arrivals, clock).run();
        return clock.now() - began;
    }

    ManualClock clock;
    FakeSource source;
    Arrivals arrivals{{}};
    Status status;
};

}  // namespace

TEST_CASE("it ends with the last of those that are there to be") {
    World world(100);
    CHECK(world.take({.messages = 30}) == milliseconds(30));
    CHECK(world.arrivals.count() == 30);
}

TEST_CASE("it ends when nothing has come for a while") {
    World world(30);
    const Duration took = world.take({.messages = 100, .quiet = seconds(2)});
    CHECK(world.arrivals.count() == 30);
    CHECK(took >= seconds(2));
    CHECK(took < seconds(3));
}

TEST_CASE("the first one may take longer than the others") {
    World none(0);
    CHECK(none.take({.first = seconds(20), .quiet = seconds(1)}) >= seconds(20));
    World late(1);
    late.source.pace = seconds(5);
    CHECK(late.take({.first = seconds(20), .quiet = seconds(1)}) < seconds(7));
    CHECK(late.arrivals.count() == 1);
}

TEST_CASE("it ends after its time, counted from the first") {
    World world(100'000);
    const Duration took = world.take({.time = seconds(3)});
    CHECK(took >= seconds(3));
    CHECK(took < seconds(4));
}

TEST_CASE("with a sender it ends once all that was sent is there, or nothing comes any more") {
    World world(30);
    Crossing crossing;
    crossing.all_sent = true;
    crossing.sent = 20;
    CHECK(world.take({.crossing = &crossing}) == milliseconds(20));
    CHECK(crossing.arrived == 20);
    CHECK(crossing.heard);
    crossing.sent = 40;
    CHECK(world.take({.quiet = seconds(2), .crossing = &crossing}) >= seconds(2));
    CHECK(world.arrivals.count() == 30);
}

TEST_CASE("an error ends the sender too") {
    World world(0);
    Crossing crossing;
    world.source.failure = Status(Code::kUnavailable, "the bridge is ending");
    (void)world.take({.crossing = &crossing});
    CHECK(world.status.code() == Code::kUnavailable);
    CHECK(crossing.stop);
}

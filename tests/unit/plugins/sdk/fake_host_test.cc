// The host that plugins are tested with: it has the bridge's time and limits.
#include "plugins/sdk/zbridge_fake_host.hpp"

#include <doctest/doctest.h>

#include "plugins/sdk/zbridge_plugin.hpp"

using namespace zbridge;
using namespace zbridge::testing;

namespace {

constexpr uint64_t kMs = 1'000'000;

// Sets timers and posts calls for whoever asks, and notes when they come.
class Clockwork final : public Step {
 public:
    using Step::Step;
    Verdict on_message(Message&) override { return pass(); }
};

const zb_plugin kPlugin = border::describe<Clockwork>("clockwork", "1.0.0", "A test's own.");

struct Rig {
    Rig() { instance.start(); }
    // Notes `name` and the time when it is called; then does `then`.
    zb_result set_timer(uint64_t after_ns, const std::string& name,
                        std::function<void()> then = {}) {
        calls.push_back(std::make_unique<Call>(Call{*this, name, std::move(then)}));
        return host.table()->set_timer(host.context(), after_ns, run, calls.back().get());
    }
    zb_result post(const std::string& name) {
        calls.push_back(std::make_unique<Call>(Call{*this, name, {}}));
        return host.table()->post(host.context(), run, calls.back().get());
    }

    struct Call {
        Rig& rig;
        std::string name;
        std::function<void()> then;
    };
    static void run(void* argument) {
        Call& its = *static_cast<Call*>(argument);
        its.rig.came.push_back(its.name + " " + std::to_string(its.rig.host.now_ns - its.rig.born));
        if (its.then) its.then();
    }

    FakeHost host;
    Instance instance = host.create(&kPlugin);
    const uint64_t born = host.now_ns;
    std::vector<std::unique_ptr<Call>> calls;
    std::vector<std::string> came;
};

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("a timer fires in advance(), when its time has come and not before") {
    Rig rig;
    REQUIRE(rig.set_timer(5 * kMs, "a") == ZB_OK);
    CHECK(rig.host.next_timer_ns() == rig.born + 5 * kMs);
    rig.host.advance(5 * kMs - 1);
    CHECK(rig.came.empty());
    CHECK(rig.host.timers() == 1);
    rig.host.advance(1);
    CHECK(rig.came == Texts{"a 5000000"});
    CHECK(rig.host.timers() == 0);
    CHECK(rig.host.next_timer_ns() == UINT64_MAX);
    rig.host.advance(1000 * kMs);
    CHECK(rig.came.size() == 1);
}

TEST_CASE("timers fire in the order of their times, those of one time as they were set") {
    Rig rig;
    for (const auto& [after, name] : {std::pair(30, "c"), {10, "a"}, {20, "b"}, {10, "a too"}})
        REQUIRE(rig.set_timer(static_cast<uint64_t>(after), name) == ZB_OK);
    rig.host.advance(100);
    CHECK(rig.came == Texts{"a 10", "a too 10", "b 20", "c 30"});
    CHECK(rig.host.now_ns == rig.born + 100);
}

TEST_CASE("a timer that is set again each time ticks as often as the time has room for it") {
    Rig rig;
    std::function<void()> again = [&] { (void)rig.set_timer(10, "tick", again); };
    again();
    rig.host.advance(35);
    CHECK(rig.came == Texts{"tick 10", "tick 20", "tick 30"});
}

TEST_CASE("a timer that is set for at once from within has its turn in the next advance()") {
    Rig rig;
    std::function<void()> again = [&] { (void)rig.set_timer(0, "at once", again); };
    again();
    rig.host.advance(0);
    CHECK(rig.came == Texts{"at once 0"});
    rig.host.advance(7);
    CHECK(rig.came == Texts{"at once 0", "at once 0"});
}

TEST_CASE("64 timers are set at once, the one that fires among them; then it is full") {
    Rig rig;
    zb_result from_within = ZB_OK;
    REQUIRE(rig.set_timer(1, "first", [&] { from_within = rig.set_timer(1, "more"); }) == ZB_OK);
    for (size_t i = 1; i < FakeHost::kTimersMax; i++)
        REQUIRE(rig.set_timer(UINT64_MAX, "far") == ZB_OK);
    CHECK(rig.set_timer(1, "one more") == ZB_FULL);
    rig.host.advance(1);
    CHECK(rig.came == Texts{"first 1"});
    CHECK(from_within == ZB_FULL);
    CHECK(rig.set_timer(1, "one more") == ZB_OK);
    CHECK(rig.host.table()->set_timer(rig.host.context(), 0, nullptr, nullptr) == ZB_INVALID);
}

TEST_CASE("1,024 posted calls wait; they are the test's to call") {
    Rig rig;
    for (size_t i = 0; i < FakeHost::kPostsMax; i++)
        REQUIRE(rig.post("posted") == ZB_OK);
    CHECK(rig.post("one more") == ZB_FULL);
    CHECK(rig.host.table()->post(rig.host.context(), nullptr, nullptr) == ZB_INVALID);
    rig.host.advance(1000 * kMs);
    CHECK(rig.came.empty());
    for (const auto& call : std::exchange(rig.host.posted, {}))
        call();
    CHECK(rig.came.size() == FakeHost::kPostsMax);
    CHECK(rig.post("again") == ZB_OK);
}

TEST_CASE("fire_timers() calls what is set, once, and does not move the time") {
    Rig rig;
    std::function<void()> again = [&] { (void)rig.set_timer(3600 * 1000 * kMs, "tick", again); };
    again();
    rig.host.fire_timers();
    CHECK(rig.came == Texts{"tick 0"});
    CHECK(rig.host.timers() == 1);
}

TEST_CASE("from drain on nothing is called any more, and more is refused") {
    Rig rig;
    REQUIRE(rig.set_timer(1, "timer") == ZB_OK);
    REQUIRE(rig.post("posted") == ZB_OK);
    SUBCASE("after drain") {
        rig.instance.drain(0);
    }
    SUBCASE("after stop") {
        rig.instance.stop();
    }
    rig.host.advance(1000 * kMs);
    CHECK(rig.host.posted.empty());
    CHECK(rig.came.empty());
    CHECK(rig.set_timer(1, "later") == ZB_UNSUPPORTED);
    CHECK(rig.post("later") == ZB_UNSUPPORTED);
}

TEST_CASE("what an instance keeps is bound by keep_bytes") {
    Rig rig;
    rig.host.keep_bytes = 10;
    const zb_host& host = *rig.host.table();
    zb_message* first = host.make(rig.host.context());
    zb_message* second = host.make(rig.host.context());
    const zb_view six{"123456", 6}, four{"1234", 4};
    CHECK(host.set_frames(first, &six, 1) == ZB_OK);
    CHECK(host.set_frames(second, &six, 1) == ZB_FULL);
    CHECK(host.copy(rig.host.context(), first) == nullptr);
    CHECK(host.set_frames(second, &four, 1) == ZB_OK);
    CHECK(host.set_frame(second, 0, six) == ZB_FULL);
    CHECK(rig.host.kept_bytes() == 10);
    host.release(rig.host.context(), first);
    CHECK(host.set_frame(second, 0, six) == ZB_OK);
    host.release(rig.host.context(), second);
}

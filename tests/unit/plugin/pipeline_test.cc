#include "bridge/plugin/pipeline.h"

#include <doctest/doctest.h>

#include <map>

#include "tests/unit/support/scripted_plugin.h"

using namespace zbridge;
using namespace zbridge::testing;
using namespace std::chrono_literals;
using plugin::Item;
using plugin::Passed;
using plugin::Pipeline;
using Kind = Passed::Kind;

namespace {

// A route with steps a, b, c ..., to the targets "out" and "rest".
struct Rig {
    explicit Rig(size_t steps) {
        for (size_t i = 0; i < steps; i++)
            all.push_back(
                std::make_unique<ScriptedPlugin>(services, std::string(1, char('a' + i))));
    }
    void build() {
        std::vector<plugin::Instance*> instances;
        for (const auto& each : all)
            instances.push_back(each->instance ? each->instance.get() : &each->make());
        pipeline = std::make_unique<Pipeline>(instances, std::vector<std::string>{"out", "rest"},
                                              pulse, memory);
    }
    Script& step(size_t i) { return all[i]->script; }
    Item item(std::string_view body) {
        return {make_message(memory, {body}), {}, 0, Item::kAllTargets, 0};
    }
    Passed run(Item& item) { return pipeline->run(item, {}, emitted); }
    static std::string body(const Item& item) { return std::string(item.body.first().body); }
    std::vector<std::string> emitted_bodies() {
        std::vector<std::string> bodies;
        for (const Item& each : emitted)
            bodies.push_back(body(each));
        return bodies;
    }

    ManualClock clock;
    plugin::Services services{&clock, nullptr, nullptr, {}};
    MemoryBudget memory{64 << 20};
    plugin::Pulse pulse;
    std::vector<std::unique_ptr<ScriptedPlugin>> all;
    std::unique_ptr<Pipeline> pipeline;
    std::vector<Item> emitted;
};

}  // namespace

TEST_CASE("a message passes all steps in order, with the changes that each has made") {
    Rig rig(2);
    rig.step(0).step = [&](zb_message* message) {
        rig.step(0).host->set_frame(message, 0, view_of("from a"));
        const zb_value tag{ZB_STRING, 0, 0, 0, view_of("tagged")};
        rig.step(0).host->set_attribute(message, ZB_TAG, tag);
        return zb_verdict{ZB_PASS};
    };
    rig.step(1).step = [&](zb_message* message) {
        CHECK(rig.all[1]->body(message) == "from a");
        rig.step(1).host->set_frame(message, 0, view_of("from a and b"));
        return zb_verdict{ZB_PASS};
    };
    rig.build();
    Item item = rig.item("first");
    CHECK(rig.run(item).kind == Kind::kThrough);
    CHECK(Rig::body(item) == "from a and b");
    CHECK(item.attributes.tag == "tagged");
    CHECK(item.next_step == 2);
    CHECK(rig.all[0]->instance->counters.passed == 1);
}

TEST_CASE("a message that no step changes keeps its own memory") {
    Rig rig(1);
    rig.build();
    Item item = rig.item("first");
    const char* where = item.body.wire().data();
    CHECK(rig.run(item).kind == Kind::kThrough);
    CHECK(item.body.wire().data() == where);
}

TEST_CASE("a dropped message ends, and so does a refused one, with its reason") {
    Rig rig(2);
    zb_verdict verdict = ZB_DROP;
    rig.step(0).step = [&](zb_message*) {
        if (verdict == ZB_REFUSE)
            rig.step(0).host->set_reason(rig.step(0).context, view_of("no such card"));
        return verdict;
    };
    int seen = 0;
    rig.step(1).step = [&](zb_message*) {
        seen++;
        return zb_verdict{ZB_PASS};
    };
    rig.build();
    Item item = rig.item("first");
    CHECK(rig.run(item).kind == Kind::kDropped);
    verdict = ZB_REFUSE;
    Item second = rig.item("second");
    const Passed refused = rig.run(second);
    CHECK(refused.kind == Kind::kRefused);
    CHECK(refused.refusal == Refusal::kStepRefused);
    CHECK(refused.reason == "no such card");
    CHECK(seen == 0);
    CHECK(rig.all[0]->instance->counters.dropped == 1);
    CHECK(rig.all[0]->instance->counters.refused == 1);
}

TEST_CASE("a refusal without a reason names the step, and never the reason of another message") {
    Rig rig(1);
    bool with_reason = true;
    rig.step(0).step = [&](zb_message*) {
        if (with_reason) rig.step(0).host->set_reason(rig.step(0).context, view_of("mine"));
        return zb_verdict{ZB_REFUSE};
    };
    rig.build();
    Item first = rig.item("1"), second = rig.item("2");
    CHECK(rig.run(first).reason == "mine");
    with_reason = false;
    CHECK(rig.run(second).reason == "refused by a");
}

TEST_CASE("an error, and what is no verdict, refuse the message, or pass it as it was") {
    struct Case {
        zb_verdict verdict;
        std::string said, reason;
    };
    const Case cases[] = {{ZB_ERROR, "the key is gone", "a: the key is gone"},
                          {ZB_ERROR, "", "a: it does not say why"},
                          {42, "", "a: it answered 42, which is no verdict"},
                          {-1, "", "a: it answered -1, which is no verdict"},
                          {ZB_ROUTE, "", "a: it answered ZB_ROUTE without a target"}};
    for (const auto on_error : {plugin::OnError::kRefuse, plugin::OnError::kPass}) {
        for (const Case& each : cases) {
            CAPTURE(each.reason);
            Rig rig(2);
            rig.all[0]->options.on_error = on_error;
            rig.step(0).step = [&](zb_message* message) {
                Script& script = rig.step(0);
                script.host->set_frame(message, 0, view_of("half done"));
                rig.all[0]->emit("not to be seen");
                if (!each.said.empty())
                    script.host->set_error(script.context, ZB_FAILED, 0, view_of(each.said));
                return each.verdict;
            };
            rig.build();
            Item item = rig.item("first");
            const Passed passed = rig.run(item);
            if (on_error == plugin::OnError::kRefuse) {
                CHECK(passed.kind == Kind::kRefused);
                CHECK(passed.refusal == Refusal::kStepFailed);
                CHECK(passed.reason == each.reason);
            } else {
                CHECK(passed.kind == Kind::kThrough);
                CHECK(Rig::body(item) == "first");
                CHECK(rig.all[1]->instance->counters.passed == 1);
            }
            CHECK(rig.emitted.empty());
            CHECK(rig.all[0]->instance->counters.failed == 1);
        }
    }
}

TEST_CASE("what dies of a step is through as it was before it, with the step and the reason") {
    Rig rig(3);
    rig.all[1]->options.on_error = plugin::OnError::kDeadLetter;
    rig.step(0).step = [&](zb_message* message) {
        rig.step(0).host->set_frame(message, 0, view_of("from a"));
        return zb_verdict{ZB_PASS};
    };
    rig.step(1).step = [&](zb_message* message) {
        Script& script = rig.step(1);
        script.host->set_frame(message, 0, view_of("half done"));
        rig.all[1]->emit("not to be seen");
        script.host->set_error(script.context, ZB_FAILED, 0, view_of("the key is gone"));
        return zb_verdict{ZB_ERROR};
    };
    rig.build();
    Item item = rig.item("first");
    CHECK(rig.run(item).kind == Kind::kThrough);
    REQUIRE(item.death);
    CHECK(item.death->step == 1);
    CHECK(item.death->reason == "the key is gone");
    CHECK(Rig::body(item) == "from a");
    CHECK(rig.emitted.empty());
    CHECK(rig.all[1]->instance->counters.failed == 1);
    CHECK(rig.all[2]->instance->counters.calls == 0);
}

TEST_CASE("an error tells what this call has said, not an earlier one") {
    Rig rig(1);
    int calls = 0;
    rig.step(0).step = [&](zb_message*) {
        Script& script = rig.step(0);
        if (calls++ > 0) return zb_verdict{ZB_ERROR};
        script.host->set_error(script.context, ZB_FAILED, 0, view_of("got over it"));
        return zb_verdict{ZB_PASS};
    };
    rig.build();
    Item first = rig.item("1"), second = rig.item("2");
    CHECK(rig.run(first).kind == Kind::kThrough);
    CHECK(rig.run(second).reason == "a: it does not say why");
}

TEST_CASE("a step that throws is its error; the bridge goes on") {
    struct Speechless final : std::exception {
        const char* what() const noexcept override { return nullptr; }
    };
    Rig rig(1);
    int calls = 0;
    rig.step(0).step = [&](zb_message*) -> zb_verdict {
        if (calls++ == 0) throw std::runtime_error("out of cards");
        if (calls == 2) throw 7;
        throw Speechless();
    };
    rig.build();
    for (const char* said : {"out of cards", "none of the standard's", "without a word"}) {
        Item item = rig.item("1");
        CHECK(rig.run(item).reason == "a: it threw an exception: " + std::string(said));
    }
    CHECK(rig.pulse.inside() == nullptr);
}

TEST_CASE("what a step emits goes on behind its message, in order, with the next step") {
    Rig rig(2);
    rig.step(0).step = [&](zb_message*) {
        CHECK(rig.all[0]->emit("e1") == ZB_OK);
        CHECK(rig.all[0]->emit("e2") == ZB_OK);
        return zb_verdict{ZB_PASS};
    };
    rig.build();
    Item item = rig.item("first");
    CHECK(rig.run(item).kind == Kind::kThrough);
    CHECK(rig.emitted_bodies() == std::vector<std::string>{"e1", "e2"});
    CHECK(rig.emitted[0].next_step == 1);
    CHECK(rig.all[0]->instance->counters.emitted == 2);
    CHECK(rig.all[0]->instance->context().kept_messages() == 0);
    CHECK(rig.all[0]->instance->context().kept_bytes() == 0);
}

TEST_CASE("a message becomes 64 more at most: the rest is refused and counted") {
    Rig rig(1);
    size_t taken = 0;
    rig.step(0).step = [&](zb_message*) {
        for (int i = 0; i < 100; i++)
            taken += rig.all[0]->emit("e") == ZB_OK ? 1 : 0;
        return zb_verdict{ZB_DROP};
    };
    rig.build();
    Item item = rig.item("first");
    CHECK(rig.run(item).kind == Kind::kDropped);
    CHECK(taken == plugin::Context::kEmitsMax);
    CHECK(rig.emitted.size() == plugin::Context::kEmitsMax);
    CHECK(rig.all[0]->instance->counters.emitted_too_many == 36);
    CHECK(rig.all[0]->instance->context().kept_messages() == 0);
}

TEST_CASE("a routed message goes to its target alone; a target that the route lacks is told") {
    Rig rig(1);
    rig.step(0).step = [&](zb_message*) {
        Script& script = rig.step(0);
        CHECK(script.host->set_target(script.context, view_of("elsewhere")) == ZB_NOT_FOUND);
        CHECK(script.host->set_target(script.context, view_of("rest")) == ZB_OK);
        return zb_verdict{ZB_ROUTE};
    };
    rig.build();
    Item item = rig.item("first");
    CHECK(rig.run(item).kind == Kind::kThrough);
    CHECK(item.target == 1);
}

TEST_CASE("a held message goes on with the step that held it, and no step sees it twice but that") {
    Rig rig(3);
    std::map<size_t, int> seen;
    for (size_t i = 0; i < 3; i++) {
        rig.step(i).step = [&rig, &seen, i](zb_message* message) {
            seen[i]++;
            if (i == 0) rig.all[0]->emit("e");
            if (i != 1) return zb_verdict{ZB_PASS};
            rig.step(1).host->set_frame(message, 0, view_of("undone"));
            rig.all[1]->emit("undone");
            return seen[1] < 3 ? rig.all[1]->hold(7ms) : zb_verdict{ZB_PASS};
        };
    }
    rig.build();
    Item item = rig.item("first");
    for (int i = 0; i < 2; i++) {
        const Passed held = rig.run(item);
        CHECK(held.kind == Kind::kHeld);
        CHECK(held.hold == 7ms);
        CHECK(Rig::body(item) == "first");
        CHECK(item.next_step == 1);
    }
    CHECK(rig.run(item).kind == Kind::kThrough);
    CHECK(seen == std::map<size_t, int>{{0, 1}, {1, 3}, {2, 1}});
    CHECK(rig.emitted_bodies() == std::vector<std::string>{"e", "undone"});
    CHECK(rig.all[1]->instance->counters.held == 2);
}

TEST_CASE("a hold is between 1 ms and 60 s, and 10 ms where the step does not say") {
    Rig rig(1);
    uint64_t wish = 0;
    rig.step(0).step = [&](zb_message*) {
        if (wish > 0) rig.step(0).host->set_hold(rig.step(0).context, wish);
        return zb_verdict{ZB_HOLD};
    };
    rig.build();
    Item item = rig.item("first");
    CHECK(rig.run(item).hold == plugin::Instance::kHoldDefault);
    wish = 5;
    CHECK(rig.run(item).hold == 1ms);
    wish = UINT64_MAX;
    CHECK(rig.run(item).hold == 60s);
}

TEST_CASE("a message stops before a step that may block") {
    Rig rig(2);
    rig.step(1).as_step.flags = ZB_STEP_MAY_BLOCK;
    rig.build();
    Item item = rig.item("first");
    CHECK(rig.run(item).kind == Kind::kBlocking);
    CHECK(item.next_step == 1);
    CHECK(rig.all[1]->instance->counters.calls == 0);
}

TEST_CASE("after three long calls the step is not asked any more: each message is an error") {
    Rig rig(1);
    int seen = 0;
    rig.step(0).step = [&](zb_message*) {
        seen++;
        return zb_verdict{ZB_PASS};
    };
    rig.build();
    for (int i = 0; i < 3; i++)
        rig.all[0]->instance->count_long_call();
    Item item = rig.item("first");
    CHECK(rig.run(item).reason == "a: the step takes too long");
    CHECK(seen == 0);
    const auto [healthy, why] = rig.all[0]->instance->context().health();
    CHECK_FALSE(healthy);
    CHECK(why == "it took longer than 100 ms for 3 messages within a minute");
}

TEST_CASE("a step that took too long is asked again when the minute is over, and is healthy then") {
    Rig rig(1);
    int seen = 0;
    rig.step(0).step = [&](zb_message*) {
        seen++;
        return zb_verdict{ZB_PASS};
    };
    rig.build();
    plugin::Instance& instance = *rig.all[0]->instance;
    const auto kind = [&] {
        Item item = rig.item("x");
        return rig.run(item).kind;
    };
    for (int i = 0; i < 3; i++) {
        instance.count_long_call();
        (void)kind();
        if (i < 2) rig.clock.advance(20s);
    }
    CHECK(seen == 2);
    rig.clock.advance(20s - 1ns);
    CHECK(kind() == Kind::kRefused);
    CHECK_FALSE(instance.context().health().first);
    rig.clock.advance(1ns);
    CHECK(kind() == Kind::kThrough);
    CHECK(seen == 3);
    CHECK(instance.context().health().first);
    instance.count_long_call();  // and there are two within this minute already
    CHECK(kind() == Kind::kRefused);
    CHECK(instance.long_calls() == 4);
}

TEST_CASE("long calls that are far from each other are counted, and no more") {
    Rig rig(1);
    rig.build();
    plugin::Instance& instance = *rig.all[0]->instance;
    for (int i = 0; i < 10; i++) {
        instance.count_long_call();
        Item item = rig.item("x");
        CHECK(rig.run(item).kind == Kind::kThrough);
        rig.clock.advance(30s);
    }
    CHECK(instance.long_calls() == 10);
    CHECK(instance.context().health().first);
}

TEST_CASE("timers and posted calls that take long are counted, but not held against its messages") {
    Rig rig(1);
    rig.build();
    plugin::Instance& instance = *rig.all[0]->instance;
    instance.allow_reactor_calls(rig.pulse);
    const auto linger = [](void* self) { static_cast<plugin::Instance*>(self)->count_long_call(); };
    for (int i = 0; i < 3; i++)
        REQUIRE(rig.step(0).host->post(rig.step(0).context, linger, &instance) == ZB_OK);
    instance.context().run_posted();
    CHECK(instance.long_calls() == 3);
    Item item = rig.item("x");
    CHECK(rig.run(item).kind == Kind::kThrough);
}

TEST_CASE("a call over the budget is counted, of those that are timed") {
    Rig rig(1);
    rig.step(0).step = [&](zb_message*) {
        rig.clock.advance(2ms);
        return zb_verdict{ZB_PASS};
    };
    rig.build();
    for (uint64_t i = 0; i < 2 * plugin::Instance::kTimedEvery; i++) {
        Item item = rig.item("x");
        (void)rig.run(item);
    }
    CHECK(rig.all[0]->instance->counters.over_budget == 2);
}

TEST_CASE("an instance goes from create to destroy, and stop only after a start that went well") {
    ManualClock clock;
    plugin::Services services{&clock, nullptr, nullptr, {}};
    std::string life;
    {
        ScriptedPlugin it(services);
        it.script.create = [&] { return life += "create ", zb_result{ZB_OK}; };
        it.script.start = [&] { return life += "start ", zb_result{ZB_OK}; };
        it.script.drain = [&] { life += "drain "; };
        it.script.stop = [&] { life += "stop "; };
        plugin::Pulse pulse;
        it.make().drain(clock.now());
        it.instance.reset();
        CHECK(life == "create start drain stop ");
        life.clear();
        it.script.start = [&]() -> zb_result {
            it.script.host->set_error(it.script.context, ZB_FAILED, 0, view_of("no such folder"));
            return ZB_FAILED;
        };
        const Status status = it.make(false).start();
        CHECK(status.message() == "plugin scripted (scripted 1.2.3) cannot start: no such folder");
        it.instance.reset();
        CHECK(life == "create ");
        it.script.start = [&]() -> zb_result { throw std::runtime_error("a bug"); };
        CHECK(it.make(false).start().message() ==
              "plugin scripted (scripted 1.2.3) cannot start: it threw an exception: a bug");
    }
}

TEST_CASE("a stop that tells of an error was not in order") {
    ManualClock clock;
    plugin::Services services{&clock, nullptr, nullptr, {}};
    ScriptedPlugin it(services);
    it.make().stop();
    CHECK(it.instance->stopped_in_order());
    it.script.stop = [&] {
        it.script.host->set_error(it.script.context, ZB_FAILED, 0, view_of("the disk is gone"));
    };
    it.make().stop();
    CHECK(!it.instance->stopped_in_order());
    it.script.stop = [] { throw std::runtime_error("a bug"); };
    it.make().stop();
    CHECK(!it.instance->stopped_in_order());
}

TEST_CASE("a drain or a posted call that tells of an error is in the log") {
    std::vector<std::string> lines;
    ManualClock clock;
    {
        telemetry::LogOptions options;
        options.write = [&](std::string_view line) { lines.emplace_back(line); };
        telemetry::Log log(options, clock);
        plugin::Services services{&clock, &log, nullptr, {}};
        ScriptedPlugin it(services);
        plugin::Pulse pulse;
        static Script* script = &it.script;
        it.script.drain = [&] {
            it.script.host->set_error(it.script.context, ZB_FAILED, 0, view_of("it is stuck"));
        };
        plugin::Instance& instance = it.make();
        instance.allow_reactor_calls(pulse);
        const auto fail = [](void*) {
            script->host->set_error(script->context, ZB_FAILED, 0, view_of("no route to it"));
        };
        REQUIRE(it.script.host->post(it.script.context, fail, nullptr) == ZB_OK);
        instance.context().run_posted();
        clock.advance(plugin::Remarks::kAgainAfter);
        instance.drain(clock.now());
    }
    REQUIRE(lines.size() == 2);
    CHECK(lines[0].find("has failed: no route to it") != std::string::npos);
    CHECK(lines[1].find("cannot drain: it is stuck") != std::string::npos);
}

TEST_CASE("who an auth denies is told why; its word is bounded") {
    Rig rig(1);
    rig.build();
    plugin::Instance& auth = *rig.all[0]->instance;
    zb_peer_claim claim{};
    claim.size = sizeof(claim);
    std::string user;
    CHECK(auth.on_peer(claim, user, rig.pulse).empty());
    const std::string long_name(256, 'n');
    rig.step(0).peer = [&](const zb_peer_claim&, zb_view* as) -> int32_t {
        *as = view_of(long_name);
        return ZB_ALLOW;
    };
    CHECK(auth.on_peer(claim, user, rig.pulse) == "it named a user of more than 255 bytes");
    rig.step(0).peer = [&](const zb_peer_claim&, zb_view*) -> int32_t { return ZB_DENY; };
    CHECK(auth.on_peer(claim, user, rig.pulse) == "denied by a");
    rig.step(0).peer = [&](const zb_peer_claim&, zb_view*) -> int32_t { return 55; };
    CHECK(auth.on_peer(claim, user, rig.pulse) == "it answered 55, which is no answer");
    rig.step(0).peer = [&](const zb_peer_claim&, zb_view* as) -> int32_t {
        *as = view_of("ann");
        return ZB_ALLOW;
    };
    CHECK(auth.on_peer(claim, user, rig.pulse).empty());
    CHECK(user == "ann");
    rig.step(0).peer = [&](const zb_peer_claim&, zb_view*) -> int32_t {
        rig.step(0).host->set_reason(rig.step(0).context, view_of("who are you?"));
        return 77;
    };
    CHECK(auth.on_peer(claim, user, rig.pulse) == "who are you?");
    rig.step(0).peer = [&](const zb_peer_claim&, zb_view*) -> int32_t { throw 1; };
    CHECK(auth.on_peer(claim, user, rig.pulse) == "it threw an exception: none of the standard's");
}

TEST_CASE("what is emitted for messages that were emitted themselves has an end") {
    Rig rig(1);
    rig.step(0).step = [&](zb_message* message) {
        zb_context* context = rig.step(0).context;
        rig.step(0).host->emit(context, rig.step(0).host->copy(context, message));
        return zb_verdict{ZB_PASS};
    };
    rig.build();
    Item item = rig.item("first");
    item.generation = Item::kGenerationsMax - 1;
    CHECK(rig.run(item).kind == Kind::kThrough);
    REQUIRE(rig.emitted.size() == 1);
    CHECK(rig.emitted[0].generation == Item::kGenerationsMax);

    Item emitted = rig.emitted[0];
    emitted.next_step = 0;
    rig.emitted.clear();
    CHECK(rig.run(emitted).kind == Kind::kThrough);  // it goes on itself
    CHECK(rig.emitted.empty());
    CHECK(rig.all[0]->instance->counters.emitted_too_many == 1);
}

// Messages on routes with steps and sinks, from a peer or a source to the last target's word.
#include "bridge/intake/passages.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "bridge/intake/intake.h"
#include "bridge/intake/source_intake.h"
#include "tests/unit/support/scripted_plugin.h"
#include "tests/unit/support/stub_peer.h"
#include "tests/unit/support/watcher.h"

using namespace zbridge;
using namespace zbridge::testing;
using namespace std::chrono_literals;
using delivery::LineOptions;
using delivery::Outlet;
using net::Take;
using enum zbridge::SocketType;

namespace {

struct HeldGate final : net::Gate {
    bool held = false;
    void hold() override { held = true; }
    void release() override { held = false; }
};

struct World {
    World() : memory(64 << 20), reactor(net, clock, memory) {
        reactor.at_turn_end([this] {
            for (const auto& worker : workers)
                worker->executor->run_done();
            for (const auto& outlet : outlets)
                outlet->on_turn_end();
            if (source) source->on_turn_end();
        });
    }
    ~World() {
        for (const auto& worker : workers)
            worker->executor.reset();
    }

    ScriptedPlugin& plugin(const std::string& name) {
        plugins.push_back(std::make_unique<ScriptedPlugin>(services, name));
        return *plugins.back();
    }
    plugin::Worker& worker(ScriptedPlugin& its) {
        if (!its.instance) its.make();
        auto executor = std::make_unique<SimExecutor>(ExecutorOptions{"sim", 1, 64}, random);
        threads.push_back(executor.get());
        workers.push_back(std::make_unique<plugin::Worker>(*its.instance, std::move(executor)));
        return *workers.back();
    }
    plugin::SinkLine& sink(ScriptedPlugin& its) {
        sinks.push_back(std::make_unique<plugin::SinkLine>(worker(its), reactor.timers(), clock));
        return *sinks.back();
    }
    Outlet& outlet(LineOptions line = {}) {
        outlets.push_back(std::make_unique<Outlet>("out", SocketTypes{kPull}, line, reactor));
        return *outlets.back();
    }
    intake::Route& route(const std::vector<intake::Target>& targets,
                         const std::vector<ScriptedPlugin*>& steps = {},
                         const std::string& prefix = {}, routing::ShapeOptions shape = {}) {
        shape.match_prefix = prefix;
        auto compiled = routing::Shape::compile(shape, clock);
        REQUIRE(compiled.ok());
        routes.push_back(
            std::make_unique<intake::Route>("route", std::move(*compiled), std::nullopt));
        intake::Route& made = *routes.back();
        std::vector<std::string> names;
        for (const intake::Target& target : targets) {
            made.add(target);
            names.push_back(std::string(1, static_cast<char>('a' + names.size())));
        }
        if (steps.empty()) return made;
        std::vector<plugin::Instance*> instances;
        for (ScriptedPlugin* step : steps) {
            if (!step->instance) step->make();
            instances.push_back(step->instance.get());
            made.workers.push_back(step->instance->step_may_block() ? &worker(*step) : nullptr);
        }
        made.steps = std::make_unique<plugin::Pipeline>(instances, names, pulse, memory);
        return made;
    }
    std::vector<intake::Route*> all_routes() {
        std::vector<intake::Route*> all;
        for (const auto& each : routes)
            all.push_back(each.get());
        return all;
    }
    void build() {
        intake = std::make_unique<intake::Intake>(intake::IntakeOptions{}, all_routes(), ids,
                                                  reactor.timers(), clock, memory, nullptr);
        intake->attach(gate);
    }
    StubPeer& peer(net::PeerHandler& handler, SocketType type) {
        peers.push_back(std::make_unique<StubPeer>(reactor, handler, peers.size() + 1, type));
        peers.back()->open();
        return *peers.back();
    }
    StubPeer& producer(SocketType type) { return peer(*intake, type); }
    void turn() { reactor.turn(false); }
    // All threads do all that they have, and the reactor hears of it, until nothing is left.
    void settle() {
        for (bool worked = true; worked;) {
            worked = false;
            for (SimExecutor* thread : threads) {
                while (thread->step())
                    worked = true;
            }
            turn();
        }
    }
    // One thing on each thread.
    void work_once() {
        for (SimExecutor* thread : threads)
            thread->step();
        turn();
    }
    void pass(Duration time) {
        clock.advance(time);
        turn();
    }
    Frames bodies(StubPeer& pull) {
        turn();
        Frames all;
        for (const Frames& frames : pull.received())
            all.push_back(frames.back());
        return all;
    }
    // The receipt that came; "" if none did.
    std::string receipt(StubPeer& req) {
        turn();
        const auto received = req.received();
        return received.empty() ? "" : received[0].back();
    }

    MemoryBudget memory;
    ManualClock clock;
    FakeNet net;
    net::Reactor reactor;
    SeededRandom random{5};
    plugin::Services services{&clock, nullptr, &reactor.timers(), {}};
    plugin::Pulse pulse;
    HeldGate gate;
    intake::MessageIds ids{7, 1};
    std::vector<std::unique_ptr<ScriptedPlugin>> plugins;
    std::vector<std::unique_ptr<plugin::Worker>> workers;
    std::vector<SimExecutor*> threads;
    std::vector<std::unique_ptr<plugin::SinkLine>> sinks;
    std::vector<std::unique_ptr<Outlet>> outlets;
    std::vector<std::unique_ptr<intake::Route>> routes;
    std::unique_ptr<intake::Intake> intake;
    std::unique_ptr<plugin::SourceReader> reader;
    std::unique_ptr<intake::SourceIntake> source;
    std::vector<std::unique_ptr<StubPeer>> peers;
};

intake::Target to(Outlet& outlet) {
    return {&outlet, nullptr, nullptr};
}
intake::Target to(plugin::SinkLine& sink) {
    return {nullptr, nullptr, &sink};
}

// Messages that a source has for the bridge, and what it learns of them.
struct Feed {
    explicit Feed(World& its_world) : world(its_world), it(its_world.plugin("feed")) {
        it.script.read = [this](uint64_t) {
            const zb_host& host = *it.script.host;
            while (!waiting.empty()) {
                const zb_view frame = view_of(waiting.front());
                zb_message* message = host.make(it.script.context);
                REQUIRE(host.set_frames(message, &frame, 1) == ZB_OK);
                const bool taken = host.deliver(it.script.context, message, cookie) == ZB_OK;
                host.release(it.script.context, message);
                if (!taken) break;
                cookie++;
                waiting.erase(waiting.begin());
            }
            return zb_result{ZB_OK};
        };
        it.script.outcome = [this](const zb_outcome& one) {
            known.push_back(std::to_string(one.cookie) +
                            (one.result == ZB_ACCEPTED ? "" : " " + text_of(one.reason)));
        };
    }
    void begin() {
        world.reader = std::make_unique<plugin::SourceReader>(world.worker(it),
                                                              world.reactor.timers(), world.clock);
        world.source = std::make_unique<intake::SourceIntake>(*world.reader, world.all_routes(),
                                                              world.ids, world.reactor.timers(),
                                                              world.clock, world.memory, nullptr);
        world.reader->begin();
    }
    // Its thread runs so often; it never rests, so that settle() would not end.
    void rounds(int count) {
        for (int i = 0; i < count; i++)
            world.work_once();
    }

    World& world;
    ScriptedPlugin& it;
    Frames waiting;
    std::vector<std::string> known;
    uint64_t cookie = 1;
};

}  // namespace

TEST_CASE(
    "a step that drops is answered OK, one that refuses with its reason, one that fails too") {
    World world;
    ScriptedPlugin& step = world.plugin("mask");
    step.script.step = [&](zb_message* message) -> zb_verdict {
        const std::string body = step.body(message);
        if (body == "drop") return ZB_DROP;
        if (body == "odd") return 42;
        if (body != "refuse") return ZB_PASS;
        step.script.host->set_reason(step.script.context, view_of("no such card"));
        return ZB_REFUSE;
    };
    Outlet& out = world.outlet();
    intake::Route& route = world.route({to(out)}, {&step});
    world.build();
    StubPeer& req = world.producer(kReq);
    req.say({"", "drop"});
    CHECK(world.receipt(req).rfind("OK ", 0) == 0);
    req.say({"", "refuse"});
    CHECK(world.receipt(req) == "ERR refused no such card");
    req.say({"", "odd"});
    CHECK(world.receipt(req) == "ERR step_failed mask: it answered 42, which is no verdict");
    req.say({"", "pass"});
    CHECK(world.receipt(req).rfind("OK ", 0) == 0);
    CHECK(out.line().messages() == 1);
    CHECK(route.refusals.of(Refusal::kStepRefused) == 1);
    CHECK(route.refusals.of(Refusal::kStepFailed) == 1);
}

TEST_CASE("a receipt comes after the sink's word, and says what that was") {
    World world;
    ScriptedPlugin& file = world.plugin("file");
    file.script.batch = [&](zb_message* const* messages, uint32_t count, uint32_t* answers) {
        for (uint32_t i = 0; i < count; i++)
            answers[i] = file.body(messages[i]) == "bad" ? ZB_REJECT : ZB_DONE;
        return zb_result{ZB_OK};
    };
    world.route({to(world.sink(file))});
    world.build();
    StubPeer& req = world.producer(kReq);
    req.say({"", "good"});
    CHECK(world.receipt(req).empty());
    CHECK(world.intake->on_their_way() == 1);
    world.settle();
    CHECK(world.receipt(req).rfind("OK ", 0) == 0);
    CHECK(world.intake->on_their_way() == 0);
    StubPeer& other = world.producer(kReq);
    other.say({"", "bad"});
    world.settle();
    CHECK(world.receipt(other).rfind("ERR rejected ", 0) == 0);
}

TEST_CASE(
    "a message of two sinks has one receipt, when both have spoken; the first refusal is it") {
    World world;
    ScriptedPlugin &yes = world.plugin("yes"), &no = world.plugin("no");
    no.script.batch = [](zb_message* const*, uint32_t, uint32_t* answers) {
        answers[0] = ZB_REJECT;
        return zb_result{ZB_OK};
    };
    world.route({to(world.sink(yes))});
    world.route({to(world.sink(no))});
    world.build();
    StubPeer& req = world.producer(kReq);
    req.say({"", "x"});
    world.threads[1]->run_all();
    CHECK(world.receipt(req).empty());
    world.threads[0]->run_all();
    world.turn();
    const auto receipts = req.received();
    REQUIRE(receipts.size() == 1);
    CHECK(receipts[0].back().rfind("ERR rejected ", 0) == 0);
}

TEST_CASE("a message on two routes waits for both, and no step sees it twice") {
    World world;
    ScriptedPlugin &first = world.plugin("first"), &second = world.plugin("second");
    std::map<std::string, int> seen;
    first.script.step = [&](zb_message* message) -> zb_verdict {
        seen["first " + first.body(message)]++;
        first.script.host->set_frame(message, 0, view_of(first.body(message) + "'"));
        return ZB_PASS;
    };
    second.script.step = [&](zb_message* message) -> zb_verdict {
        seen["second " + second.body(message)]++;
        return ZB_PASS;
    };
    Outlet &wide = world.outlet(), &narrow = world.outlet({1 << 20, 1});
    world.route({to(wide)}, {&first});
    world.route({to(narrow)}, {&second});
    world.build();
    StubPeer& push = world.producer(kPush);
    CHECK(push.say({"1"}) == Take::kTaken);
    CHECK(push.say({"2"}) == Take::kHold);
    CHECK(push.say({"2"}) == Take::kHold);
    CHECK(world.gate.held);
    CHECK(wide.line().messages() == 1);
    StubPeer& pull = world.peer(narrow, kPull);
    world.turn();
    world.turn();
    CHECK_FALSE(world.gate.held);
    CHECK(push.say({"2"}) == Take::kTaken);
    CHECK(world.bodies(pull) == Frames{"1", "2"});
    CHECK(world.bodies(world.peer(wide, kPull)) == Frames{"1'", "2'"});
    CHECK(seen == std::map<std::string, int>{
                      {"first 1", 1}, {"second 1", 1}, {"first 2", 1}, {"second 2", 1}});
}

TEST_CASE("a step's answer on one of three routes neither undoes nor repeats what others say") {
    World world;
    ScriptedPlugin &first = world.plugin("first"), &odd = world.plugin("odd");
    ScriptedPlugin& last = world.plugin("last");
    std::map<std::string, int> seen;
    for (ScriptedPlugin* each : {&first, &last}) {
        each->script.step = [&, each](zb_message* message) -> zb_verdict {
            seen[each->options.name + " " + each->body(message)]++;
            return ZB_PASS;
        };
    }
    bool held = false;
    odd.script.step = [&](zb_message* message) -> zb_verdict {
        const std::string body = odd.body(message);
        seen["odd " + body]++;
        if (body == "dropped") return ZB_DROP;
        if (body == "refused") return ZB_REFUSE;
        if (body == "changed") odd.script.host->set_frame(message, 0, view_of("changed'"));
        if (body == "more") CHECK(odd.emit("and more") == ZB_OK);
        if (body == "routed") {
            CHECK(odd.script.host->set_target(odd.script.context, view_of("b")) == ZB_OK);
            return ZB_ROUTE;
        }
        if (body == "held" && !std::exchange(held, true)) return odd.hold(20ms);
        return ZB_PASS;
    };
    Outlet &before = world.outlet(), &behind = world.outlet();
    Outlet &near = world.outlet(), &far = world.outlet();
    world.route({to(before)}, {&first});
    const intake::Route& between = world.route({to(near), to(far)}, {&odd});
    world.route({to(behind)}, {&last});
    world.build();
    StubPeer& req = world.producer(kReq);
    Frames all;
    for (const std::string body :
         {"passed", "dropped", "refused", "changed", "more", "routed", "held"}) {
        all.push_back(body);
        if (body == "held") {
            CHECK(req.say({"", body}) == Take::kHold);
            world.pass(20ms);
        }
        CHECK(req.say({"", body}) == Take::kTaken);
        const std::string receipt = world.receipt(req);
        CHECK(receipt.rfind(body == "refused" ? "ERR refused " : "OK ", 0) == 0);
    }
    CHECK(world.bodies(world.peer(before, kPull)) == all);
    CHECK(world.bodies(world.peer(behind, kPull)) == all);
    CHECK(world.bodies(world.peer(near, kPull)) ==
          Frames{"passed", "changed'", "more", "and more", "held"});
    CHECK(world.bodies(world.peer(far, kPull)) ==
          Frames{"passed", "changed'", "more", "and more", "routed", "held"});
    CHECK(between.messages == all.size());
    CHECK(between.refusals.of(Refusal::kStepRefused) == 1);
    for (const auto& [who, times] : seen)
        CHECK_MESSAGE(times == (who == "odd held" ? 2 : 1), who);
    CHECK(seen.size() == 3 * all.size());
}

TEST_CASE("a message that one of its routes cannot read takes the others, and says so once") {
    World world;
    ScriptedPlugin &first = world.plugin("first"), &last = world.plugin("last");
    int seen = 0;
    for (ScriptedPlugin* each : {&first, &last}) {
        each->script.step = [&](zb_message*) -> zb_verdict {
            seen++;
            return ZB_PASS;
        };
    }
    routing::ShapeOptions json;
    json.decode.as = routing::Codec::kJson;
    json.set.tag = "$.kind";
    Outlet &one = world.outlet(), &two = world.outlet(), &three = world.outlet();
    world.route({to(one)}, {&first});
    const intake::Route& reads = world.route({to(two)}, {}, "", json);
    world.route({to(three)}, {&last});
    world.build();
    StubPeer& req = world.producer(kReq);
    CHECK(req.say({"", "no JSON"}) == Take::kTaken);
    CHECK(world.receipt(req).rfind("ERR undecodable ", 0) == 0);
    CHECK(req.say({"", "{\"kind\":\"a\"}"}) == Take::kTaken);
    CHECK(world.receipt(req).rfind("OK ", 0) == 0);
    CHECK(seen == 4);
    CHECK(reads.messages == 1);
    CHECK(reads.refusals.of(Refusal::kUndecodable) == 1);
    CHECK(world.bodies(world.peer(one, kPull)).size() == 2);
    CHECK(world.bodies(world.peer(two, kPull)).size() == 1);
    CHECK(world.bodies(world.peer(three, kPull)).size() == 2);
}

TEST_CASE("a peer that goes while its message is held takes it along; the next one is another's") {
    World world;
    ScriptedPlugin& step = world.plugin("mask");
    std::vector<std::string> seen;
    step.script.step = [&](zb_message* message) -> zb_verdict {
        seen.push_back(step.body(message));
        return seen.back() == "held" ? step.hold(20ms) : zb_verdict{ZB_PASS};
    };
    Outlet& out = world.outlet();
    world.route({to(out)}, {&step});
    world.build();
    StubPeer& leaving = world.producer(kPush);
    StubPeer& staying = world.producer(kPush);
    CHECK(leaving.say({"held"}) == Take::kHold);
    leaving.leave();
    CHECK(world.gate.held);
    world.pass(20ms);
    CHECK_FALSE(world.gate.held);
    CHECK(staying.say({"mine"}) == Take::kTaken);
    CHECK(seen == std::vector<std::string>{"held", "mine"});
    CHECK(world.bodies(world.peer(out, kPull)) == Frames{"mine"});
}

TEST_CASE("a step that holds is asked again in its time, not when somebody else has room") {
    World world;
    ScriptedPlugin& step = world.plugin("throttle");
    int asked = 0;
    step.script.step = [&](zb_message*) -> zb_verdict {
        return asked++ == 0 ? step.hold(20ms) : zb_verdict{ZB_PASS};
    };
    Outlet& out = world.outlet();
    world.route({to(out)}, {&step});
    world.build();
    StubPeer& push = world.producer(kPush);
    CHECK(push.say({"1"}) == Take::kHold);
    world.intake->on_room();
    CHECK(push.say({"1"}) == Take::kHold);
    CHECK(asked == 1);
    CHECK(world.gate.held);
    world.pass(20ms);
    CHECK_FALSE(world.gate.held);
    CHECK(push.say({"1"}) == Take::kTaken);
    CHECK(asked == 2);
}

TEST_CASE("what a step has emitted is not lost when a later step holds the message") {
    World world;
    ScriptedPlugin &copies = world.plugin("copies"), &holds = world.plugin("holds");
    copies.script.step = [&](zb_message*) -> zb_verdict {
        copies.emit("e1");
        copies.emit("e2");
        return ZB_PASS;
    };
    int held = 0;
    holds.script.step = [&](zb_message* message) -> zb_verdict {
        return holds.body(message) == "m" && held++ < 2 ? holds.hold(5ms) : zb_verdict{ZB_PASS};
    };
    Outlet& out = world.outlet();
    world.route({to(out)}, {&copies, &holds});
    world.build();
    StubPeer& push = world.producer(kPush);
    for (int i = 0; i < 2; i++) {
        CHECK(push.say({"m"}) == Take::kHold);
        world.pass(5ms);
    }
    CHECK(push.say({"m"}) == Take::kTaken);
    CHECK(world.bodies(world.peer(out, kPull)) == Frames{"m", "e1", "e2"});
}

TEST_CASE("a routed message goes to the one target that the step has named") {
    World world;
    ScriptedPlugin& step = world.plugin("sort");
    step.script.step = [&](zb_message* message) -> zb_verdict {
        if (step.body(message) == "all") return ZB_PASS;
        CHECK(step.script.host->set_target(step.script.context, view_of("b")) == ZB_OK);
        return ZB_ROUTE;
    };
    Outlet &a = world.outlet(), &b = world.outlet();
    world.route({to(a), to(b)}, {&step});
    world.build();
    StubPeer& push = world.producer(kPush);
    push.say({"all"});
    push.say({"one"});
    CHECK(world.bodies(world.peer(a, kPull)) == Frames{"all"});
    CHECK(world.bodies(world.peer(b, kPull)) == Frames{"all", "one"});
}

TEST_CASE("a step with a thread keeps order, and holds its source when its line is full") {
    World world;
    ScriptedPlugin& slow = world.plugin("slow");
    slow.script.as_step.flags = ZB_STEP_MAY_BLOCK;
    slow.options.line_messages = 3;
    Outlet& out = world.outlet();
    world.route({to(out)}, {&slow});
    world.build();
    StubPeer& push = world.producer(kPush);
    for (const char* body : {"1", "2", "3"})
        CHECK(push.say({body}) == Take::kTaken);
    CHECK(push.say({"4"}) == Take::kHold);
    CHECK(world.gate.held);
    world.settle();
    CHECK_FALSE(world.gate.held);
    CHECK(push.say({"4"}) == Take::kTaken);
    world.settle();
    CHECK(world.bodies(world.peer(out, kPull)) == Frames{"1", "2", "3", "4"});
    CHECK(world.intake->on_their_way() == 0);
}

TEST_CASE("behind a stage a full target holds what comes out of it, in bounds, and order is kept") {
    World world;
    ScriptedPlugin& slow = world.plugin("slow");
    slow.script.as_step.flags = ZB_STEP_MAY_BLOCK;
    slow.options.line_messages = 100;
    Outlet& out = world.outlet({1 << 20, 1});
    world.route({to(out)}, {&slow});
    world.build();
    StubPeer& push = world.producer(kPush);
    int taken = 0;
    while (push.say({std::to_string(taken)}) == Take::kTaken && taken < 10'000) {
        taken++;
        world.settle();
    }
    const size_t most = 1 + intake::Passages::kExitsMax + plugin::StepStage::kBatchMax + 100;
    CHECK(taken > 100);
    CHECK(taken <= static_cast<int>(most));
    StubPeer& pull = world.peer(out, kPull);
    Frames expected, got;
    for (int i = 0; i < taken; i++)
        expected.push_back(std::to_string(i));
    for (int turns = 0; turns < 2000 && got.size() < expected.size(); turns++) {
        world.settle();
        for (const std::string& body : world.bodies(pull))
            got.push_back(body);
    }
    CHECK(got == expected);
    CHECK_FALSE(world.gate.held);
}

TEST_CASE("two steps with threads in one route do not stop each other, however full they are") {
    World world;
    ScriptedPlugin &first = world.plugin("first"), &second = world.plugin("second");
    for (ScriptedPlugin* step : {&first, &second}) {
        step->script.as_step.flags = ZB_STEP_MAY_BLOCK;
        step->script.step = [step](zb_message* message) -> zb_verdict {
            step->script.host->set_frame(message, 0, view_of(step->body(message) + "'"));
            return ZB_PASS;
        };
    }
    first.options.line_messages = 2000;
    second.options.line_messages = 10;
    Outlet& out = world.outlet();
    world.route({to(out)}, {&first, &second});
    world.build();
    StubPeer& push = world.producer(kPush);
    Frames expected;
    for (int i = 0; i < 1000; i++) {
        REQUIRE(push.say({std::to_string(i)}) == Take::kTaken);
        expected.push_back(std::to_string(i) + "''");
    }
    // The first is done with all before the second begins.
    while (world.threads[0]->step())
        world.turn();
    world.settle();
    CHECK(world.intake->on_their_way() == 0);
    CHECK(world.bodies(world.peer(out, kPull)) == expected);
}

TEST_CASE("a step on the reactor behind a stage holds what comes out of it, for its time") {
    World world;
    ScriptedPlugin &slow = world.plugin("slow"), &throttle = world.plugin("throttle");
    slow.script.as_step.flags = ZB_STEP_MAY_BLOCK;
    int asked = 0;
    throttle.script.step = [&](zb_message*) -> zb_verdict {
        return asked++ == 0 ? throttle.hold(50ms) : zb_verdict{ZB_PASS};
    };
    Outlet& out = world.outlet();
    world.route({to(out)}, {&slow, &throttle});
    world.build();
    StubPeer& pull = world.peer(out, kPull);
    StubPeer& push = world.producer(kPush);
    push.say({"1"});
    world.settle();
    push.say({"2"});
    world.settle();
    CHECK(asked == 1);
    CHECK(world.bodies(pull).empty());
    world.pass(50ms);
    world.settle();
    CHECK(world.bodies(pull) == Frames{"1", "2"});
}

TEST_CASE("a message that is emitted has its part in the receipt, and its peer may have gone") {
    World world;
    ScriptedPlugin &copies = world.plugin("copies"), &file = world.plugin("file");
    copies.script.as_step.flags = ZB_STEP_MAY_BLOCK;
    copies.script.step = [&](zb_message*) -> zb_verdict {
        copies.emit("bad");
        return ZB_PASS;
    };
    file.script.batch = [&](zb_message* const* messages, uint32_t count, uint32_t* answers) {
        for (uint32_t i = 0; i < count; i++)
            answers[i] = file.body(messages[i]) == "bad" ? ZB_REJECT : ZB_DONE;
        return zb_result{ZB_OK};
    };
    world.route({to(world.sink(file))}, {&copies});
    world.build();
    StubPeer& req = world.producer(kReq);
    req.say({"", "good"});
    StubPeer& gone = world.producer(kReq);
    gone.say({"", "good"});
    gone.leave();
    world.settle();
    CHECK(world.receipt(req).rfind("ERR rejected ", 0) == 0);
    CHECK(world.intake->on_their_way() == 0);
}

TEST_CASE("a source's messages take the routes, and it learns what became of each") {
    World world;
    ScriptedPlugin& step = world.plugin("mask");
    step.script.step = [&](zb_message* message) -> zb_verdict {
        if (step.body(message) != "no") return ZB_PASS;
        step.script.host->set_reason(step.script.context, view_of("not wanted"));
        return ZB_REFUSE;
    };
    Outlet& out = world.outlet();
    world.route({to(out)}, {&step}, "n");
    world.route({to(out)}, {}, "y");
    Feed feed(world);
    feed.waiting = {"yes", "no", "what"};
    feed.begin();
    feed.rounds(3);
    CHECK(feed.known == std::vector<std::string>{"1", "2 not wanted", "3 no_match"});
    CHECK(world.bodies(world.peer(out, kPull)) == Frames{"yes"});
    CHECK(world.source->refusals().of(Refusal::kNoMatch) == 1);
}

TEST_CASE("a source is held while its target is full, goes on after it, and loses nothing") {
    World world;
    Outlet& out = world.outlet({1 << 20, 2});
    world.route({to(out)});
    Feed feed(world);
    feed.waiting = {"1", "2", "3", "4", "5"};
    feed.begin();
    feed.rounds(5);
    CHECK(feed.known == std::vector<std::string>{"1", "2"});
    CHECK(feed.waiting.empty());  // all are read, three wait
    StubPeer& pull = world.peer(out, kPull);
    Frames got;
    for (int i = 0; i < 20; i++) {
        feed.rounds(1);
        for (const std::string& body : world.bodies(pull))
            got.push_back(body);
    }
    CHECK(got == Frames{"1", "2", "3", "4", "5"});
    CHECK(feed.known == std::vector<std::string>{"1", "2", "3", "4", "5"});
}

TEST_CASE("a source's message that a step holds comes again in its time") {
    World world;
    ScriptedPlugin& step = world.plugin("throttle");
    int asked = 0;
    step.script.step = [&](zb_message*) -> zb_verdict {
        return asked++ == 0 ? step.hold(20ms) : zb_verdict{ZB_PASS};
    };
    Outlet& out = world.outlet();
    world.route({to(out)}, {&step});
    Feed feed(world);
    feed.waiting = {"1", "2"};
    feed.begin();
    feed.rounds(3);
    CHECK(asked == 1);
    CHECK(feed.known.empty());
    world.pass(20ms);
    feed.rounds(3);
    CHECK(asked == 3);
    CHECK(feed.known == std::vector<std::string>{"1", "2"});
}

TEST_CASE("a source waits while memory is used up, and goes on when it is not") {
    World world;
    Outlet& out = world.outlet();
    world.route({to(out)});
    Feed feed(world);
    feed.waiting = {"1"};
    auto all = std::make_unique<ChunkRef>(world.memory.allocate(64 << 20));
    (*all)->commit(64 << 20);
    REQUIRE(world.memory.exhausted());
    feed.begin();
    feed.rounds(3);
    CHECK(feed.known.empty());
    all.reset();
    feed.rounds(3);
    CHECK(feed.known == std::vector<std::string>{"1"});
}

TEST_CASE("a source learns of a sink's word, and of messages for a route that nobody serves") {
    World world;
    ScriptedPlugin& file = world.plugin("file");
    bool sick = true;
    file.script.batch = [&](zb_message* const*, uint32_t count, uint32_t* answers) {
        std::fill(answers, answers + count, uint32_t{sick ? ZB_RETRY : ZB_DONE});
        return zb_result{ZB_OK};
    };
    world.route({to(world.sink(file))});
    Feed feed(world);
    feed.waiting = {"1", "2"};
    feed.begin();
    feed.rounds(4);
    CHECK(feed.known.empty());
    CHECK(world.reader->open() == 2);
    sick = false;
    world.pass(10ms);
    feed.rounds(4);
    CHECK(feed.known == std::vector<std::string>{"1", "2"});
}

TEST_CASE("who watches a route with steps is shown what comes out of them") {
    World world;
    ScriptedPlugin& step = world.plugin("step");
    step.script.step = [&](zb_message* message) -> zb_verdict {
        if (step.body(message) == "dropped") return ZB_DROP;
        if (step.body(message) == "changed")
            step.script.host->set_frame(message, 0, view_of("another"));
        return ZB_PASS;
    };
    intake::Route& watched = world.route({{&world.outlet()}}, {&step});
    world.build();
    StubPeer& push = world.producer(kPush);
    Watcher watcher;
    watched.watch = &watcher;
    for (const char* body : {"passed", "dropped", "changed"})
        CHECK(push.say({body}) == Take::kTaken);
    CHECK(watcher.seen == Seen{"routed peer 1: passed", "routed peer 1: another"});
}

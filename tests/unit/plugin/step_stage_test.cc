#include "bridge/plugin/step_stage.h"

#include <doctest/doctest.h>

#include "tests/unit/plugin/worker_rig.h"

using namespace zbridge;
using namespace zbridge::testing;
using namespace std::chrono_literals;
using plugin::Flight;
using plugin::Item;
using plugin::Passed;
using plugin::StepStage;

namespace {

struct Rig final : plugin::StageListener {
    ~Rig() override { rig.end(); }
    StepStage& stage() {
        if (!stage_) {
            rig.it.script.as_step.flags = ZB_STEP_MAY_BLOCK;
            plugin::Worker& worker = rig.worker();
            pipeline_ = std::make_unique<plugin::Pipeline>(
                std::vector<plugin::Instance*>{rig.it.instance.get()},
                std::vector<std::string>{"out"}, reactor_pulse_, rig.memory);
            stage_ = std::make_unique<StepStage>(worker, *pipeline_, rig.timers, rig.clock, *this);
        }
        return *stage_;
    }
    void take(const std::string& body, Attributes attributes = {}) {
        Item item{make_message(rig.memory, {body}), std::move(attributes), 0, Item::kAllTargets, 0};
        stage().take({std::move(item), {"uid:7", "", ""}, ++tickets});
    }
    void on_stage_done(Flight flight, Passed passed, std::vector<Item> emitted) override {
        std::string text(flight.item.body.first().body);
        if (passed.kind == Passed::Kind::kDropped) text = "-" + text;
        if (passed.kind == Passed::Kind::kRefused) text = "!" + text;
        done.push_back(text);
        for (const Item& item : emitted)
            done.push_back("+" + std::string(item.body.first().body));
        if (on_done) on_done();
    }
    bool stage_may_go_on() override { return may_go_on; }

    WorkerRig rig;
    std::vector<std::string> done;
    std::function<void()> on_done;
    bool may_go_on = true;
    plugin::Ticket tickets = 0;

 private:
    plugin::Pulse reactor_pulse_;
    std::unique_ptr<plugin::Pipeline> pipeline_;
    std::unique_ptr<StepStage> stage_;
};

using Bodies = std::vector<std::string>;

}  // namespace

TEST_CASE("messages come back in order, each with its answer and what was emitted behind it") {
    Rig rig;
    rig.rig.it.script.step = [&](zb_message* message) -> zb_verdict {
        const std::string body = rig.rig.it.body(message);
        CHECK(text_of(rig.rig.it.script.host->peer(message, ZB_PEER_USER)) == "uid:7");
        if (body == "2") return ZB_DROP;
        if (body == "3") return ZB_REFUSE;
        if (body == "4") rig.rig.it.emit("e");
        rig.rig.it.script.host->set_frame(message, 0, view_of(body + "'"));
        return ZB_PASS;
    };
    for (const char* body : {"1", "2", "3", "4", "5"})
        rig.take(body);
    CHECK(rig.done.empty());
    rig.rig.settle();
    CHECK(rig.done == Bodies{"1'", "-2", "!3", "4'", "+e", "5'"});
    CHECK(rig.stage().idle());
}

TEST_CASE("a held message waits its time, and those behind it wait with it") {
    Rig rig;
    int asked = 0;
    rig.rig.it.script.step = [&](zb_message* message) -> zb_verdict {
        if (rig.rig.it.body(message) != "2" || asked++ > 0) return ZB_PASS;
        return rig.rig.it.hold(20ms);
    };
    for (const char* body : {"1", "2", "3"})
        rig.take(body);
    rig.rig.settle();
    CHECK(rig.done == Bodies{"1"});
    rig.take("4");
    rig.stage().go_on();  // somebody behind has room: no reason to ask earlier
    rig.rig.settle();
    rig.rig.pass(19ms);
    rig.rig.settle();
    CHECK(asked == 1);
    CHECK(rig.stage().messages() == 3);
    rig.rig.pass(1ms);
    rig.rig.settle();
    CHECK(rig.done == Bodies{"1", "2", "3", "4"});
    CHECK(asked == 2);
    CHECK(rig.rig.it.instance->counters.held == 1);
}

TEST_CASE("a listener that says go on while it is told of a batch does not make a held one hurry") {
    Rig rig;
    int asked = 0;
    rig.rig.it.script.step = [&](zb_message* message) -> zb_verdict {
        if (rig.rig.it.body(message) != "2") return ZB_PASS;
        asked++;
        return rig.rig.it.hold(20ms);
    };
    rig.on_done = [&] { rig.stage().go_on(); };
    rig.take("1");
    rig.take("2");
    rig.rig.settle();
    CHECK(rig.done == Bodies{"1"});
    CHECK(asked == 1);
}

TEST_CASE("at line_messages and line_bytes there is no room; who asked is told") {
    Rig rig;
    rig.rig.it.options.line_messages = 2;
    RoomBell bell;
    CHECK(rig.stage().has_room(bell));
    rig.take("1");
    rig.take("2");
    CHECK_FALSE(rig.stage().has_room(bell));
    CHECK_FALSE(rig.stage().has_room(bell));
    CHECK(bell.rings == 0);
    rig.rig.settle();
    CHECK(bell.rings == 1);
    CHECK(rig.stage().has_room(bell));

    Rig heavy;
    heavy.rig.it.options.line_bytes = 100;
    heavy.take(std::string(100, 'x'));
    CHECK_FALSE(heavy.stage().has_room(bell));
}

TEST_CASE("attributes and properties count in line_bytes as bodies do") {
    Rig rig;
    rig.rig.it.options.line_bytes = 1000;
    rig.rig.it.script.step = [&](zb_message* message) {
        rig.rig.it.script.host->set_property(message, view_of("trace"), {});  // it may remove them
        return zb_verdict{ZB_PASS};
    };
    RoomBell bell;
    Attributes attributes;
    attributes.properties.emplace_back("trace", Value(std::string(1000, 'x')));
    rig.take("a", attributes);
    CHECK_FALSE(rig.stage().has_room(bell));
    rig.rig.settle();
    CHECK(bell.rings == 1);
    CHECK(rig.stage().has_room(bell));
    rig.take(std::string(900, 'x'));  // nothing is left of the first one
    CHECK(rig.stage().has_room(bell));
}

TEST_CASE("while what is behind has no room, nothing more is begun") {
    Rig rig;
    rig.may_go_on = false;
    rig.take("1");
    CHECK_FALSE(rig.rig.work());
    rig.may_go_on = true;
    rig.stage().go_on();
    rig.rig.settle();
    CHECK(rig.done == Bodies{"1"});
}

TEST_CASE("a batch is 64 messages, and ends early when much has been emitted") {
    Rig rig;
    size_t calls = 0;
    rig.rig.it.script.step = [&](zb_message*) -> zb_verdict {
        calls++;
        return ZB_PASS;
    };
    for (int i = 0; i < 100; i++)
        rig.take("x");
    rig.rig.work();  // the first alone: it was there alone
    rig.rig.hear();
    rig.rig.work();
    CHECK(calls == 1 + StepStage::kBatchMax);
    rig.rig.settle();
    CHECK(rig.done.size() == 100);

    Rig loud;
    loud.rig.it.script.step = [&](zb_message*) -> zb_verdict {
        CHECK(loud.rig.it.emit(std::string(1 << 20, 'e')) == ZB_OK);
        return ZB_DROP;
    };
    for (int i = 0; i < 40; i++)  // together more than keep_bytes
        loud.take("x");
    loud.rig.settle();
    CHECK(loud.done.size() == 80);
    CHECK(loud.rig.it.instance->context().kept_bytes() == 0);
}

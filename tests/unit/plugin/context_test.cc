#include "bridge/plugin/context.h"

#include <doctest/doctest.h>

#include <set>

#include "tests/unit/support/scripted_plugin.h"

using namespace zbridge;
using namespace zbridge::testing;
using namespace std::chrono_literals;
using plugin::Context;

namespace {

struct Rig {
    Rig() {
        services.wake = [this] { wakes++; };
    }
    const zb_host& host() { return *it.script.host; }
    zb_context* context() { return it.script.context; }

    ManualClock clock;
    Timers timers;
    plugin::Services services{&clock, nullptr, &timers, {}};
    plugin::Pulse pulse;
    ScriptedPlugin it{services};
    int wakes = 0;
};

void count(void* argument) {
    (*static_cast<int*>(argument))++;
}

}  // namespace

TEST_CASE("an instance has 64 metrics, by good names, each of one kind") {
    Rig rig;
    rig.it.make();
    zb_metric* first = rig.host().counter(rig.context(), "m0", "The first.");
    REQUIRE(first != nullptr);
    CHECK(rig.host().counter(rig.context(), "m0", "again") == first);
    CHECK(rig.host().gauge(rig.context(), "m0", "as another kind") == nullptr);
    for (const char* wrong : {"", "M", "0m", "with-dash", "with space"})
        CHECK(rig.host().counter(rig.context(), wrong, "") == nullptr);
    CHECK(rig.host().counter(rig.context(), nullptr, "") == nullptr);
    for (size_t i = 1; i < Context::kMetricsMax; i++)
        REQUIRE(rig.host().gauge(rig.context(), ("m" + std::to_string(i)).c_str(), "") != nullptr);
    CHECK(rig.host().counter(rig.context(), "one_more", "") == nullptr);
    CHECK(rig.host().counter(rig.context(), "m0", "still there") == first);
    rig.host().metric_add(nullptr, 1);  // what was refused swallows what it is told
    rig.host().metric_add(first, 3);
    rig.host().metric_add(first, 4);
    size_t seen = 0;
    rig.it.instance->context().each_metric([&](const zb_metric& metric) {
        if (seen++ == 0) CHECK(metric.value == 7);
    });
    CHECK(seen == Context::kMetricsMax);
}

TEST_CASE("a histogram knows count, sum, least and most") {
    Rig rig;
    rig.it.make();
    zb_metric* times = rig.host().histogram(rig.context(), "times", "");
    for (const int64_t value : {5, -2, 9})
        rig.host().metric_record(times, value);
    CHECK(times->count == 3);
    CHECK(times->value == 12);
    CHECK(times->least == -2);
    CHECK(times->most == 9);
}

TEST_CASE("an instance logs 32 lines a second; the rest is counted") {
    std::vector<std::string> lines;
    ManualClock clock;
    uint64_t lost = 0;
    {
        telemetry::LogOptions options;
        options.write = [&](std::string_view line) { lines.emplace_back(line); };
        telemetry::Log log(options, clock);
        plugin::Services services{&clock, &log, nullptr, {}};
        ScriptedPlugin it(services, "mask-cards");
        it.make();
        for (int i = 0; i < 40; i++)
            it.script.host->log(it.script.context, ZB_LOG_INFO, view_of("busy"));
        clock.advance(1s);
        it.script.host->log(it.script.context, 77, view_of("later"));
        lost = it.instance->context().log_lines_lost();
    }
    CHECK(lost == 8);
    REQUIRE(lines.size() == Context::kLogLinesMax + 1);
    CHECK(lines[0].find("mask-cards") != std::string::npos);
    CHECK(lines.back().find("error") != std::string::npos);  // an unknown level is the worst
}

TEST_CASE("an instance keeps as many messages as it may") {
    Rig rig;
    rig.it.options.keep_messages = 2;
    rig.it.make();
    zb_message* first = rig.host().make(rig.context());
    REQUIRE(first != nullptr);
    REQUIRE(rig.host().copy(rig.context(), first) != nullptr);
    CHECK(rig.host().make(rig.context()) == nullptr);
    CHECK(rig.host().copy(rig.context(), nullptr) == nullptr);
    rig.host().release(rig.context(), first);
    rig.host().release(rig.context(), first);  // it is not its own any more: no matter
    CHECK(rig.it.instance->context().kept_messages() == 1);
    CHECK(rig.host().make(rig.context()) != nullptr);
}

TEST_CASE("a message that is made small and grows is bound by keep_bytes too") {
    Rig rig;
    rig.it.options.keep_bytes = 1000;
    rig.it.make();
    const std::string body(600, 'x');
    const zb_view frame = view_of(body);
    zb_message* first = rig.host().make(rig.context());
    zb_message* second = rig.host().make(rig.context());
    CHECK(rig.host().set_frames(first, &frame, 1) == ZB_OK);
    CHECK(rig.host().set_frames(second, &frame, 1) == ZB_FULL);
    CHECK(rig.host().copy(rig.context(), first) == nullptr);
    rig.host().release(rig.context(), first);
    CHECK(rig.host().set_frames(second, &frame, 1) == ZB_OK);
    CHECK(rig.it.instance->context().kept_bytes() == 600);
}

TEST_CASE("what is null is an empty message, not the end of the bridge") {
    Rig rig;
    rig.it.make();
    const zb_host& host = rig.host();
    const zb_view frame = view_of("x");
    CHECK(host.frame_count(nullptr) == 0);
    CHECK(host.frame(nullptr, 0).data == nullptr);
    CHECK(host.set_frame(nullptr, 0, frame) == ZB_INVALID);
    CHECK(host.set_frames(nullptr, &frame, 1) == ZB_INVALID);
    CHECK(host.attribute(nullptr, ZB_ID).kind == ZB_NOTHING);
    CHECK(host.set_attribute(nullptr, ZB_ID, {}) == ZB_INVALID);
    CHECK(host.key_count(nullptr) == 0);
    CHECK(host.property(nullptr, frame).kind == ZB_NOTHING);
    CHECK(host.set_property(nullptr, frame, {}) == ZB_INVALID);
    CHECK(host.property_count(nullptr) == 0);
    CHECK(host.property_name(nullptr, 0).size == 0);
    CHECK(host.peer(nullptr, ZB_PEER_USER).size == 0);
    CHECK(host.option_count(rig.context(), nullptr) == 0);
    CHECK(host.option_text(rig.context(), "none", 0).data == nullptr);
    CHECK(host.get_extension(rig.context(), "zbridge.none/1") == nullptr);
    CHECK(host.get_extension(rig.context(), nullptr) == nullptr);
}

TEST_CASE("verbs of a call are refused outside of it") {
    Rig rig;
    rig.it.make();
    CHECK(rig.it.emit("x") == ZB_WRONG_STATE);
    CHECK(rig.it.instance->context().kept_messages() == 0);  // taken over, also on failure
    CHECK(rig.host().emit(rig.context(), nullptr) == ZB_NOT_FOUND);
    CHECK(rig.host().set_target(rig.context(), view_of("out")) == ZB_WRONG_STATE);
    zb_message* made = rig.host().make(rig.context());
    CHECK(rig.host().deliver(rig.context(), made, 1) == ZB_WRONG_STATE);
    rig.host().set_reason(rig.context(), view_of("x"));
    rig.host().set_hold(rig.context(), 1);
}

TEST_CASE("posts and timers are called on the reactor, in order, and none after drain has begun") {
    Rig rig;
    plugin::Instance& instance = rig.it.make();
    int calls = 0;
    CHECK(rig.host().post(rig.context(), count, &calls) == ZB_UNSUPPORTED);
    instance.allow_reactor_calls(rig.pulse);
    CHECK(rig.host().post(rig.context(), nullptr, nullptr) == ZB_INVALID);
    CHECK(rig.host().post(rig.context(), count, &calls) == ZB_OK);
    CHECK(rig.wakes == 1);
    CHECK(rig.host().set_timer(rig.context(), 5'000'000, count, &calls) == ZB_OK);
    CHECK(calls == 0);
    instance.context().run_posted();
    CHECK(calls == 1);
    rig.clock.advance(5ms);
    rig.timers.run_due(rig.clock.now());
    CHECK(calls == 2);
    CHECK(rig.pulse.calls() == 2);  // the watchdog sees them
    CHECK(rig.host().post(rig.context(), count, &calls) == ZB_OK);
    CHECK(rig.host().set_timer(rig.context(), 0, count, &calls) == ZB_OK);
    instance.context().end_reactor_calls();
    instance.context().run_posted();
    rig.timers.run_due(rig.clock.now() + 1s);
    CHECK(calls == 2);
    CHECK(rig.host().post(rig.context(), count, &calls) == ZB_UNSUPPORTED);
    CHECK(rig.host().set_timer(rig.context(), 0, count, &calls) == ZB_UNSUPPORTED);
}

TEST_CASE("at most 1,024 posts wait, and 64 timers are set") {
    Rig rig;
    plugin::Instance& instance = rig.it.make();
    instance.allow_reactor_calls(rig.pulse);
    int calls = 0;
    for (size_t i = 0; i < Context::kPostsMax; i++)
        REQUIRE(rig.host().post(rig.context(), count, &calls) == ZB_OK);
    CHECK(rig.host().post(rig.context(), count, &calls) == ZB_FULL);
    for (size_t i = 0; i < Context::kTimersMax; i++)
        REQUIRE(rig.host().set_timer(rig.context(), UINT64_MAX, count, &calls) == ZB_OK);
    CHECK(rig.host().set_timer(rig.context(), 0, count, &calls) == ZB_FULL);
    instance.context().run_posted();
    CHECK(calls == static_cast<int>(Context::kPostsMax));
}

TEST_CASE("a timer that sets itself again goes on, in one place") {
    Rig rig;
    plugin::Instance& instance = rig.it.make();
    instance.allow_reactor_calls(rig.pulse);
    struct Tick {
        Rig& rig;
        int ticks = 0;
        static void call(void* self) {
            Tick& tick = *static_cast<Tick*>(self);
            tick.ticks++;
            REQUIRE(tick.rig.host().set_timer(tick.rig.context(), 1'000'000, call, self) == ZB_OK);
        }
    } tick{rig};
    Tick::call(&tick);
    for (int i = 0; i < 200; i++) {
        rig.clock.advance(1ms);
        rig.timers.run_due(rig.clock.now());
    }
    CHECK(tick.ticks == 201);
    CHECK(rig.timers.size() == 1);
}

TEST_CASE("a post that throws is no end of the bridge") {
    Rig rig;
    plugin::Instance& instance = rig.it.make();
    instance.allow_reactor_calls(rig.pulse);
    CHECK(rig.host().post(
              rig.context(), [](void*) { throw 7; }, nullptr) == ZB_OK);
    int calls = 0;
    CHECK(rig.host().post(rig.context(), count, &calls) == ZB_OK);
    instance.context().run_posted();
    CHECK(calls == 1);
    CHECK(rig.pulse.inside() == nullptr);
}

TEST_CASE("health is degraded until it is healthy again") {
    Rig rig;
    plugin::Instance& instance = rig.it.make();
    rig.host().set_health(rig.context(), 0, view_of("the disk is full"));
    CHECK(instance.context().health() == std::pair<bool, std::string>(false, "the disk is full"));
    rig.host().set_health(rig.context(), 1, view_of("ignored"));
    CHECK(instance.context().health() == std::pair<bool, std::string>(true, ""));
}

TEST_CASE("what the bridge finds wrong stands beside what the instance says of itself") {
    Rig rig;
    Context& context = rig.it.make().context();
    using Health = std::pair<bool, std::string>;
    rig.host().set_health(rig.context(), 0, view_of("stopped at a message"));
    context.set_trouble("it cannot read");
    CHECK(context.health() == Health(false, "it cannot read"));
    context.set_trouble("");
    CHECK(context.health() == Health(false, "stopped at a message"));
    context.set_trouble("it cannot read");
    rig.host().set_health(rig.context(), 1, {});
    CHECK(context.health() == Health(false, "it cannot read"));
    context.set_trouble("");
    CHECK(context.health() == Health(true, ""));
}

TEST_CASE("a sentence that is too long is cut between two characters") {
    Rig rig;
    Context& context = rig.it.make().context();
    const std::string fits(Context::kSentenceBytesMax - 1, 'x');
    for (const char* last : {"\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x8c\x89"}) {
        rig.host().set_error(rig.context(), ZB_FAILED, 0, view_of(fits + last));
        CHECK(context.take_trouble().sentence == fits);
        rig.host().set_health(rig.context(), 0, view_of(fits + last));
        CHECK(context.health().second == fits);
        plugin::StepCall call;
        context.step_call = &call;
        rig.host().set_reason(rig.context(), view_of(fits + last));
        CHECK(call.reason == fits);
        context.step_call = nullptr;
        context.option_error("key", 0, fits + last);
        CHECK(context.problems().back().sentence == "`key`: " + fits);
    }
    const std::string no_text(Context::kSentenceBytesMax + 1, '\x80');  // no UTF-8: no matter where
    rig.host().set_error(rig.context(), ZB_FAILED, 0, view_of(no_text));
    CHECK(context.take_trouble().sentence.size() == 4 * Context::kSentenceBytesMax);  // \x80
}

TEST_CASE("a sentence is text that no terminal obeys, whatever bytes the plugin gives") {
    Rig rig;
    Context& context = rig.it.make().context();
    const std::string_view given = "\"no\"\n\x1b[31m \xc3\xa9 \xff";
    const std::string shown = "\"no\"\\n\\x1b[31m \xc3\xa9 \\xff";
    rig.host().set_error(rig.context(), ZB_FAILED, 0, view_of(given));
    CHECK(context.take_trouble().sentence == shown);
    rig.host().set_health(rig.context(), 0, view_of(given));
    CHECK(context.health().second == shown);
    plugin::StepCall call;
    context.step_call = &call;
    rig.host().set_reason(rig.context(), view_of(given));
    context.step_call = nullptr;
    CHECK(call.reason == shown);
    context.option_error("k\n", 0, given);
    CHECK(context.problems().back().sentence == "`k\\n`: " + shown);
}

TEST_CASE("of 200 problems with options the rest is not kept") {
    Rig rig;
    Context& context = rig.it.make().context();
    for (size_t i = 0; i < Context::kProblemsMax + 10; i++)
        rig.host().option_error(rig.context(), "key", 0, view_of("wrong"));
    CHECK(context.problems().size() == Context::kProblemsMax);
}

TEST_CASE("what a plugin says of an option stands at its place in the file") {
    ManualClock clock;
    plugin::Services services{&clock, nullptr, nullptr, {}};
    ScriptedPlugin it(services);
    it.options.values["fields"] = {{"", "card", 0, 0, 12, 20}, {"", "", 0, 0, 13, 20}};
    it.options.values["mode"] = {{"", "hold", 0, 0, 0, 0}};  // its fallback
    it.script.create = [&] {
        const zb_host& host = *it.script.host;
        CHECK(host.option_count(it.script.context, "fields") == 2);
        CHECK(text_of(host.option_text(it.script.context, "fields", 0)) == "card");
        host.option_error(it.script.context, "fields", 1, view_of("it is empty"));
        host.option_error(it.script.context, "mode", 0, view_of("not here"));
        return zb_result{ZB_INVALID};
    };
    Script::current = &it.script;
    auto checked = plugin::Declaration::check(&it.script.plugin, "");
    REQUIRE(checked.ok());
    auto made = plugin::Instance::create(**checked, it.options, services);
    REQUIRE_FALSE(made.ok());
    REQUIRE(made.error().size() == 2);
    CHECK(made.error()[0].line == 13);
    CHECK(made.error()[0].column == 20);
    CHECK(made.error()[0].sentence == "`fields`: it is empty");
    CHECK(made.error()[1].line == 7);  // the instance's own
}

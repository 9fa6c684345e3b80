#include "bridge/plugin/remarks.h"

#include <doctest/doctest.h>

#include "tests/unit/support/scripted_plugin.h"

using namespace zbridge;
using namespace zbridge::testing;
using namespace std::chrono_literals;
using plugin::Remarks;

namespace {

// What is said, once the log has ended.
struct Said {
    ManualClock clock;
    std::vector<std::string> lines;
    std::unique_ptr<telemetry::Log> log = std::make_unique<telemetry::Log>(
        telemetry::LogOptions{telemetry::Level::kInfo,
                              {},
                              false,
                              4096,
                              [this](std::string_view line) { lines.emplace_back(line); }},
        clock);
    bool has(size_t line, std::string_view text) const {
        return line < lines.size() && lines[line].find(text) != std::string::npos;
    }
};

}  // namespace

TEST_CASE("a remark names instance and place; each kind comes again after 10 s, with how often") {
    Said said;
    Remarks remarks({"mask-cards (mask 1.0.0)", "mask-cards", "shop.yaml:7:3"}, said.log.get(),
                    &said.clock);
    for (int i = 0; i < 1000; i++)
        remarks.say(Remarks::Kind::kFailed, "has failed");
    remarks.say(Remarks::Kind::kKeptTooMany, "keeps too many");
    said.clock.advance(Remarks::kAgainAfter - 1ns);
    remarks.say(Remarks::Kind::kFailed, "has failed");
    said.clock.advance(1ns);
    remarks.say(Remarks::Kind::kFailed, "has failed otherwise");
    said.log.reset();
    REQUIRE(said.lines.size() == 3);
    CHECK(said.has(0,
                   "plugin mask-cards (mask 1.0.0) has failed  instance=mask-cards "
                   "at=shop.yaml:7:3 times=1\n"));
    CHECK(said.has(1, "keeps too many  instance=mask-cards at=shop.yaml:7:3 times=1\n"));
    CHECK(said.has(2, "has failed otherwise  instance=mask-cards at=shop.yaml:7:3 times=1002\n"));
}

TEST_CASE("where nobody logs nothing is said") {
    ManualClock clock;
    Remarks remarks({"mask-cards (mask 1.0.0)", "mask-cards", "shop.yaml:7:3"}, nullptr, &clock);
    remarks.say(Remarks::Kind::kFailed, "has failed");
}

TEST_CASE("what goes wrong in any function of an instance that runs is said with its plugin") {
    Said said;
    plugin::Services services{&said.clock, said.log.get(), nullptr, {}};
    plugin::Pulse pulse;
    {
        const auto throws = [] { throw std::runtime_error("out of cards"); };
        std::vector<std::unique_ptr<ScriptedPlugin>> all;
        const auto instance = [&](const std::string& name, auto script) -> plugin::Instance& {
            all.push_back(std::make_unique<ScriptedPlugin>(services, name));
            script(all.back()->script);
            return all.back()->make();
        };
        zb_message message;
        plugin::StepCall call;
        (void)instance("step", [&](Script& script) {
            script.step = [&](zb_message*) {
                throws();
                return zb_verdict{ZB_PASS};
            };
        }).on_message(message, call, pulse);
        plugin::ReadCall read;
        (void)instance("source", [&](Script& script) {
            script.read = [&](uint64_t) {
                throws();
                return zb_result{ZB_OK};
            };
        }).read(read, {}, pulse);
        std::vector<uint32_t> answers;
        (void)instance("sink", [&](Script& script) {
            script.batch = [&](zb_message* const*, uint32_t, uint32_t*) {
                throws();
                return zb_result{ZB_OK};
            };
        }).on_batch({}, answers, pulse);
        std::string user;
        (void)instance("auth", [&](Script& script) {
            script.peer = [&](const zb_peer_claim&, zb_view*) {
                throws();
                return int32_t{ZB_ALLOW};
            };
        }).on_peer({}, user, pulse);
        instance("drains", [&](Script& script) { script.drain = throws; }).drain({});
        instance("stops", [&](Script& script) { script.stop = throws; }).stop();
    }
    said.log.reset();
    REQUIRE(said.lines.size() == 6);
    const std::vector<std::pair<std::string, std::string>> expected{
        {"step", "has failed"}, {"source", "cannot read"},  {"sink", "cannot take messages"},
        {"auth", "has failed"}, {"drains", "cannot drain"}, {"stops", "cannot stop"}};
    for (size_t i = 0; i < expected.size(); i++) {
        const auto& [name, what] = expected[i];
        CHECK_MESSAGE(said.has(i, "plugin " + name + " (scripted 1.2.3) " + what +
                                      ": it threw an exception: out of cards"),
                      said.lines[i]);
        CHECK(said.has(i, "instance=" + name + " at=shop.yaml:7:3"));
    }
}

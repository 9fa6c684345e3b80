#include "bridge/plugin/sink_line.h"

#include <doctest/doctest.h>

#include "tests/unit/plugin/worker_rig.h"

using namespace zbridge;
using namespace zbridge::testing;
using namespace std::chrono_literals;
using plugin::SinkLine;
using plugin::Ticket;

namespace {

struct Rig final : plugin::Settling {
    ~Rig() override { rig.end(); }
    SinkLine& line() {
        if (!line_) line_ = std::make_unique<SinkLine>(rig.worker(), rig.timers, rig.clock);
        return *line_;
    }
    Ticket take(const std::string& body, Attributes attributes = {}) {
        const Ticket ticket = ++tickets;
        line().take(make_message(rig.memory, {body}), std::move(attributes), ticket, *this);
        return ticket;
    }
    void on_settled(Ticket ticket, std::optional<Refusal> why, std::string_view) override {
        settled.push_back(std::to_string(ticket) + (why ? " " + std::string(name_of(*why)) : ""));
    }
    // The sink answers each message by the number that its body is, and notes it.
    void answer_by_body() {
        rig.it.script.batch = [this](zb_message* const* messages, uint32_t count,
                                     uint32_t* answers) -> zb_result {
            std::string seen;
            for (uint32_t i = 0; i < count; i++) {
                const std::string body = rig.it.body(messages[i]);
                answers[i] = answer ? answer(body) : uint32_t{ZB_DONE};
                seen += body;
            }
            batches.push_back(seen);
            return result;
        };
    }

    WorkerRig rig;
    std::function<uint32_t(const std::string&)> answer;
    zb_result result = ZB_OK;
    std::vector<std::string> settled, batches;
    Ticket tickets = 0;

 private:
    std::unique_ptr<SinkLine> line_;
};

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("messages reach the sink in order, in batches, and are settled when it has them") {
    Rig rig;
    rig.answer_by_body();
    for (const char* body : {"a", "b", "c"})
        rig.take(body);
    CHECK(rig.settled.empty());
    rig.rig.settle();
    CHECK(rig.batches == Texts{"a", "bc"});  // `a` was there alone
    CHECK(rig.settled == Texts{"1", "2", "3"});
    CHECK(rig.line().idle());
    CHECK(rig.line().bytes() == 0);
    CHECK(rig.rig.it.instance->counters.accepted == 3);
}

TEST_CASE("a rejected message is told to its source, and not tried again") {
    Rig rig;
    rig.answer_by_body();
    rig.answer = [](const std::string& body) { return body == "b" ? ZB_REJECT : ZB_DONE; };
    for (const char* body : {"a", "b", "c"})
        rig.take(body);
    rig.rig.settle();
    CHECK(rig.settled == Texts{"1", "2 rejected", "3"});
    CHECK(rig.rig.it.instance->counters.rejected == 1);
}

TEST_CASE("what is to be retried comes again before those behind it, after a pause") {
    Rig rig;
    rig.answer_by_body();
    bool sick = true;
    rig.answer = [&](const std::string& body) {
        return sick && (body == "b" || body == "d") ? ZB_RETRY : ZB_DONE;
    };
    for (const char* body : {"a", "b", "c", "d"})
        rig.take(body);
    rig.rig.settle();
    rig.take("e");
    rig.rig.settle();
    CHECK(rig.batches == Texts{"a", "bcd"});
    CHECK(rig.settled == Texts{"1", "3"});
    sick = false;
    rig.rig.pass(9ms);
    rig.rig.settle();
    CHECK(rig.batches.size() == 2);
    rig.rig.pass(1ms);
    rig.rig.settle();
    CHECK(rig.batches.back() == "bde");
    CHECK(rig.settled == Texts{"1", "3", "2", "4", "5"});
    CHECK(rig.rig.it.instance->counters.retried == 2);
}

TEST_CASE(
    "pauses grow from 10 ms to 10 s while the sink takes nothing, and begin anew when it does") {
    Rig rig;
    rig.answer_by_body();
    rig.answer = [](const std::string&) { return ZB_RETRY; };
    rig.take("a");
    rig.rig.settle();
    Duration pause = 10ms;
    for (int i = 0; i < 14; i++) {
        const size_t before = rig.batches.size();
        rig.rig.pass(pause - 1ms);
        rig.rig.settle();
        CHECK(rig.batches.size() == before);
        rig.rig.pass(1ms);
        rig.rig.settle();
        CHECK(rig.batches.size() == before + 1);
        pause = std::min<Duration>(2 * pause, 10s);
    }
    CHECK(pause == 10s);
    // Half of them: progress, so that a sink which often fails is not a slow one.
    rig.answer = [](const std::string& body) { return body == "a" ? ZB_DONE : ZB_RETRY; };
    rig.take("b");
    rig.rig.pass(10s);
    rig.rig.settle();
    CHECK(rig.settled == Texts{"1"});
    rig.rig.pass(10ms);
    rig.rig.settle();
    CHECK(rig.batches.back() == "b");
}

TEST_CASE("a sink that fails retries what it has not answered; health says so until it recovers") {
    Rig rig;
    rig.answer_by_body();
    rig.result = ZB_FAILED;
    rig.answer = [&](const std::string& body) {
        rig.rig.it.script.host->set_error(rig.rig.it.script.context, ZB_FAILED, 1,
                                          view_of("the disk is full"));
        return body == "a" ? ZB_DONE : ZB_RETRY;
    };
    rig.take("a");
    rig.take("b");
    rig.rig.settle();
    CHECK(rig.settled == Texts{"1"});
    auto [healthy, why] = rig.rig.it.instance->context().health();
    CHECK_FALSE(healthy);
    CHECK(why == "plugin scripted (scripted 1.2.3) cannot take messages: the disk is full");
    rig.result = ZB_OK;
    rig.answer = nullptr;
    rig.rig.pass(1s);
    rig.rig.settle();
    CHECK(rig.settled == Texts{"1", "2"});
    CHECK(rig.rig.it.instance->context().health().first);
}

TEST_CASE("a sink that throws, or answers nonsense, has not taken the message") {
    Rig rig;
    int calls = 0;
    rig.rig.it.script.batch = [&](zb_message* const*, uint32_t, uint32_t* answers) -> zb_result {
        answers[0] = 99;
        if (calls++ == 0) throw std::runtime_error("a bug");
        if (calls == 2) return ZB_OK;
        answers[0] = ZB_DONE;
        return ZB_OK;
    };
    rig.take("a");
    rig.rig.settle();
    CHECK(rig.rig.it.instance->context().health().second.find("it threw an exception: a bug") !=
          std::string::npos);
    CHECK(rig.settled.empty());
    rig.rig.pass(1s);
    rig.rig.settle();
    CHECK(rig.settled.empty());
    CHECK(rig.rig.it.instance->context().health().second ==
          "plugin scripted (scripted 1.2.3) cannot take messages: it answered 99, which is no "
          "answer");
    rig.rig.pass(1s);
    rig.rig.settle();
    CHECK(rig.settled == Texts{"1"});
    CHECK(rig.rig.it.instance->context().health().first);
}

TEST_CASE("a batch has as many messages, and bytes, as the sink wants") {
    Rig rig;
    rig.answer_by_body();
    rig.rig.it.script.as_sink.batch_messages = 2;
    for (const char* body : {"a", "b", "c", "d"})
        rig.take(body);
    rig.rig.settle();
    CHECK(rig.batches == Texts{"a", "bc", "d"});

    Rig heavy;
    heavy.answer_by_body();
    heavy.rig.it.script.as_sink.batch_bytes = 1;
    for (const char* body : {"a", "b", "c"})
        heavy.take(body);
    heavy.rig.settle();
    CHECK(heavy.batches == Texts{"a", "b", "c"});  // one is never too large
}

TEST_CASE("at line_messages and line_bytes there is no room; who asked is told") {
    Rig rig;
    rig.rig.it.options.line_messages = 2;
    rig.answer_by_body();
    RoomBell bell;
    rig.take("a");
    CHECK(rig.line().has_room(bell));
    rig.take("b");
    CHECK_FALSE(rig.line().has_room(bell));
    CHECK_FALSE(rig.line().has_room(bell));
    rig.rig.settle();
    CHECK(bell.rings == 1);
    CHECK(rig.line().has_room(bell));
    Rig heavy;
    heavy.rig.it.options.line_bytes = 100;
    heavy.take(std::string(100, 'x'));
    CHECK_FALSE(heavy.line().has_room(bell));
}

TEST_CASE("attributes and properties count in line_bytes as bodies do") {
    Rig rig;
    rig.rig.it.options.line_bytes = 1000;
    RoomBell bell;
    Attributes attributes;
    attributes.properties.emplace_back("trace", Value(std::string(600, 'x')));
    attributes.keys = {std::string(400, 'k')};
    rig.take("a", attributes);
    CHECK_FALSE(rig.line().has_room(bell));
    rig.rig.settle();
    CHECK(rig.line().bytes() == 0);
    CHECK(rig.line().has_room(bell));
}

TEST_CASE("a sink that fails and recovers is as degraded as it says itself") {
    Rig rig;
    rig.answer_by_body();
    rig.rig.worker();
    Script& script = rig.rig.it.script;
    script.host->set_health(script.context, 0, view_of("the other half is gone"));
    rig.result = ZB_FAILED;
    rig.answer = [](const std::string&) { return ZB_RETRY; };
    rig.take("a");
    rig.rig.settle();
    rig.result = ZB_OK;
    rig.answer = nullptr;
    rig.rig.pass(1s);
    rig.rig.settle();
    CHECK(rig.settled == Texts{"1"});
    CHECK(rig.rig.it.instance->context().health() ==
          std::pair<bool, std::string>(false, "the other half is gone"));
}

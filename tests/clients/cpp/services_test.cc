// Calling services and working for them, over connections that are lost: what the core says, and what
// the application is told. The bridge's side is said by hand.
#include <doctest/doctest.h>

#include "tests/clients/cpp/program.h"

using namespace zbridge::client;
using namespace zbridge::client::tests;
using core::Command;
using core::Heard;

namespace {

struct Answer final : core::ReplyWaiter {
    bool done = false;
    Reply reply;
    Failure failure;
    void on_answered(const Reply& given, const Failure& why) override {
        demand(!std::exchange(done, true), "a call is answered once");
        reply = given;
        failure = why;
    }
};

// A core that is open; WELCOME is said by hand.
struct World {
    World() : core(named(), 0, 1, 1) { connect({}); }

    static Options named() {
        Options options;
        options.name = "a";
        return options;
    }
    void connect(const std::vector<uint64_t>& calls) {
        core.tick(now_ms);
        REQUIRE(core.take_output(now_ms).size() == 1);
        Command welcome("WELCOME");
        welcome.number("version", 1).number("epoch", 1);
        welcome.value("features", [](core::Packer& packer) {
            packer.pack_array(1);
            core::pack_text(packer, "calls");
        });
        welcome.number("heartbeat", 60'000).number("resumed", 0);
        welcome.value("calls", [&](core::Packer& packer) { packer.pack(calls); });
        welcome.value("limits", [](core::Packer& packer) {
            packer.pack_map(1);
            core::pack_text(packer, "calls");
            packer.pack_uint64(3);
        });
        hear(welcome.said());
        REQUIRE(core.is_open());
    }
    void lose() {
        core.lost("cut", now_ms);
        now_ms = *core.next_deadline();
    }
    void hear(const core::Said& said) {
        core::Block block;
        if (said.block) {
            const auto kept = std::make_shared<const std::string>(*said.block);
            block = {kept, *kept};
        }
        core.received(said.header, block, now_ms);
    }
    std::vector<std::string> said() {
        core.tick(now_ms);
        std::vector<std::string> found;
        for (const core::Said& each : core.take_output(now_ms))
            found.push_back(each.header);
        return found;
    }
    std::vector<std::string> names() {
        std::vector<std::string> found;
        for (const std::string& each : said())
            found.emplace_back(Heard(each).name);
        return found;
    }
    std::shared_ptr<Answer> call(bool again = false, std::optional<uint64_t> timeout_ms = {}) {
        auto answer = std::make_shared<Answer>();
        core.calling.call({"accounts", core::body_of("hello"), timeout_ms, again, answer, 0},
                          now_ms);
        return answer;
    }
    void give(uint64_t sub, const std::string& id) {
        hear(Command("CALL")
                 .number("sub", sub)
                 .octets("call", id)
                 .number("attempt", 1)
                 .number("timeout", 2000)
                 .said(core::body_of("hello")));
    }

    core::Core core;
    uint64_t now_ms = 0;
};

const std::string kCall(16, 'c');

}  // namespace

TEST_CASE("a call is answered by its reply, or by what it was refused with") {
    World world;
    const auto one = world.call(), two = world.call();
    const auto said = world.said();
    REQUIRE(said.size() == 2);
    const uint64_t first = Heard(said[0]).fields.number("ref");
    const uint64_t second = Heard(said[1]).fields.number("ref");
    world.hear(Command("REFUSED")
                   .text("re", "CALL")
                   .number("ref", second)
                   .text("code", "failed")
                   .text("text", "no such account")
                   .said());
    world.hear(Command("REPLY").number("ref", first).said(core::body_of("ok")));
    CHECK(one->reply.body() == "ok");
    CHECK(two->failure.code == "failed");
    CHECK(two->failure.text == "no such account");
    CHECK(world.core.has_nothing_to_say());
}

TEST_CASE("no more calls wait on a connection than the bridge allows") {
    World world;
    for (int n = 0; n < 5; n++)
        world.call();
    const auto said = world.said();
    CHECK(said.size() == 3);
    world.hear(Command("REPLY")
                   .number("ref", Heard(said[1]).fields.number("ref"))
                   .said(core::body_of("ok")));
    CHECK(world.said().size() == 1);
}

TEST_CASE("over a lost connection a call goes on, goes again, or is in doubt") {
    World world;
    const auto listed = world.call(), again = world.call(true), unknown = world.call();
    const auto said = world.said();
    const auto unsaid = world.call();
    const uint64_t ref = Heard(said[0]).fields.number("ref");
    world.lose();
    world.connect({ref});
    CHECK_FALSE(listed->done);
    CHECK(unknown->failure.code == "in_doubt");
    CHECK_FALSE(again->done);
    const auto anew = world.said();
    REQUIRE(anew.size() == 2);
    CHECK(anew[0] == said[1]);  // the same ref
    CHECK_FALSE(unsaid->done);
    world.hear(Command("REPLY").number("ref", ref).said(core::body_of("ok")));
    CHECK(listed->reply.body() == "ok");
}

TEST_CASE("a call whose time is over ends also without a bridge, and a late reply is nobody's") {
    World world;
    const auto call = world.call(false, 1000);
    const auto said = world.said();
    const Heard heard(said[0]);
    CHECK(heard.fields.number("timeout") == 1000);
    world.now_ms += 1000 + core::Calling::kPatienceMs;
    world.core.tick(world.now_ms);
    CHECK(call->failure.code == "no_answer");
    world.hear(
        Command("REPLY").number("ref", heard.fields.number("ref")).said(core::body_of("ok")));
    CHECK(world.core.is_open());
}

TEST_CASE("a call that an ending bridge has not taken goes to the next") {
    World world;
    const auto call = world.call();
    const uint64_t ref = Heard(world.said()[0]).fields.number("ref");
    world.hear(Command("BYE").text("code", "shutting_down").said());
    world.hear(Command("REFUSED")
                   .text("re", "CALL")
                   .number("ref", ref)
                   .text("code", "shutting_down")
                   .said());
    CHECK_FALSE(call->done);
    CHECK(world.names() == std::vector<std::string>{"BYE"});
    world.hear(Command("BYE").said());
    world.now_ms = *world.core.next_deadline();
    world.connect({});
    CHECK(world.names() == std::vector<std::string>{"CALL"});
}

TEST_CASE("a worker is given calls and answers them, each once") {
    World world;
    const auto service = world.core.serving.serve("accounts", 8);
    CHECK(world.names() == std::vector<std::string>{"SUBSCRIBE"});
    world.give(service->sub, kCall);
    const auto work = world.core.serving.take(*service, world.now_ms);
    REQUIRE(work);
    CHECK(core::frames_of(work->message).at(0) == "hello");
    world.core.serving.reply(*work, core::body_of("ok"));
    world.core.serving.fail(*work, "too late");
    CHECK(world.names() == std::vector<std::string>{"REPLY"});
    SUBCASE("over a lost connection it says it again: whether it came is not known") {
        world.lose();
        world.connect({});
        CHECK(world.names() == std::vector<std::string>{"SUBSCRIBE", "REPLY"});
    }
    SUBCASE("but not for ever") {
        world.now_ms += core::Serving::kKeptMs;
        world.lose();
        world.connect({});
        CHECK(world.names() == std::vector<std::string>{"SUBSCRIBE"});
    }
}

TEST_CASE("what a worker has in hand when the connection is lost it answers on the next") {
    World world;
    const auto service = world.core.serving.serve("accounts", 8);
    world.said();
    world.give(service->sub, kCall);
    world.give(service->sub, std::string(16, 'd'));
    const auto work = world.core.serving.take(*service, world.now_ms);
    world.lose();
    CHECK_FALSE(world.core.serving.take(*service, world.now_ms));  // another worker has it
    world.core.serving.reply(*work, core::body_of("ok"));
    world.connect({});
    CHECK(world.names() == std::vector<std::string>{"SUBSCRIBE", "REPLY"});
}

TEST_CASE("what nobody waits for any more is not looked at") {
    World world;
    const auto service = world.core.serving.serve("accounts", 8);
    world.said();
    world.give(service->sub, kCall);
    CHECK_FALSE(world.core.serving.take(*service, world.now_ms + 2000));
    const auto said = world.said();
    REQUIRE(said.size() == 1);  // its place of the credit is free
    CHECK_FALSE(Heard(said[0]).fields.text("error").empty());
}

TEST_CASE("a worker that closes answers what it was given, then the client says BYE") {
    World world;
    const auto service = world.core.serving.serve("accounts", 8);
    world.said();
    world.give(service->sub, kCall);
    world.core.close(world.now_ms);
    CHECK(world.names() == std::vector<std::string>{"UNSUBSCRIBE"});
    world.hear(Command("UNSUBSCRIBED").number("sub", service->sub).said());
    CHECK(world.names().empty());
    const auto work = world.core.serving.take(*service, world.now_ms);
    REQUIRE(work);
    world.core.serving.reply(*work, core::body_of("ok"));
    CHECK(world.names() == std::vector<std::string>{"REPLY", "BYE"});
    CHECK(service->failure.code == "closed");
}

TEST_CASE("a bridge that ends is answered what it had given") {
    World world;
    const auto service = world.core.serving.serve("accounts", 8);
    world.said();
    world.give(service->sub, kCall);
    world.hear(Command("BYE").text("code", "shutting_down").said());
    CHECK(world.names() == std::vector<std::string>{"UNSUBSCRIBE"});
    world.hear(Command("UNSUBSCRIBED").number("sub", service->sub).said());
    const auto work = world.core.serving.take(*service, world.now_ms);
    REQUIRE(work);
    world.core.serving.reply(*work, core::body_of("ok"));
    CHECK(world.names() == std::vector<std::string>{"REPLY", "BYE"});
    CHECK_FALSE(service->failure);
}

// What the command line asks: ADMIN, at the admin endpoint.
#include <doctest/doctest.h>

#include <map>
#include <utility>
#include <vector>

#include "bridge/protocol/limits.h"
#include "tests/unit/protocol/sessions_world.h"

using namespace zbridge;
using namespace zbridge::testing;
using telemetry::Report;

namespace {

using Args = std::map<std::string, std::string>;

// Its calls: `echo` answers at once, `wait` when told to, `fail` with the code that is asked for.
struct AdminWorld {
    AdminWorld()
        : sessions([this](std::string_view call, const Report& args,
                          const protocol::TellReport& tell) { answer(call, args, tell); }) {}

    void answer(std::string_view call, const Report& args, const protocol::TellReport& tell) {
        if (call == "echo") return tell(args);
        if (call == "wait") return waiting.push_back(tell);
        const std::pair<std::string, Code> codes[] = {{"invalid", Code::kInvalid},
                                                      {"not_found", Code::kNotFound},
                                                      {"busy", Code::kBusy},
                                                      {"io", Code::kIo}};
        for (const auto& [name, code] : codes) {
            if (args.at("code").text() == name) return tell(Status(code, "it is " + name));
        }
    }
    std::string ask(StubPeer& peer, uint64_t ref, const std::string& call) {
        return sessions.ask(peer, Said("ADMIN").with("ref", ref).with("call", call));
    }

    std::vector<protocol::TellReport> waiting;
    SessionsWorld sessions;
};

Said asked(const std::string& call, const Args& args) {
    return Said("ADMIN").with("ref", 7).with("call", call).with("args", args);
}

}  // namespace

TEST_CASE("the admin endpoint says that it answers calls, and how many at once") {
    AdminWorld world;
    (void)world.sessions.client();
    CHECK(world.sessions.welcome.find("resume admin]") != std::string::npos);
    CHECK(world.sessions.welcome.find("asks=16") != std::string::npos);
    CHECK(world.sessions.welcome.find("header_bytes=16777216") != std::string::npos);
}

TEST_CASE("a call is answered under its number, at once or later") {
    AdminWorld world;
    StubPeer& peer = world.sessions.client();
    CHECK(world.ask(peer, 5, "wait") == "");
    CHECK(world.ask(peer, 6, "wait") == "");
    CHECK(world.sessions.ask(peer, asked("echo", {{"a", "1"}})) == "ANSWER ref=7 report=a=1");
    REQUIRE(world.waiting.size() == 2);
    world.waiting[1](Report("second"));
    world.waiting[0](Report("first"));
    CHECK(world.sessions.got(peer) == "ANSWER ref=6 report=second, ANSWER ref=5 report=first");
}

TEST_CASE("what cannot be answered is refused under its number, and that is all") {
    AdminWorld world;
    StubPeer& peer = world.sessions.client();
    const auto refused = [&](const std::string& code) {
        return world.sessions.ask(peer, asked("fail", {{"code", code}}));
    };
    CHECK(refused("invalid") ==
          "REFUSED re=ADMIN ref=7 code=unable text=it is invalid fatal=false");
    CHECK(refused("not_found") ==
          "REFUSED re=ADMIN ref=7 code=not_found text=it is not_found fatal=false");
    CHECK(refused("busy") == "REFUSED re=ADMIN ref=7 code=line_full text=it is busy fatal=false");
    CHECK(refused("io") == "REFUSED re=ADMIN ref=7 code=store_failed text=it is io fatal=false");
    CHECK_FALSE(peer.closed_as);
    CHECK(world.ask(peer, 8, "echo") == "ANSWER ref=8 report=");
}

TEST_CASE("elsewhere no call is answered") {
    SessionsWorld world;
    StubPeer& peer = world.client();
    CHECK(world.ask(peer, asked("echo", {})) ==
          "REFUSED re=ADMIN ref=7 code=denied text=it is answered at the admin socket alone "
          "fatal=false");
    CHECK_FALSE(peer.closed_as);
    StubPeer& needs = world.peer();
    CHECK(world.ask(needs, Said("HELLO")
                               .with("versions", std::vector<int>{1})
                               .with("needs", std::vector<std::string>{"admin"})) ==
          "REFUSED re=HELLO code=unsupported text=admin fatal=true");
}

TEST_CASE("so many calls may have no answer yet, and no more") {
    AdminWorld world;
    StubPeer& peer = world.sessions.client();
    for (uint64_t ref = 1; ref <= protocol::kAsksMax; ref++)
        CHECK(world.ask(peer, ref, "wait") == "");
    CHECK(world.ask(peer, 99, "echo") ==
          "REFUSED re=ADMIN ref=99 code=line_full text=as many calls have no answer yet as may "
          "fatal=false");
    StubPeer& other = world.sessions.client();
    CHECK(world.ask(other, 1, "echo") == "ANSWER ref=1 report=");
    world.waiting[0](Report(1));
    CHECK(world.sessions.got(peer) == "ANSWER ref=1 report=1");
    CHECK(world.ask(peer, 99, "echo") == "ANSWER ref=99 report=");
}

TEST_CASE("arguments that are none end the session") {
    using namespace std::string_view_literals;
    const auto told = [](std::string_view args) {
        AdminWorld world;
        StubPeer& peer = world.sessions.client();
        const Said said = Said("ADMIN").with("ref", 1).with("call", std::string("echo"));
        const std::string answer = world.sessions.ask(peer, said.raw("\xa4"
                                                                     "args" +
                                                                     std::string(args)));
        CHECK(peer.closed_as == Refusal::kMalformed);
        return answer;
    };
    constexpr std::string_view kWrong =
        "code=malformed text=ADMIN: `args` is not of its type, or beyond its limits fatal=true";
    CHECK(told("\x01"sv).ends_with(kWrong));
    CHECK(told("\x91\x01"sv).ends_with(kWrong));
    CHECK(told("\x81\xa1k\xd4\x01x"sv).find("ADMIN: `args`: no msgpack") != std::string::npos);
    CHECK(told("\x81\x01\x02"sv).find("a key that is no text") != std::string::npos);
}

TEST_CASE("an argument may be as long as a message") {
    AdminWorld world;
    StubPeer& peer = world.sessions.client();
    const std::string body(2 * protocol::kHeaderBytesMax, 'x');
    const std::string told = world.sessions.ask(peer, asked("echo", {{"body", body}}));
    CHECK(told == "ANSWER ref=7 report=body=" + body);
}

TEST_CASE("who has gone is told nothing, and who says BYE is told first") {
    AdminWorld world;
    StubPeer& gone = world.sessions.client();
    CHECK(world.ask(gone, 1, "wait") == "");
    StubPeer& leaving = world.sessions.client();
    CHECK(world.ask(leaving, 2, "wait") == "");
    gone.leave();
    CHECK(world.sessions.ask(leaving, Said("BYE")) == "");
    REQUIRE(world.waiting.size() == 2);
    world.waiting[0](Report(1));
    world.waiting[1](Report(2));
    CHECK(world.sessions.got(leaving) == "ANSWER ref=2 report=2, BYE");
}

TEST_CASE("while the bridge ends whoever asks is answered") {
    AdminWorld world;
    StubPeer& before = world.sessions.client();
    world.sessions.sessions.drain();
    CHECK(world.sessions.got(before).starts_with("BYE code=shutting_down"));
    StubPeer& late = world.sessions.peer();
    const std::string told =
        world.sessions.ask(late, Said("HELLO").with("versions", std::vector<int>{1}));
    CHECK(told.starts_with("WELCOME"));
    CHECK(told.find(", BYE code=shutting_down") != std::string::npos);
    CHECK(world.ask(late, 1, "echo") == "ANSWER ref=1 report=");
    CHECK(world.ask(before, 1, "echo") == "ANSWER ref=1 report=");
    world.sessions.publish(late, 1, {"x"});
    CHECK(world.sessions.got(late) ==
          "RECEIPT stored=[] refused=[[1 1 shutting_down the bridge is ending]]");
}

TEST_CASE("the admin endpoint is never held: what there is no room for is refused") {
    AdminWorld world;
    StubPeer& peer = world.sessions.client();
    world.sessions.toy.room = false;
    CHECK(world.sessions.publish(peer, 1, {"x1", "x2"}) == net::Take::kTaken);
    CHECK_FALSE(world.sessions.gate.held);
    CHECK(world.sessions.got(peer) ==
          "RECEIPT stored=[] refused=[[1 2 line_full the disk is behind]]");
    CHECK(world.ask(peer, 1, "echo") == "ANSWER ref=1 report=");
}

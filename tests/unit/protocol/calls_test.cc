// CALL and REPLY: what callers and workers of ZBP/1 are told, and what becomes of what they leave behind.
#include <doctest/doctest.h>

#include <string>

#include "bridge/protocol/limits.h"
#include "tests/unit/protocol/calls_world.h"
#include "tests/unit/rpc/lives.h"

using namespace zbridge;
using namespace zbridge::testing;
using namespace std::chrono_literals;

namespace {

using World = CallsWorld;
using Execute = rpc::ServiceOptions::Execute;

rpc::ServiceOptions at_least_once() {
    return {.execute = Execute::kAtLeastOnce, .timeout = 10s, .retry_times = 1};
}

std::string refused(uint64_t ref, std::string_view code, std::string_view text) {
    return "REFUSED re=CALL ref=" + std::to_string(ref) + " code=" + std::string(code) +
           " text=" + std::string(text) + " fatal=false";
}
std::string refused(uint64_t ref, Refusal why) {
    return refused(ref, name_of(why), meaning_of(why));
}

}  // namespace

// ---- who calls ----

TEST_CASE("a CALL is answered by a plain worker, and a plain client by a worker of ZBP/1") {
    World world;
    StubPeer& rep = world.rep();
    StubPeer& caller = world.client();
    world.call(caller, 7, "hello");
    world.echo(rep);
    CHECK(world.got(caller) == "REPLY ref=7 | hello!");
    rep.leave();

    StubPeer& worker = world.worker();
    StubPeer& req = world.req();
    req.say({"", "a", "b"});
    CHECK(world.got(worker) == "CALL sub=1 call=i2 attempt=1 timeout=5000 | a b");
    world.reply(worker, 2, "done");
    world.turn();
    CHECK(req.received() == std::vector<Frames>{{"", "done"}});
}

TEST_CASE("where there are services, there is the feature") {
    World world;
    world.client();
    CHECK(world.welcome.find("features=[calls resume]") != std::string::npos);
    CHECK(world.welcome.find(" calls=[") == std::string::npos);
}

TEST_CASE("many calls are under way, and answered in any order") {
    World world;
    StubPeer& worker = world.worker(10);
    StubPeer& caller = world.client();
    for (const uint64_t ref : {1, 2, 3})
        world.call(caller, ref);
    world.reply(worker, 3, "c");
    world.reply(worker, 1, "a");
    CHECK(world.got(caller) == "REPLY ref=3 | c, REPLY ref=1 | a");
    world.call(caller, 3);  // its number is free again
    world.reply(worker, 2, "b");
    world.reply(worker, 4, "d");
    CHECK(world.got(caller) == "REPLY ref=2 | b, REPLY ref=3 | d");
}

TEST_CASE("a call that cannot be taken is refused, and the session goes on") {
    World world({.line_max = 2});
    StubPeer& caller = world.client();
    const auto call = [&](const Said& said, const std::string& block) {
        caller.say({said.packed(), block});
        return world.got(caller);
    };
    CHECK(call(Said("CALL").with("ref", 1).with("service", std::string("play")), block_of({"x"})) ==
          refused(1, "not_found", "no service of this name"));
    CHECK(call(World::call(1).with("timeout", 0), block_of({"x"})) ==
          refused(1, "out_of_range", "timeout"));
    std::string frames;
    for (int i = 0; i < 5; i++)
        append_frame(frames, "x", i < 4);
    CHECK(call(World::call(1), frames) == refused(1, Refusal::kTooManyFrames));
    CHECK(call(World::call(1), block_of({"x"})).empty());
    CHECK(call(World::call(1), block_of({"x"})) ==
          refused(1, "out_of_state", "a CALL with this `ref` waits"));
    CHECK(call(World::call(2), block_of({"x"})).empty());
    CHECK(call(World::call(3), block_of({"x"})) == refused(3, Refusal::kBusy));
    CHECK(world.sessions.refusals().of(Refusal::kBusy) == 1);
    CHECK(world.service.status().refused.of(Refusal::kBusy) == 1);
}

TEST_CASE("no more calls of a session wait than the limit") {
    World world;
    StubPeer& caller = world.client();
    for (uint64_t ref = 1; ref <= protocol::kCallsMax; ref++)
        caller.say({World::call(ref).packed(), block_of({"x"})});
    CHECK(world.got(caller).empty());
    world.call(caller, 0);
    CHECK(world.got(caller) == refused(0, "line_full", "as many CALLs wait as may"));
    world.pass(5s);  // all are ended
    (void)world.got(caller);
    world.call(caller, 0);
    CHECK(world.got(caller).empty());
}

TEST_CASE("a call whose bytes are wrong ends the session") {
    const auto told = [](const Said& said, const std::string& block) {
        World world;
        StubPeer& its = world.worker();
        its.say(block.empty() ? Frames{said.packed()} : Frames{said.packed(), block});
        const std::string what = world.got(its);
        CHECK(its.closed_as == Refusal::kMalformed);
        return what;
    };
    const auto ends = [&](const std::string& all, const std::string& with) {
        CHECK_MESSAGE(all.find("text=" + with + " fatal=true") != std::string::npos, all);
    };
    const std::string one = block_of({"x"});
    ends(told(World::call(1), ""), "no block");
    ends(told(World::call(1), block_of({"x", "y"})), "the block is not one message");
    ends(told(World::call(1), "x"), "the block is not one message");
    ends(told(Said("CALL").with("ref", 1), one), "CALL without `service`");
    ends(told(Said("CALL").with("service", std::string("work")), one), "CALL without `ref`");
    ends(told(Said("CALL").with("ref", 1).with("service", 5), one),
         "CALL: `service` is not of its type, or beyond its limits");
    ends(told(World::call(1).with("timeout", std::string("soon")), one),
         "CALL: `timeout` is not of its type, or beyond its limits");
    ends(told(World::reply(1), ""), "no block");
    ends(told(World::reply(1), block_of({"x", "y"})), "the block is not one message");
    ends(told(World::reply(1).with("error", std::string("no")), one),
         "a block that is none of its");
    ends(told(World::reply(1).with("error", 5), ""),
         "REPLY: `error` is not of its type, or beyond its limits");
    ends(told(World::reply(1).with("error", std::string(1001, 'x')), ""),
         "REPLY: `error` is not of its type, or beyond its limits");
    ends(told(Said("REPLY").with("sub", 1), one), "REPLY without `call`");
    ends(told(Said("REPLY").with("sub", 1).with("call", std::string(16, 'x')), one),
         "REPLY: `call` is not of its type, or beyond its limits");
    ends(told(Said("REPLY").with("sub", 1).raw("\xa4"
                                               "call\xc4\x10" +
                                               std::string(16, '\1')),
              one),
         "REPLY: `call` is not of its type, or beyond its limits");
}

// ---- why there is no reply ----

TEST_CASE("a caller is told the codes that plain clients are") {
    SUBCASE("nobody works") {
        World world;
        StubPeer& caller = world.client();
        world.call(caller, 1);
        world.pass(5s);
        CHECK(world.got(caller) == refused(1, Refusal::kNoWorker));
    }
    SUBCASE("its worker is too slow, and its late reply goes to nobody") {
        World world;
        StubPeer& worker = world.worker();
        StubPeer& caller = world.client();
        world.call(caller, 1);
        world.pass(5s);
        CHECK(world.got(caller) == refused(1, Refusal::kTimeout));
        world.reply(worker, 1);
        CHECK(world.got(caller).empty());
        CHECK(world.service.status().late.total() == 1);
    }
    SUBCASE("its worker is lost") {
        World world;
        StubPeer& worker = world.worker();
        StubPeer& caller = world.client();
        world.call(caller, 1);
        world.turn();
        worker.leave();
        world.pass(5s);
        CHECK(world.got(caller) == refused(1, Refusal::kWorkerLost));
    }
    SUBCASE("a plain worker replies without a body") {
        World world;
        StubPeer& rep = world.rep();
        StubPeer& caller = world.client();
        world.call(caller, 1);
        world.turn();
        rep.say({rep.received()[0][0]});
        CHECK(world.got(caller) == refused(1, Refusal::kMalformed));
    }
    SUBCASE("the bridge ends") {
        World world;
        StubPeer& caller = world.client();
        world.service.drain();
        world.call(caller, 1);
        CHECK(world.got(caller) == refused(1, Refusal::kShuttingDown));
    }
    SUBCASE("it does not read") {
        World world;
        StubPeer& worker = world.worker(2);
        StubPeer& caller = world.client();
        caller.limit(1, 1);
        caller.set_room(0);
        world.call(caller, 1);
        world.call(caller, 2);
        world.reply(worker, 1);
        world.turn();
        world.reply(worker, 2);
        caller.limit(~uint64_t{0});
        caller.set_room(~size_t{0});
        CHECK(world.got(caller) == "REPLY ref=1 | y, " + refused(2, Refusal::kOutboxFull));
    }
}

TEST_CASE("a worker may say that it could not be done") {
    World world(at_least_once());
    StubPeer& worker = world.worker(2);
    StubPeer& caller = world.client();
    world.call(caller, 1);
    world.ask(worker, World::reply(1).with("error", std::string("no such account")));
    CHECK(world.got(caller) == refused(1, "failed", "no such account"));
    CHECK(world.service.status().ended.of(Refusal::kFailed) == 1);
    // Said again, it is late; and an empty reason is one too.
    world.ask(worker, World::reply(1).with("error", std::string("again")));
    CHECK(world.service.status().late.total() == 1);
    world.call(caller, 2);
    world.ask(worker, World::reply(2).with("error", std::string()));
    CHECK(world.got(caller) == refused(2, Refusal::kFailed));
    CHECK(world.service.status().workers_free == 1);
}

TEST_CASE("a worker's error is told plain clients by the template") {
    World world({.error_frames = {"{code}"}});
    StubPeer& worker = world.worker();
    StubPeer& req = world.req();
    req.say({"", "a"});
    world.ask(worker, World::reply(1).with("error", std::string("never mind")));
    CHECK(req.received() == std::vector<Frames>{{"", "failed"}});
}

TEST_CASE("a caller may wait for less than the service's timeout, and for no more") {
    World world;
    StubPeer& worker = world.worker(3);
    StubPeer& caller = world.client();
    (void)world.got(worker);
    for (const uint64_t ms : {2000, 60'000, 1000}) {
        caller.say({World::call(ms).with("timeout", ms).packed(), block_of({"x"})});
        world.clock.advance(100ms);
    }
    CHECK(world.got(worker) ==
          "CALL sub=1 call=i1 attempt=1 timeout=2000 | x, CALL sub=1 call=i2 attempt=1 "
          "timeout=5000 | x, CALL sub=1 call=i3 attempt=1 timeout=1000 | x");
    world.pass(800ms);
    CHECK(world.got(caller).empty());
    world.pass(100ms);
    CHECK(world.got(caller) == refused(1000, Refusal::kTimeout));
    world.pass(800ms);
    CHECK(world.got(caller) == refused(2000, Refusal::kTimeout));
    world.pass(3200ms);
    CHECK(world.got(caller) == refused(60'000, Refusal::kTimeout));
}

TEST_CASE("a service without a timeout has the caller's") {
    World world({.timeout = {}});
    StubPeer& worker = world.worker(2);
    StubPeer& caller = world.client();
    world.call(caller, 1);
    CHECK(world.got(worker) == "CALL sub=1 call=i1 attempt=1 | x");
    caller.say({World::call(2).with("timeout", 1000).packed(), block_of({"x"})});
    CHECK(world.got(worker) == "CALL sub=1 call=i2 attempt=1 timeout=1000 | x");
    world.pass(24h);
    CHECK(world.got(caller) == refused(2, Refusal::kTimeout));
}

// ---- who works ----

TEST_CASE("a worker is given no more than its credit") {
    World world;
    StubPeer& worker = world.worker(2);
    StubPeer& caller = world.client();
    for (const uint64_t ref : {1, 2, 3, 4, 5})
        world.call(caller, ref, std::to_string(ref));
    const auto given = [&] {
        std::string all;
        for (const Frames& frames : (world.turn(), worker.received()))
            all += text_of(frames).substr(text_of(frames).find('|') + 1);
        return all;
    };
    CHECK(given() == " 1 2");
    world.reply(worker, 2);
    CHECK(given() == " 3");
    const auto set_credit = [&](uint32_t credit) {
        worker.say({Said("CREDIT").with("sub", 1).with("credit", credit).packed()});
        world.service.check_invariants();
    };
    set_credit(3);
    CHECK(given() == " 4");
    set_credit(0);
    world.reply(worker, 1);
    world.reply(worker, 3);
    CHECK(given().empty());
    set_credit(1);
    CHECK(given().empty());  // it still holds one
    world.reply(worker, 4);
    CHECK(given() == " 5");
    CHECK(world.ask(worker, Said("CREDIT").with("sub", 9).with("credit", 1)) ==
          "REFUSED re=CREDIT sub=9 code=not_found text=no subscription has this number "
          "fatal=false");
}

TEST_CASE("an ended subscription has what it was given, and nothing more") {
    World world;
    StubPeer& worker = world.worker(2);
    StubPeer& caller = world.client();
    world.call(caller, 1);
    (void)world.got(worker);
    const Said unsubscribe = Said("UNSUBSCRIBE").with("sub", 1);
    CHECK(world.ask(worker, unsubscribe) == "UNSUBSCRIBED sub=1");
    world.call(caller, 2);
    CHECK(world.ask(worker, World::subscribe(1, 1)) ==
          "REFUSED re=SUBSCRIBE sub=1 code=out_of_state text=a subscription has this number "
          "fatal=false");
    world.reply(worker, 1, "a");
    CHECK(world.got(caller) == "REPLY ref=1 | a");
    CHECK(world.service.status().workers == 0);
    CHECK(world.ask(worker, World::subscribe(1, 1)) ==
          "SUBSCRIBED sub=1, CALL sub=1 call=i2 attempt=1 timeout=5000 | x");
    world.reply(worker, 2);
    CHECK(world.ask(worker, unsubscribe) == "UNSUBSCRIBED sub=1");
    CHECK(world.service.status().workers == 0);
    worker.say({World::reply(2).packed(), block_of({"y"})});
    CHECK(world.got(worker) ==
          "REFUSED re=REPLY sub=1 code=not_found text=no subscription has this number fatal=false");
}

TEST_CASE("a subscription of a service that is not there, and of two things") {
    World world;
    StubPeer& its = world.client();
    CHECK(world.ask(its, Said("SUBSCRIBE")
                             .with("sub", 1)
                             .with("service", std::string("play"))
                             .with("credit", 1)) ==
          "REFUSED re=SUBSCRIBE sub=1 code=not_found text=no service of this name fatal=false");
    CHECK(world.ask(its, World::subscribe(1, protocol::kCreditMax + 1)) ==
          "REFUSED re=SUBSCRIBE sub=1 code=out_of_range text=credit fatal=false");
    world.ask(its, World::subscribe(1, 1).with("group", std::string("g")));
    CHECK(its.closed_as == Refusal::kMalformed);
}

TEST_CASE("a lost worker's call goes to another, or its late reply is taken") {
    World world(at_least_once());
    StubPeer& first = world.worker();
    StubPeer& caller = world.client();
    world.call(caller, 1);
    world.turn();
    first.leave();
    StubPeer& second = world.worker();
    CHECK(world.got(second).empty());
    SUBCASE("after the grace") {
        world.pass(2s);
        CHECK(world.got(second) == "CALL sub=1 call=i1 attempt=2 timeout=8000 | x");
        world.reply(second, 1, "again", 2);
        CHECK(world.got(caller) == "REPLY ref=1 | again");
    }
    SUBCASE("on another connection") {
        world.reply(second, 1, "late");
        CHECK(world.got(caller) == "REPLY ref=1 | late");
        world.pass(3s);
        CHECK(world.got(second).empty());
    }
    SUBCASE("as an error") {
        world.ask(second, World::reply(1).with("error", std::string("late")));
        CHECK(world.got(caller) == refused(1, "failed", "late"));
    }
}

TEST_CASE("an error of an attempt that has been passed on is not the last word") {
    rpc::ServiceOptions options = at_least_once();
    options.attempt_timeout = 1s;
    options.retry_on_timeout = true;
    World world(options);
    StubPeer& first = world.worker();
    StubPeer& caller = world.client();
    world.call(caller, 1);
    world.turn();
    StubPeer& second = world.worker();
    world.pass(1s);
    CHECK(world.got(second) == "CALL sub=1 call=i1 attempt=2 timeout=9000 | x");
    world.ask(first, World::reply(1).with("error", std::string("too much for me")));
    CHECK(world.got(caller).empty());
    world.reply(second, 1, "done", 2);
    CHECK(world.got(caller) == "REPLY ref=1 | done");
}

TEST_CASE("what was never written to a worker goes to the next at once, and counts for nothing") {
    World world(at_least_once());
    StubPeer& first = world.worker();
    StubPeer& caller = world.client();
    first.set_room(0);
    world.call(caller, 1);
    world.turn();
    StubPeer& second = world.worker();
    first.leave();
    CHECK(world.got(second) == "CALL sub=1 call=i1 attempt=1 timeout=10000 | x");
    CHECK(world.service.status().returned == 1);
}

TEST_CASE("of a call one byte is enough for its worker to have it") {
    World world(at_least_once());
    StubPeer& first = world.worker();
    StubPeer& caller = world.client();
    first.set_room(1);
    world.call(caller, 1);
    world.turn();
    StubPeer& second = world.worker();
    first.leave();
    CHECK(world.got(second).empty());
    world.pass(2s);
    CHECK(world.got(second) == "CALL sub=1 call=i1 attempt=2 timeout=8000 | x");
}

TEST_CASE("a worker whose connection is slow is not chosen") {
    World world;
    StubPeer& slow = world.worker(100);
    StubPeer& caller = world.client();
    slow.set_room(10);
    world.call(caller, 1);
    world.turn();
    StubPeer& quick = world.worker(100);
    for (const uint64_t ref : {2, 3, 4})
        world.call(caller, ref);
    CHECK(world.service.worker_statuses()[0].held == 1);
    CHECK(world.service.worker_statuses()[1].held == 3);
    slow.set_room(~size_t{0});
    world.turn();
    world.call(caller, 5);
    world.call(caller, 6);
    CHECK(world.service.worker_statuses()[0].held == 2);
    CHECK(world.service.worker_statuses()[1].held == 4);
    (void)quick;
}

TEST_CASE("a worker that holds a call for far too long is told so, and ended") {
    World world;
    StubPeer& worker = world.worker();
    StubPeer& caller = world.client();
    world.call(caller, 1);
    (void)world.got(worker);
    world.pass(5s);
    CHECK(world.got(worker).empty());
    world.pass(45s);
    CHECK(world.got(worker) ==
          "REFUSED re= code=timeout text=a call was held for too long fatal=true");
    CHECK(worker.closed_as == Refusal::kTimeout);
    worker.leave();
    CHECK(world.service.status().workers == 0);
}

TEST_CASE("one session may be caller and worker of the same service, several times") {
    World world;
    StubPeer& its = world.worker();
    CHECK(world.ask(its, World::subscribe(2, 1)) == "SUBSCRIBED sub=2");
    world.call(its, 1, "a");
    world.call(its, 2, "b");
    CHECK(world.got(its) ==
          "CALL sub=1 call=i1 attempt=1 timeout=5000 | a, CALL sub=2 call=i2 attempt=1 "
          "timeout=5000 | b");
    world.reply(its, 1, "A");
    CHECK(world.got(its) == "REPLY ref=1 | A");
    its.leave();
    CHECK(world.service.status().workers == 0);
    CHECK(world.service.status().clients == 0);
}

// ---- who goes ----

TEST_CASE("a caller that goes is as a DEALER that goes") {
    World world;
    StubPeer& worker = world.worker();
    StubPeer& caller = world.client();
    world.call(caller, 1);
    world.call(caller, 2);
    world.turn();
    SUBCASE("its connection is lost") {
        caller.leave();
    }
    SUBCASE("it says BYE") {
        CHECK(world.ask(caller, Said("BYE")) == "BYE");
    }
    CHECK(world.service.status().ended.of(Refusal::kClientGone) == 2);
    (void)world.got(worker);
    world.reply(worker, 1);
    CHECK(world.got(worker).empty());  // the second is executed by nobody
    CHECK(world.service.status().clients == 0);
    CHECK(world.service.status().late.of(rpc::LateReason::kUndeliverable) == 1);
}

TEST_CASE("a caller with a name that comes back has its answers") {
    World world;
    StubPeer& worker = world.worker(3);
    StubPeer& caller = world.client("till");
    for (const uint64_t ref : {11, 12, 13})
        world.call(caller, ref);
    world.turn();
    caller.leave();
    world.reply(worker, 2, "two");
    StubPeer& again = world.client("till", true);
    CHECK(world.welcome.find(" calls=[11 12 13] ") != std::string::npos);
    CHECK(world.welcome.find("REPLY ref=12 | two") != std::string::npos);
    world.reply(worker, 1, "one");
    CHECK(world.got(again) == "REPLY ref=11 | one");
    world.call(again, 12);  // is free, and 13 is not
    world.call(again, 13);
    CHECK(world.got(again) == refused(13, "out_of_state", "a CALL with this `ref` waits"));
    world.pass(5s);
    CHECK(world.got(again) ==
          refused(13, Refusal::kTimeout) + ", " + refused(12, Refusal::kTimeout));
}

TEST_CASE("what was not written to a caller with a name is written when it is back") {
    World world;
    StubPeer& worker = world.worker(2);
    StubPeer& caller = world.client("till");
    world.call(caller, 1);
    world.call(caller, 2);
    world.turn();
    caller.set_room(3);
    world.reply(worker, 1, "one");
    world.ask(worker, World::reply(2).with("error", std::string("two")));
    caller.leave();
    (void)world.client("till", true);
    CHECK(world.welcome.find(" calls=[1 2] ") != std::string::npos);
    CHECK(world.welcome.find("REPLY ref=1 | one, " + refused(2, "failed", "two")) !=
          std::string::npos);
}

TEST_CASE("a caller that does not know what it asked has no answers") {
    World world;
    StubPeer& worker = world.worker(3);
    StubPeer& caller = world.client("till");
    for (const uint64_t ref : {11, 12, 13, 14})
        world.call(caller, ref);
    world.turn();
    caller.leave();
    world.reply(worker, 2, "two");
    StubPeer& again = world.client("till", false);
    CHECK(world.welcome.find("calls=[") == std::string::npos);
    CHECK(world.welcome.find("REPLY") == std::string::npos);
    world.call(again, 11, "new");
    world.reply(worker, 1, "old");
    CHECK(world.got(again).empty());
    world.reply(worker, 5, "new");
    CHECK(world.got(again) == "REPLY ref=11 | new");
    CHECK(world.service.status().clients_away == 0);
}

TEST_CASE("nothing is kept of a caller that says BYE, nor for ever") {
    World world;
    StubPeer& first = world.client("till");
    world.call(first, 1);
    CHECK(world.ask(first, Said("BYE")) == "BYE");
    StubPeer& second = world.client("till", true);
    CHECK(world.welcome.find("calls=[") == std::string::npos);
    world.call(second, 1);
    second.leave();
    world.pass(30s);
    (void)world.client("till", true);
    CHECK(world.welcome.find("calls=[") == std::string::npos);
    CHECK(world.service.status().unanswered == 0);
}

TEST_CASE("a caller that is replaced hands its calls on") {
    World world;
    StubPeer& worker = world.worker(2);
    StubPeer& first = world.client("till");
    world.call(first, 1);
    world.turn();
    StubPeer& second = world.client("till", true);
    CHECK(world.welcome.find(" calls=[1] replaced=true") != std::string::npos);
    CHECK(first.closed_as == Refusal::kReplaced);
    (void)world.got(first);
    world.reply(worker, 1, "one");
    CHECK(world.got(second) == "REPLY ref=1 | one");
    CHECK(world.got(first).empty());
    first.leave();
    world.call(second, 2);
    world.reply(worker, 2, "two");
    CHECK(world.got(second) == "REPLY ref=2 | two");
}

TEST_CASE("a worker that says BYE without having answered is a lost one") {
    World world(at_least_once());
    StubPeer& worker = world.worker();
    StubPeer& caller = world.client();
    world.call(caller, 1);
    (void)world.got(worker);
    CHECK(world.ask(worker, Said("BYE")) == "BYE");
    CHECK(world.service.status().workers == 0);
    StubPeer& next = world.worker();
    world.pass(2s);
    CHECK(world.got(next) == "CALL sub=1 call=i1 attempt=2 timeout=8000 | x");
}

TEST_CASE("while the bridge ends, what was accepted is finished") {
    World world;
    StubPeer& worker = world.worker();
    StubPeer& caller = world.client();
    world.call(caller, 1);
    world.call(caller, 2);
    (void)world.got(worker);
    world.service.drain();
    world.sessions.drain();
    CHECK(world.got(caller) == "BYE code=shutting_down text=the bridge is ending");
    CHECK_FALSE(world.service.idle());
    world.reply(worker, 1, "one");
    CHECK(world.got(worker) ==
          "BYE code=shutting_down text=the bridge is ending, CALL sub=1 call=i2 attempt=1 "
          "timeout=5000 | x");
    CHECK(world.ask(worker, World::subscribe(2, 1)) ==
          "REFUSED re=SUBSCRIBE sub=2 code=shutting_down text=the bridge is ending fatal=false");
    world.reply(worker, 2, "two");
    CHECK(world.got(caller) == "REPLY ref=1 | one, REPLY ref=2 | two");
    CHECK(world.service.idle());
}

TEST_CASE("nothing is left of calls that have ended") {
    World world;
    const uint64_t before = world.memory.used();
    StubPeer& worker = world.worker(100);
    StubPeer& caller = world.client("till");
    for (uint64_t i = 1; i <= 1000; i++) {
        world.call(caller, i, std::string(500, 'x'));
        world.reply(worker, i, std::string(500, 'y'));
        if (i % 10 == 0) (void)world.got(caller);
        if (i % 10 == 0) (void)world.got(worker);
    }
    caller.leave();
    worker.leave();
    world.turn();
    CHECK(world.memory.used() <= before + 4 * MemoryBudget::kSmallChunkBytes);
    CHECK(world.service.status().answered == 1000);
}

// ---- over a restart ----

TEST_CASE("a caller with a name has its answer after a restart of the bridge") {
    rpc::FakeStore store;
    ManualClock clock;
    rpc::ServiceOptions options = at_least_once();
    options.resume = true;
    const auto journal_of = [&] {
        auto journal = std::make_unique<rpc::RequestJournal>(
            store, clock, std::vector<std::string>{"other", "listen"});
        for (const rpc::FakeStore::Note& note : store.open())
            journal->recover(note.key, note.kind, note.bytes);
        REQUIRE(journal->begin().ok());
        return journal;
    };
    {
        auto journal = journal_of();
        World world(options, journal.get());
        StubPeer& worker = world.worker();
        StubPeer& caller = world.client("till");
        caller.say({World::call(41).with("timeout", 8000).packed(), block_of({"x"})});
        world.call(world.client(), 5);  // of one without a name nobody is told
        journal->on_committed(store.notes.size());
        CHECK(world.got(worker) == "CALL sub=1 call=i1 attempt=1 timeout=8000 | x");
        store.committed = store.notes.size();
    }
    store.notes.resize(store.committed);  // it is killed
    auto journal = journal_of();
    World world(options, journal.get());
    journal->abandon_rest();
    StubPeer& caller = world.client("till", true);
    CHECK(world.welcome.find(" calls=[41] ") != std::string::npos);
    StubPeer& worker = world.worker(2);
    world.reply(worker, 1, "late");
    CHECK(world.got(caller).empty());  // it may be about to speak
    SUBCASE("it is silent") {
        world.pass(200ms);
        CHECK(world.got(caller) == "REPLY ref=41 | late");
    }
    SUBCASE("it speaks") {
        world.call(caller, 42);
        CHECK(world.got(caller) == "REPLY ref=41 | late");
    }
    CHECK(world.service.status().recovered == 2);
    CHECK(world.service.status().ended.of(Refusal::kUnresumable) == 0);  // it may be answered yet
}

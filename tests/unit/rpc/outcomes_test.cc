// What becomes of a request whose worker is lost or too slow.
#include "tests/unit/rpc/world.h"

using namespace zbridge;
using namespace zbridge::rpc;
using namespace std::chrono_literals;

namespace {

constexpr auto kOnce = ServiceOptions::Execute::kAtMostOnce;
constexpr auto kAtLeastOnce = ServiceOptions::Execute::kAtLeastOnce;

}  // namespace

TEST_CASE(
    "a request of which no byte left goes to the next worker at once, and that was no attempt") {
    for (const auto execute : {kOnce, kAtLeastOnce}) {
        World world({.execute = execute, .retry_times = 0});
        FakePeer& first = world.worker();
        FakePeer& client = world.client();
        world.ask(client, {"", "1"});
        FakePeer& second = world.worker();
        CHECK(second.read().empty());
        world.leave(first);
        const Frames given = only(second);
        CHECK(Corr::decode(given[0])->attempt == 1);
        CHECK(world.service->status().returned == 1);
        CHECK(world.service->status().retried == 0);
        world.say(second, {given[0], "", "one"});
        CHECK(only(client) == Frames{"", "one"});
    }
}

TEST_CASE("requests that come back keep their places before those that waited") {
    World world({.worker_credit = 3});
    FakePeer& first = world.worker(SocketType::kDealer);
    FakePeer& client = world.client(SocketType::kDealer);
    for (int i = 1; i <= 5; i++) {
        world.ask(client, {"", std::to_string(i)});
    }
    world.leave(first);
    FakePeer& second = world.worker(SocketType::kDealer);
    Frames bodies;
    for (const Frames& given : second.read()) {
        bodies.push_back(given[2]);
    }
    CHECK(bodies == Frames{"1", "2", "3"});
}

TEST_CASE(
    "at most once: one byte of it left, so no other worker gets it; a late reply still settles "
    "it") {
    World world({.execute = kOnce, .timeout = 5s, .error_frames = {"{code}"}});
    FakePeer& first = world.worker();
    FakePeer& client = world.client();
    world.ask(client, {"", "1"});
    FakePeer& second = world.worker();
    first.take_byte();
    world.leave(first);
    world.advance(4s);
    CHECK(second.read().empty());
    SUBCASE("from any connection") {
        world.say(second, {corr_text({Corr::Kind::kRequest, 1, Epoch(7), 1}), "", "one"});
        CHECK(only(client) == Frames{"", "one"});
        CHECK(world.service->status().settled_late == 1);
    }
    SUBCASE("or else its time ends with the error") {
        world.advance(1s);
        CHECK(only(client) == Frames{"", "worker_lost"});
        CHECK(second.read().empty());
        world.say(second, {corr_text({Corr::Kind::kRequest, 1, Epoch(7), 1}), "", "one"});
        CHECK(client.read().empty());
    }
}

TEST_CASE("at most once and no timeout: a lost worker has the resume window to come back") {
    World world(
        {.execute = kOnce, .timeout = 0s, .error_frames = {"{code}"}, .resume_window = 30s});
    FakePeer& worker = world.worker();
    FakePeer& client = world.client();
    world.ask(client, {"", "1"});
    (void)only(worker);
    world.leave(worker);
    world.advance(29s);
    CHECK(client.read().empty());
    world.advance(1s);
    CHECK(only(client) == Frames{"", "worker_lost"});
}

TEST_CASE(
    "at least once: a lost worker's request waits for the grace, then goes to the next worker") {
    World world({.execute = kAtLeastOnce, .timeout = 60s, .resume_grace = 2s});
    FakePeer& first = world.worker();
    FakePeer& client = world.client();
    world.ask(client, {"", "1"});
    const Frames given = only(first);
    FakePeer& second = world.worker();
    world.leave(first);
    world.advance(1999ms);
    CHECK(second.read().empty());
    SUBCASE("a reply within the grace settles it") {
        FakePeer& back = world.worker();
        world.say(back, {given[0], "", "one"});
        CHECK(only(client) == Frames{"", "one"});
        world.advance(60s);
        CHECK(second.read().empty());
    }
    SUBCASE("after it, the other worker has it") {
        world.advance(1ms);
        const Frames again = only(second);
        CHECK(Corr::decode(again[0])->attempt == 2);
        CHECK(Corr::decode(again[0])->number == Corr::decode(given[0])->number);
        CHECK(world.service->status().retried == 1);

        FakePeer& back = world.worker();  // the first valid reply wins, of whichever attempt
        world.say(back, {given[0], "", "one"});
        CHECK(only(client) == Frames{"", "one"});
        CHECK(world.service->status().settled_late == 1);
        world.say(second, {again[0], "", "two"});
        CHECK(client.read().empty());
        CHECK(world.service->status().late.of(LateReason::kDuplicate) == 1);
    }
}

TEST_CASE("at least once: after its last retry a lost worker's request ends in the error") {
    World world(
        {.execute = kAtLeastOnce, .timeout = 60s, .retry_times = 2, .error_frames = {"{code}"}});
    FakePeer& client = world.client();
    world.ask(client, {"", "1"});
    for (int attempt = 1; attempt <= 3; attempt++) {
        CHECK(client.read().empty());
        FakePeer& worker = world.worker();
        CHECK(Corr::decode(only(worker)[0])->attempt == attempt);
        world.leave(worker);
        world.advance(2s);
    }
    CHECK(only(client) == Frames{"", "worker_lost"});
    CHECK(world.service->status().retried == 2);
}

TEST_CASE("at least once, but lost workers are not to be retried: the error comes at once") {
    World world(
        {.execute = kAtLeastOnce, .retry_on_worker_lost = false, .error_frames = {"{code}"}});
    FakePeer& worker = world.worker();
    FakePeer& client = world.client();
    world.ask(client, {"", "1"});
    (void)only(worker);
    world.leave(worker);
    CHECK(only(client) == Frames{"", "worker_lost"});
}

TEST_CASE(
    "a slow worker's request goes on where timeouts are retried; the slow one's reply counts if it "
    "is first") {
    World world(
        {.execute = kAtLeastOnce, .timeout = 60s, .attempt_timeout = 1s, .retry_on_timeout = true});
    FakePeer& slow = world.worker();
    FakePeer& quick = world.worker();
    FakePeer& client = world.client(SocketType::kDealer);
    world.ask(client, {"", "1"});
    const Frames given = only(slow);
    world.advance(1s);
    const Frames again = only(quick);
    CHECK(Corr::decode(again[0])->attempt == 2);
    world.ask(client, {"", "2"});
    CHECK(slow.read().empty());  // it is busy still
    SUBCASE("the slow one is first") {
        world.say(slow, {given[0], "", "slow"});
        CHECK(only(client) == Frames{"", "slow"});
        CHECK(only(slow)[2] == "2");
        CHECK(quick.read().empty());
        world.say(quick, {again[0], "", "quick"});
        CHECK(client.read().empty());
        CHECK(world.service->status().late.of(LateReason::kDuplicate) == 1);
    }
    SUBCASE("the other is first") {
        world.say(quick, {again[0], "", "quick"});
        CHECK(only(client) == Frames{"", "quick"});
        world.say(slow, {given[0], "", "slow"});
        CHECK(client.read().empty());
        CHECK(world.service->status().late.of(LateReason::kOtherAttempt) == 1);
    }
}

TEST_CASE("at least once, but timeouts are not to be retried: the attempt's end is the request's") {
    World world({.execute = kAtLeastOnce,
                 .timeout = 60s,
                 .attempt_timeout = 1s,
                 .error_frames = {"{code}"}});
    FakePeer& slow = world.worker();
    FakePeer& quick = world.worker();
    FakePeer& client = world.client();
    world.ask(client, {"", "1"});
    world.advance(1s);
    CHECK(only(client) == Frames{"", "timeout"});
    CHECK(quick.read().empty());
    world.say(slow, {corr(only(slow)), "", "slow"});
    CHECK(client.read().empty());
}

TEST_CASE("at most once: a slow worker's reply is waited for until the request's timeout") {
    World world({.execute = kOnce, .timeout = 5s, .attempt_timeout = 1s, .retry_on_timeout = true});
    FakePeer& slow = world.worker();
    FakePeer& other = world.worker();
    FakePeer& client = world.client();
    world.ask(client, {"", "1"});
    world.advance(4s);
    CHECK(other.read().empty());
    world.say(slow, {corr(only(slow)), "", "one"});
    CHECK(only(client) == Frames{"", "one"});
    CHECK(world.service->status().settled_late == 1);
}

TEST_CASE("an attempt that ends with its request is not given to another worker") {
    World world({.execute = kAtLeastOnce,
                 .timeout = 5s,
                 .retry_on_timeout = true,
                 .error_frames = {"{code}"}});
    // The deadlines' timer stands at that of a request that is gone, and so is armed for the next
    // after the attempts'.
    FakePeer& gone = world.client();
    world.ask(gone, {"", "0"});
    world.leave(gone);
    world.advance(3s);
    FakePeer& first = world.worker();
    FakePeer& second = world.worker();
    FakePeer& client = world.client();
    world.ask(client, {"", "1"});
    world.advance(5s);
    CHECK(only(client) == Frames{"", "timeout"});
    CHECK(first.read().size() == 1);
    CHECK(second.read().empty());
}

TEST_CASE("a slow worker that leaves in the end loses an at-most-once request") {
    World world({.execute = kOnce,
                 .timeout = 0s,
                 .attempt_timeout = 1s,
                 .error_frames = {"{code}"},
                 .resume_window = 30s});
    FakePeer& worker = world.worker();
    FakePeer& client = world.client();
    world.ask(client, {"", "1"});
    (void)only(worker);
    world.advance(10s);
    CHECK(worker.closed_as == Refusal::kTimeout);
    world.leave(worker);
    world.advance(30s);
    CHECK(only(client) == Frames{"", "worker_lost"});
}

TEST_CASE("a waiting retry is settled by the reply it does not need any more") {
    World world({.execute = kAtLeastOnce, .timeout = 60s});
    FakePeer& worker = world.worker();
    FakePeer& client = world.client();
    world.ask(client, {"", "1"});
    const Frames given = only(worker);
    world.leave(worker);
    world.advance(3s);
    CHECK(world.service->status().waiting == 1);
    FakePeer& back = world.worker(SocketType::kReq);  // it is not ready, but has something to say
    world.say(back, {"", given[0], "", "one"});
    CHECK(only(client) == Frames{"", "one"});
    CHECK(world.service->status().waiting == 0);
}

TEST_CASE("replies that settle nothing are counted by reason") {
    World world;
    FakePeer& worker = world.worker(SocketType::kDealer);
    FakePeer& client = world.client(SocketType::kDealer);
    world.ask(client, {"", "1"});
    const Frames given = only(worker);
    const auto reply = [&](Corr corr) { world.say(worker, {corr_text(corr), "", "x"}); };
    reply({Corr::Kind::kRequest, 1, Epoch(7), 99});  // not asked yet
    reply({Corr::Kind::kRequest, 1, Epoch(8), 1});   // in a life to come
    reply({Corr::Kind::kRequest, 2, Epoch(7), 1});   // an attempt that was not made
    reply({Corr::Kind::kRequest, 0, Epoch(7), 1});
    CHECK(client.read().empty());
    const auto& late = [&] { return world.service->status().late; };
    CHECK(late().of(LateReason::kUnknown) == 4);
    reply({Corr::Kind::kRequest, 1, Epoch(6), 1});
    CHECK(late().of(LateReason::kEarlierLife) == 1);
    world.say(worker, {given[0], "", "one"});
    world.say(worker, {given[0], "", "one"});
    CHECK(client.read().size() == 1);
    CHECK(late().of(LateReason::kEnded) == 1);
    CHECK(late().total() == 6);
}

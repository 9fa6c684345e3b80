// A service whose requests survive a restart of the bridge: what is stored when, and what becomes
// of it in the next life.
#include "tests/unit/rpc/lives.h"

using namespace zbridge;
using namespace zbridge::rpc;
using namespace std::chrono_literals;

namespace {

constexpr auto kOnce = ServiceOptions::Execute::kAtMostOnce;
constexpr auto kAtLeastOnce = ServiceOptions::Execute::kAtLeastOnce;

ServiceOptions once() {
    return {.execute = kOnce, .timeout = 60s, .error_frames = {"{code}"}};
}
ServiceOptions at_least_once() {
    return {.execute = kAtLeastOnce, .timeout = 60s, .error_frames = {"{code}"}};
}

}  // namespace

TEST_CASE("no byte of a request goes to a worker before the request is stored") {
    for (const auto& options : {once(), at_least_once()}) {
        Lives life(options);
        FakePeer& worker = life.worker();
        FakePeer& client = life->client();
        life->ask(client, {"", "1"});
        CHECK(worker.read().empty());
        CHECK(life->service->status().waiting == 1);
        life.commit();
        const Frames given = only(worker);
        CHECK(Corr::decode(given[0]) == Corr{Corr::Kind::kRequest, 1, Epoch(7), 1});
        CHECK(given[2] == "1");
    }
}

TEST_CASE("at most once: its note says that the free worker has it, another says so later") {
    Lives life(once());
    FakePeer& worker = life.worker();
    FakePeer& client = life->client(SocketType::kDealer);
    life->ask(client, {"", "1"});
    life->ask(client, {"", "2"});
    life.commit();
    const Frames first = only(worker);
    CHECK(life.store.kinds(1) == "16");
    CHECK(read_request_note(life.store.notes[0].bytes)->dispatched);
    CHECK_FALSE(read_request_note(life.store.notes[1].bytes)->dispatched);

    life->say(worker, {first[0], "", "one"});
    CHECK(life.store.kinds(2) == "16 17");
    CHECK(worker.read().empty());
    life.commit();
    CHECK(only(worker)[2] == "2");
}

TEST_CASE("at least once: nothing is stored of a dispatch") {
    Lives life(at_least_once());
    FakePeer& client = life->client();
    life->ask(client, {"", "1"});
    life.commit();
    FakePeer& worker = life.worker();
    CHECK(only(worker)[2] == "1");
    CHECK(life.store.kinds(1) == "16");
}

TEST_CASE("at most once: as many are promised to workers as these can take") {
    ServiceOptions options = once();
    options.worker_credit = 3;
    Lives life(options);
    FakePeer& worker = life.worker(SocketType::kDealer);
    FakePeer& client = life->client(SocketType::kDealer);
    for (int i = 1; i <= 5; i++)
        life->ask(client, {"", std::to_string(i)});
    life.commit();
    CHECK(worker.read().size() == 3);
    CHECK(life.store.notes.size() == 5);
}

TEST_CASE("what has been promised to a worker that is gone goes to the next one first") {
    Lives life(once());
    FakePeer& first = life.worker();
    FakePeer& client = life->client(SocketType::kDealer);
    life->ask(client, {"", "1"});
    life->ask(client, {"", "2"});
    life->leave(first);
    life.commit();
    CHECK(life->service->status().waiting == 2);
    FakePeer& second = life.worker();
    CHECK(only(second)[2] == "1");
}

TEST_CASE("a reply leaves before it is stored") {
    Lives life(once());
    FakePeer& worker = life.worker();
    FakePeer& client = life->client();
    life->ask(client, {"", "1"});
    life.commit();
    life->say(worker, {corr(only(worker)), "", "one"});
    CHECK(only(client) == Frames{"", "one"});
    // With it that it is there: a bridge that is killed now has no second answer for the client.
    CHECK(life.store.open().empty());
    CHECK(life.store.notes.size() == 3);
    CHECK(life.journal->needed() == 0);
}

TEST_CASE("a reply that names its request is known to be there when the client's socket has it") {
    Lives life(once());
    FakePeer& worker = life.worker();
    FakePeer& client = life->client(SocketType::kDealer);
    life->ask(client, {"id", "", "1"});
    life.commit();
    life->say(worker, {corr(only(worker)), "", "one"});
    life->advance(1s);
    CHECK(life.store.kinds(1) == "16 18");
    CHECK(only(client) == Frames{"id", "", "one"});
    life->advance(Service::kSentLook);
    CHECK(life.store.open().empty());
    CHECK(life.journal->needed() == 0);
}

TEST_CASE("so is one for a client whose socket takes no more for now") {
    Lives life(once());
    FakePeer& worker = life.worker();
    FakePeer& client = life->client(SocketType::kReq, "me");
    life->ask(client, {"", "1"});
    life.commit();
    client.block();
    life->say(worker, {corr(only(worker)), "", "one"});
    life->advance(1s);
    CHECK(life.store.kinds(1) == "16 18");
    life.commit();
    life.restart();
    FakePeer& back = life->client(SocketType::kReq, "me");
    life->advance(200ms);
    CHECK(only(back) == Frames{"", "one"});
}

TEST_CASE("reply_durable: that a reply leaves is stored before it does") {
    ServiceOptions options = once();
    options.reply_durable = true;
    Lives life(options);
    FakePeer& worker = life.worker();
    FakePeer& client = life->client(SocketType::kReq, "me");
    life->ask(client, {"", "1"});
    life.commit();
    life->say(worker, {corr(only(worker)), "", "one"});
    CHECK(life.store.kinds(1) == "16 18 19");
    life.commit();
    CHECK(only(client) == Frames{"", "one"});
    life.restart();  // the note that closes them is lost
    FakePeer& back = life->client(SocketType::kReq, "me");
    life->advance(1s);
    CHECK(back.read().empty());
    CHECK(life.store.open().empty());
}

TEST_CASE("reply_durable: a reply leaves when it is stored") {
    ServiceOptions options = once();
    options.reply_durable = true;
    Lives life(options);
    FakePeer& worker = life.worker();
    FakePeer& client = life->client();
    life->ask(client, {"", "1"});
    life.commit();
    const Frames given = only(worker);
    life->say(worker, {given[0], "", "one"});
    CHECK(client.read().empty());
    CHECK(life->service->status().workers_free == 1);
    SUBCASE("and another reply meanwhile is late") {
        FakePeer& other = life.worker();
        life->say(other, {given[0], "", "again"});
        CHECK(life->service->status().late.of(LateReason::kDuplicate) == 1);
    }
    SUBCASE("and not when its time has ended meanwhile") {
        life->advance(60s);
        CHECK(only(client) == Frames{"", "timeout"});
        life.commit();
        CHECK(client.read().empty());
        CHECK(life.store.open().empty());
        return;
    }
    SUBCASE("and never, when that fails") {
        life.break_store();
        CHECK(only(client) == Frames{"", "store_failed"});
        life->ask(client, {"", "2"});
        CHECK(only(client) == Frames{"", "store_failed"});
        CHECK(life->service->status().refused.of(Refusal::kStoreFailed) == 1);
        return;
    }
    life.commit();
    CHECK(only(client) == Frames{"", "one"});
}

TEST_CASE("a REQ that asks again has its answer: that is stored before what it asks") {
    Lives life(once());
    FakePeer& worker = life.worker();
    FakePeer& client = life->client();
    life->ask(client, {"1234", "", "1"});
    life.commit();
    life->say(worker, {corr(only(worker)), "", "one"});
    CHECK(life.store.kinds(1) == "16 18");
    (void)only(client);
    life->ask(client, {"1235", "", "2"});
    CHECK(life.store.kinds(1).empty());
    CHECK(life.store.notes.back().key == 2);
}

TEST_CASE("a request that ends without a reply leaves no notes") {
    Lives life(once());
    FakePeer& client = life->client();
    SUBCASE("its time ends in the line") {
        life->ask(client, {"", "1"});
        life.commit();
        life->advance(60s);
        CHECK(only(client) == Frames{"", "no_worker"});
    }
    SUBCASE("its client leaves before it is stored") {
        life->ask(client, {"", "1"});
        life->leave(client);
    }
    SUBCASE("its client asks something else instead") {
        life->ask(client, {"", "1"});
        life->ask(client, {"", "2"});
        life->leave(client);
    }
    SUBCASE("its worker says nothing that could be passed on") {
        FakePeer& worker = life.worker();
        life->ask(client, {"", "1"});
        life.commit();
        life->say(worker, {corr(only(worker))});
    }
    life.commit();
    CHECK(life.store.open().empty());
}

TEST_CASE("after a restart: a stored reply goes to the client with the routing id, if it waits") {
    Lives life(once());
    FakePeer& worker = life.worker();
    FakePeer& away = life->client(SocketType::kReq, "me", "alice");
    life->ask(away, {"", "1"});
    life.commit();
    life->leave(away);
    life->say(worker, {corr(only(worker)), "", "one"});
    life.commit();
    life.restart();
    CHECK(life->service->status().recovered == 1);
    CHECK(life->service->status().kept_answers == 1);

    FakePeer& stranger = life->client(SocketType::kReq, "me", "bob");
    FakePeer& client = life->client(SocketType::kReq, "me", "alice");
    life->advance(ClientTable::kResumeSilence - 1ms);
    CHECK(client.read().empty());
    SUBCASE("it stays silent") {
        life->advance(1ms);
        CHECK(only(client) == Frames{"", "one"});
        CHECK(life->service->status().answered == 1);
        life->advance(Service::kSentLook);
        CHECK(life.store.open().empty());
    }
    SUBCASE("it speaks") {
        life->ask(client, {"", "2"});
        life->advance(10s);
        CHECK(client.read().empty());
        CHECK(life.store.kinds(1).empty());
        CHECK(life->service->status().ended.of(Refusal::kSuperseded) == 1);
    }
    CHECK(stranger.read().empty());
}

TEST_CASE("after a restart: an answer that is known to be there is not sent again") {
    Lives life(once());
    FakePeer& worker = life.worker();
    FakePeer& client = life->client(SocketType::kReq, "me");
    life->ask(client, {"", "1"});
    life.commit();
    life->say(worker, {corr(only(worker)), "", "one"});
    (void)only(client);
    life->advance(Service::kSentLook);
    life.commit();
    life.restart();
    FakePeer& back = life->client(SocketType::kReq, "me");
    life->advance(1s);
    CHECK(back.read().empty());
    CHECK(life->service->status().recovered == 0);
}

TEST_CASE("after a restart: what was not stored never was") {
    Lives life(once());
    life->ask(life->client(SocketType::kReq, "me"), {"", "1"});
    life.restart();
    CHECK(life->service->status().recovered == 0);
    FakePeer& worker = life.worker();
    CHECK(worker.read().empty());
}

TEST_CASE("after a restart: a request that no worker had goes to one, under its old corr") {
    Lives life(once());
    life->ask(life->client(SocketType::kReq, "me"), {"", "1"});
    life.commit();
    life.restart();
    FakePeer& client = life->client(SocketType::kReq, "me");
    FakePeer& worker = life.worker();
    CHECK(worker.read().empty());
    CHECK(life.store.kinds(1) == "16 17");
    life.commit();
    const Frames given = only(worker);
    CHECK(Corr::decode(given[0]) == Corr{Corr::Kind::kRequest, 1, Epoch(7), 1});
    life->say(worker, {given[0], "", "one"});
    CHECK(only(client) == Frames{"", "one"});
    CHECK(life->service->status().workers_free == 1);
}

namespace {

// A worker has the request of the REQ "me", and the bridge is killed. Returns what it was given.
Frames killed_in_work(Lives& life, bool free_when_stored) {
    FakePeer& worker = life.worker();
    FakePeer& other = life->client();
    if (!free_when_stored) life->ask(other, {"", "0"});
    life->ask(life->client(SocketType::kReq, "me"), {"", "1"});
    life.commit();
    if (!free_when_stored) {
        life->say(worker, {corr(only(worker)), "", "zero"});
        life.commit();
    }
    const Frames given = only(worker);
    CHECK(given[2] == "1");
    life.restart();
    return given;
}

}  // namespace

TEST_CASE(
    "at most once: after a restart nobody gets what a worker may have; its reply settles it") {
    for (const bool free_when_stored : {true, false}) {
        CAPTURE(free_when_stored);
        Lives life(once());
        const Frames given = killed_in_work(life, free_when_stored);
        FakePeer& client = life->client(SocketType::kReq, "me");
        FakePeer& idle = life.worker();
        life->advance(20s);
        CHECK(idle.read().empty());
        CHECK(client.read().empty());
        FakePeer& back = life->worker();
        life->say(back, {given[0], "", "one"});
        CHECK(only(client) == Frames{"", "one"});
        CHECK(life->service->status().settled_late == 1);
    }
}

TEST_CASE("at most once: what a worker may have, and nobody replies to, ends with its time") {
    for (const bool free_when_stored : {true, false}) {
        CAPTURE(free_when_stored);
        Lives life(once());
        const Frames given = killed_in_work(life, free_when_stored);
        FakePeer& client = life->client(SocketType::kReq, "me");
        FakePeer& idle = life.worker();
        life->advance(60s);
        CHECK(only(client) == Frames{"", "worker_lost"});
        CHECK(idle.read().empty());
        life.commit();
        CHECK(life.store.kinds(Corr::decode(given[0])->number).empty());
    }
}

TEST_CASE("at most once without a timeout: after a restart a reply is waited for as a client is") {
    ServiceOptions options = once();
    options.timeout = 0s;
    Lives life(options);
    FakePeer& worker = life.worker();
    life->ask(life->client(SocketType::kReq, "me"), {"", "1"});
    life.commit();
    (void)only(worker);
    life.restart();
    FakePeer& client = life->client(SocketType::kReq, "me");
    life->advance(29s);
    CHECK(client.read().empty());
    life->advance(1s);
    CHECK(only(client) == Frames{"", "worker_lost"});
}

TEST_CASE("at least once: after a restart it goes to another after the grace, and not before") {
    Lives life(at_least_once());
    FakePeer& worker = life.worker();
    life->ask(life->client(SocketType::kReq, "me"), {"", "1"});
    life.commit();
    const Frames given = only(worker);
    life.restart();
    FakePeer& client = life->client(SocketType::kReq, "me");
    FakePeer& other = life->worker();
    life->advance(1999ms);
    CHECK(other.read().empty());
    SUBCASE("a reply within the grace settles it") {
        FakePeer& back = life->worker();
        life->say(back, {given[0], "", "one"});
        CHECK(only(client) == Frames{"", "one"});
        life->advance(1min);
        CHECK(other.read().empty());
    }
    SUBCASE("without one it is executed again, as another attempt") {
        life->advance(1ms);
        const Frames again = only(other);
        CHECK(Corr::decode(again[0]) == Corr{Corr::Kind::kRequest, 2, Epoch(7), 1});
        FakePeer& back = life->worker();  // the first reply counts, of whichever attempt
        life->say(back, {given[0], "", "one"});
        CHECK(only(client) == Frames{"", "one"});
        life->say(other, {again[0], "", "two"});
        CHECK(life->service->status().late.of(LateReason::kDuplicate) == 1);
        CHECK(client.read().empty());
    }
}

TEST_CASE("a corr of a life before is not that of a request with the same number now") {
    Lives life(once());
    FakePeer& worker = life.worker();
    FakePeer& client = life->client();
    life->ask(client, {"", "1"});
    life.commit();
    const Frames old = only(worker);
    life->leave(client);
    life.commit();
    life.restart();  // nothing is known of it: the numbers begin anew
    FakePeer& now = life.worker();
    FakePeer& other = life->client();
    life->ask(other, {"", "another"});
    life.commit();
    const Frames given = only(now);
    CHECK(Corr::decode(given[0])->number == Corr::decode(old[0])->number);
    life->say(now, {old[0], "", "one"});
    CHECK(other.read().empty());
    CHECK(life->service->status().late.of(LateReason::kEarlierLife) == 1);
    life->say(now, {given[0], "", "the other"});
    CHECK(only(other) == Frames{"", "the other"});
}

TEST_CASE("numbers go on above those of requests that are known still") {
    Lives life(once());
    for (const char* body : {"1", "2", "3"})
        life->ask(life->client(SocketType::kReq, body), {"", body});
    life.commit();
    life.restart();
    life->ask(life->client(), {"", "4"});
    CHECK(life.store.notes.back().key == 4);
    CHECK(read_request_note(life.store.notes.back().bytes)->epoch == Epoch(8));
}

TEST_CASE("deadlines go on while the bridge is away, by the wall clock") {
    Lives life(once());
    for (const char* name : {"a", "b"}) {
        life->ask(life->client(SocketType::kReq, name), {"", name});
        life->advance(10s);
    }
    life.commit();
    life.kill();
    SUBCASE("away for a while") {
        life.clock.advance(30s);
        life.start();
        FakePeer& a = life->client(SocketType::kReq, "a");
        FakePeer& b = life->client(SocketType::kReq, "b");
        life->advance(10s - 1ms);
        CHECK(a.read().empty());
        life->advance(1ms);
        CHECK(only(a) == Frames{"", "no_worker"});
        CHECK(b.read().empty());
        life->advance(10s);
        CHECK(only(b) == Frames{"", "no_worker"});
    }
    SUBCASE("away for longer than they had") {
        life.clock.advance(2min);
        life.start();
        life->advance(0s);
        CHECK(life->service->status().timed_out == 2);
        FakePeer& worker = life.worker();
        life.commit();
        CHECK(worker.read().empty());
    }
}

TEST_CASE("a request survives as many restarts as its time lasts") {
    Lives life(once());
    life->ask(life->client(SocketType::kReq, "me"), {"", "1"});
    life.commit();
    for (int again = 0; again < 5; again++)
        life.restart();
    FakePeer& client = life->client(SocketType::kReq, "me");
    FakePeer& worker = life.worker();
    life.commit();
    const Frames given = only(worker);
    CHECK(Corr::decode(given[0])->epoch == Epoch(7));
    life.restart();
    CHECK(client.read().empty());
    FakePeer& busy = life->worker();
    life->say(busy, {given[0], "", "one"});
    FakePeer& back = life->client(SocketType::kReq, "me");
    life->advance(200ms);
    CHECK(only(back) == Frames{"", "one"});
}

TEST_CASE("after a restart the newest of a REQ's requests is the one it waits for") {
    Lives life(once());
    FakePeer& worker = life.worker();
    FakePeer& client = life->client(SocketType::kReq, "me");
    life->ask(client, {"", "1"});
    life.commit();
    const Frames first = only(worker);
    life->say(worker, {first[0], "", "one"});
    life.commit();
    // The bytes of the second request's life: as if the note that closes the first were lost.
    life->ask(client, {"", "2"});
    std::erase_if(life.store.notes, [](const auto& note) { return note.closes; });
    life.commit();
    life.restart();
    CHECK(life->service->status().ended.of(Refusal::kSuperseded) == 1);
    FakePeer& back = life->client(SocketType::kReq, "me");
    life->advance(1s);
    CHECK(back.read().empty());
}

TEST_CASE("a store without room: a request is refused, and what is running goes on") {
    Lives life(once());
    FakePeer& worker = life.worker();
    FakePeer& client = life->client();
    life->ask(client, {"", "1"});
    life.commit();
    life.store.is_full = true;
    FakePeer& other = life->client();
    life->ask(other, {"", "2"});
    CHECK(only(other) == Frames{"", "store_full"});
    life->say(worker, {corr(only(worker)), "", "one"});
    CHECK(only(client) == Frames{"", "one"});
    life.store.is_full = false;
    life->ask(other, {"", "3"});
    life.commit();
    CHECK(only(worker)[2] == "3");
}

TEST_CASE("a failed store: requests go on as without one") {
    for (const auto& options : {once(), at_least_once()}) {
        Lives life(options);
        FakePeer& worker = life.worker();
        life.break_store();
        FakePeer& client = life->client();
        life->ask(client, {"", "1"});
        life->say(worker, {corr(only(worker)), "", "one"});
        CHECK(only(client) == Frames{"", "one"});
    }
}

TEST_CASE("at most once: what the failed store may have as not dispatched is not dispatched") {
    Lives life(once());
    FakePeer& worker = life.worker();
    FakePeer& promised = life->client();
    FakePeer& being_stored = life->client();
    FakePeer& waiting = life->client();
    life->ask(waiting, {"", "0"});
    life.commit();
    const Frames running = only(worker);
    life->ask(waiting, {"", "1"});  // superseded: in nobody's way
    life->ask(being_stored, {"", "2"});
    SUBCASE("stored, and in the line") {
        life.commit();
        life.break_store();
        CHECK(only(being_stored) == Frames{"", "store_failed"});
    }
    SUBCASE("being stored") {
        life.break_store();
        CHECK(only(being_stored) == Frames{"", "store_failed"});
    }
    SUBCASE("its dispatch being stored") {
        life->leave(waiting);
        life.commit();
        life->say(worker, {running[0], "", "zero"});
        CHECK(life.store.kinds(3) == "16 17");
        life.break_store();
        CHECK(only(being_stored) == Frames{"", "store_failed"});
        CHECK(worker.read().empty());
        life->ask(promised, {"", "3"});
        CHECK(only(worker)[2] == "3");
        return;
    }
    FakePeer& other = life.worker();
    life->ask(promised, {"", "3"});
    CHECK(only(other)[2] == "3");
    CHECK(other.read().empty());
}

TEST_CASE("at most once: what was promised to a worker with its request goes there, store or no") {
    Lives life(once());
    FakePeer& worker = life.worker();
    FakePeer& client = life->client();
    life->ask(client, {"", "1"});
    life.break_store();
    CHECK(only(worker)[2] == "1");
}

TEST_CASE("requests of a service that does not take them any more are given up") {
    Lives life(once());
    life->ask(life->client(SocketType::kReq, "me"), {"", "1"});
    life.commit();
    life.options.name = "another";
    life.restart();
    CHECK(life->service->status().recovered == 0);
    CHECK(life.store.open().empty());
}

TEST_CASE("when the bridge ends in order, a client that is cut off is not one that has left") {
    Lives life(once());
    FakePeer& client = life->client_of("12 34 boot");
    life->ask(client, {"", "1"});
    life.commit();
    life->service->drain();
    life->leave(client);
    life.commit();
    life.restart();
    CHECK(life->service->status().recovered == 1);
    CHECK(life->service->status().waiting == 1);
}

TEST_CASE("the bridge may end when workers have replied: what waits in the line is kept") {
    Lives life(once());
    FakePeer& worker = life.worker();
    FakePeer& client = life->client(SocketType::kDealer);
    life->ask(client, {"", "1"});
    life.commit();
    life->service->drain();
    CHECK_FALSE(life->service->idle());
    CHECK(life->service->unkept() == 0);
    const Frames given = only(worker);
    life->leave(worker);
    CHECK(life->service->idle());
    CHECK(life->service->status().unanswered == 1);
    FakePeer& back = life.worker();
    life->say(back, {given[0], "", "one"});
    CHECK(life->service->status().unanswered == 0);

    life.break_store();
    FakePeer& other = life->client();
    life->ask(other, {"", "2"});  // refused: it is ending
    CHECK(life->service->idle());
}

TEST_CASE("a note of a newer zbridge is told, and nothing is begun") {
    FakeStore store;
    ManualClock clock;
    RequestJournal journal(store, clock, {});
    journal.recover(5, NoteKind::kReplied, "\2and more of it");
    CHECK(journal.begin().message() ==
          "request 5: a request's note is of version 2, and this zbridge reads version 1");
}

// A request's way there and back, the waiting line, refusals.
#include "bridge/rpc/service.h"

#include <cstring>

#include "tests/unit/rpc/world.h"

using namespace zbridge;
using namespace zbridge::rpc;
using namespace std::chrono_literals;

TEST_CASE("a REQ's request goes to a REP with a corr before it, and the reply comes back without") {
    World world;
    FakePeer& worker = world.worker();
    FakePeer& client = world.client();
    world.ask(client, {"", "a", "", "b"});
    const Frames given = only(worker);
    CHECK(given == Frames{corr(given), "", "a", "", "b"});
    CHECK(Corr::decode(given[0]) == Corr{Corr::Kind::kRequest, 1, Epoch(7), 1});

    world.say(worker, {given[0], "", "c", ""});
    CHECK(only(client) == Frames{"", "c", ""});
    CHECK(world.service->status().answered == 1);
    CHECK(world.service->status().settled_late == 0);
    CHECK(world.service->idle());
}

TEST_CASE("an envelope is kept whatever it holds, and put before the reply") {
    World world;
    FakePeer& worker = world.worker();
    FakePeer& client = world.client(SocketType::kDealer);
    const std::string blob(300, '\1');
    world.ask(client, {"id", blob, "x", "", "question"});
    const Frames given = only(worker);
    CHECK(given == Frames{corr(given), "", "question"});
    world.say(worker, {given[0], "", "answer"});
    CHECK(only(client) == Frames{"id", blob, "x", "", "answer"});
}

TEST_CASE(
    "a request without an empty frame before its body is refused, unless the service is raw") {
    World world;
    FakePeer& worker = world.worker();
    FakePeer& client = world.client(SocketType::kDealer);
    world.ask(client, {"question", "more"});
    world.ask(client, {"id", ""});
    CHECK(worker.read().empty());
    CHECK(world.service->status().refused.of(Refusal::kNoEnvelope) == 2);

    World raw({.envelope_raw = true});
    FakePeer& raw_worker = raw.worker();
    FakePeer& raw_client = raw.client(SocketType::kDealer);
    raw.ask(raw_client, {"question", "", "more"});
    Frames given = only(raw_worker);
    CHECK(given == Frames{corr(given), "", "question", "", "more"});
    raw.say(raw_worker, {given[0], "", "answer", "more"});
    CHECK(only(raw_client) == Frames{"answer", "more"});

    FakePeer& req = raw.client(SocketType::kReq);  // its envelope is its socket's, never data
    raw.ask(req, {"", "question"});
    given = only(raw_worker);
    CHECK(given == Frames{corr(given), "", "question"});
    raw.say(raw_worker, {given[0], "", "answer"});
    CHECK(only(req) == Frames{"", "answer"});
}

TEST_CASE(
    "requests wait in the order of their acceptance, and the longest free worker is served first") {
    World world;
    FakePeer& client = world.client(SocketType::kDealer);
    FakePeer& first = world.worker();
    FakePeer& second = world.worker();
    for (const char* body : {"1", "2", "3", "4"}) {
        world.ask(client, {"", body});
    }
    const Frames a = only(first), b = only(second);
    CHECK(a[2] == "1");
    CHECK(b[2] == "2");
    CHECK(world.service->status().waiting == 2);
    world.say(second, {b[0], "", "b"});
    const Frames c = only(second);
    CHECK(c[2] == "3");
    world.say(first, {a[0], "", "a"});
    const Frames d = only(first);
    CHECK(d[2] == "4");
    // Both become free, second before first: second is next.
    world.say(second, {c[0], "", "c"});
    world.say(first, {d[0], "", "d"});
    world.ask(client, {"", "5"});
    CHECK(only(second)[2] == "5");
    CHECK(first.read().empty());
    CHECK(client.read() == std::vector<Frames>{{"", "b"}, {"", "a"}, {"", "c"}, {"", "d"}});
}

TEST_CASE("beyond its line a service is busy, and says so as its template says") {
    World world({.line_max = 2, .error_frames = {"E {code}"}});
    FakePeer& client = world.client(SocketType::kDealer);
    for (const char* body : {"1", "2", "3"}) {
        world.ask(client, {"id", "", body});
    }
    CHECK(only(client) == Frames{"id", "", "E busy"});
    CHECK(world.service->status().refused.of(Refusal::kBusy) == 1);
    CHECK(world.service->status().accepted == 2);

    FakePeer& worker = world.worker();  // takes one out of the line
    world.ask(client, {"", "4"});
    CHECK(client.read().empty());
    CHECK(only(worker)[2] == "1");
}

TEST_CASE("a service without a line takes what a worker is free for") {
    World world({.line_max = 0});
    FakePeer& client = world.client(SocketType::kDealer);
    FakePeer& worker = world.worker();
    world.ask(client, {"", "1"});
    world.ask(client, {"", "2"});
    CHECK(only(worker)[2] == "1");
    CHECK(world.service->status().refused.of(Refusal::kBusy) == 1);
}

TEST_CASE("under memory pressure new requests are refused as busy") {
    World world({.error_frames = {"{code}"}}, {}, {}, 1 << 20);
    FakePeer& client = world.client();
    std::vector<Slice> held;
    while (!world.memory.pressed()) {
        held.push_back(world.memory.copy(std::string(100'000, 'x')));
    }
    world.ask(client, {"", "question"});
    CHECK(only(client) == Frames{"", "busy"});
    CHECK(world.service->status().refused.of(Refusal::kMemory) == 1);
    held.clear();
    world.ask(client, {"", "question"});
    CHECK(world.service->status().accepted == 1);
}

TEST_CASE("requests and kept answers are compacted: a few bytes of each hold no chunks") {
    World world({.timeout = 0s, .worker_credit = 10});
    FakePeer& client = world.client(SocketType::kDealer, "me");
    FakePeer& worker = world.worker(SocketType::kDealer);
    // Each in a chunk of its own that others have filled and left.
    const auto sparse = [&](const Frames& frames) {
        const Message message = client.message(frames);
        ChunkRef chunk = world.memory.allocate(MemoryBudget::kChunkBytes);
        std::memcpy(chunk->tail(), message.wire().data(), message.size());
        chunk->commit(message.size());
        return Message(Slice(chunk, chunk->data(), message.size()), message.frames());
    };
    for (int i = 0; i < 20; i++) {
        (void)world.service->clients().on_message(client, sparse({"", std::to_string(i)}));
    }
    std::vector<Frames> given = worker.read();
    REQUIRE(given.size() == 10);
    world.leave(client);
    for (size_t i = 0; i < 5; i++) {
        (void)world.service->workers().on_message(
            worker, sparse({given[i][0], "", "A" + std::to_string(i)}));
        given.push_back(only(worker));
    }
    CHECK(world.memory.used() > 20 * MemoryBudget::kChunkBytes);
    world.service->compact();
    CHECK(world.memory.used() <= 2 * MemoryBudget::kSmallChunkBytes);
    world.service->check_invariants();
    FakePeer& back = world.client(SocketType::kDealer, "me");
    CHECK(back.read().size() == 5);
    for (size_t i = 5; i < 20; i++) {
        world.say(worker, {given[i][0], "", "A"});
        for (const Frames& frames : worker.read())
            given.push_back(frames);
    }
    CHECK(back.read().size() == 15);
}

TEST_CASE("a draining service refuses what is new and ends what it has accepted") {
    World world({.error_frames = {"{code}"}});
    FakePeer& worker = world.worker();
    FakePeer& client = world.client(SocketType::kDealer);
    world.ask(client, {"", "1"});
    world.ask(client, {"", "2"});
    world.service->drain();
    world.ask(client, {"", "3"});
    CHECK(only(client) == Frames{"", "shutting_down"});
    CHECK_FALSE(world.service->idle());
    for (int i = 0; i < 2; i++) {
        world.say(worker, {corr(only(worker)), "", "done"});
    }
    CHECK(client.read().size() == 2);
    CHECK(world.service->idle());
}

TEST_CASE(
    "a reply for which the client's outbox has no room is dropped and counted, and holds nobody "
    "up") {
    World world({.worker_credit = 3});
    FakePeer& worker = world.worker(SocketType::kDealer);
    FakePeer& slow = world.client(SocketType::kDealer);
    FakePeer& other = world.client(SocketType::kDealer);
    slow.limit_messages(1);
    world.ask(slow, {"", "1"});
    world.ask(slow, {"", "2"});
    world.ask(other, {"", "3"});
    for (const Frames& given : worker.read()) {
        world.say(worker, {given[0], "", "re " + given[2]});
    }
    CHECK(slow.read() == std::vector<Frames>{{"", "re 1"}});
    CHECK(only(other) == Frames{"", "re 3"});
    CHECK(world.service->status().ended.of(Refusal::kOutboxFull) == 1);
    CHECK(slow.counters().dropped == 1);
}

TEST_CASE("a request past its timeout ends: no worker took it, or none replied") {
    World world({.timeout = 5s, .error_frames = {"{code}", "{id}"}});
    FakePeer& client = world.client(SocketType::kDealer);
    world.ask(client, {"", "1"});
    world.advance(4999ms);
    CHECK(client.read().empty());
    world.advance(1ms);
    CHECK(only(client) == Frames{"", "no_worker", "7-1"});

    FakePeer& worker = world.worker();
    world.ask(client, {"", "2"});
    world.advance(5s);
    CHECK(only(client) == Frames{"", "timeout", "7-2"});
    world.say(worker, {corr(only(worker)), "", "too late"});
    CHECK(client.read().empty());
    CHECK(world.service->status().timed_out == 2);
    CHECK(world.service->status().late.of(LateReason::kEnded) == 1);
}

TEST_CASE("timeouts are silent by default, and counted") {
    World world;
    FakePeer& client = world.client();
    world.ask(client, {"", "question"});
    world.advance(5s);
    CHECK(client.read().empty());
    CHECK(world.service->status().ended.of(Refusal::kNoWorker) == 1);
}

TEST_CASE("a timeout of 0 is for ever") {
    World world({.timeout = 0s});
    FakePeer& client = world.client();
    world.ask(client, {"", "question"});
    world.advance(24h);
    FakePeer& worker = world.worker();
    const Frames given = only(worker);
    world.advance(24h);
    CHECK_FALSE(worker.closed_as);
    world.say(worker, {given[0], "", "answer"});
    CHECK(only(client) == Frames{"", "answer"});
}

TEST_CASE("a source's peers are served without being of the clients' endpoint") {
    World world;
    FakePeer& worker = world.worker();
    FakePeer& source = world.add(SocketType::kReq, {}, {}, EndpointId(9));
    CHECK(world.service->submit(source, source.message({"", "question"})) == net::Take::kTaken);
    world.say(worker, {corr(only(worker)), "", "answer"});
    CHECK(only(source) == Frames{"", "answer"});
    (void)world.service->submit(source, source.message({"", "another"}));
    world.leave(source);
    CHECK(world.service->status().ended.of(Refusal::kClientGone) == 1);
    CHECK(world.service->status().clients == 0);
}

TEST_CASE(
    "services of one bridge share their numbers: a corr of another's request settles nothing") {
    World world;
    FakePeer& worker = world.worker();
    FakePeer& client = world.client(SocketType::kDealer);
    Service other(ServiceId(2), {}, {.epoch = Epoch(7)}, world.numbers, world.clock, world.timers,
                  world.memory);
    FakePeer other_worker({PeerId(100), EndpointId(4), SocketType::kRep, "", "", ""}, world.memory);
    FakePeer other_client({PeerId(101), EndpointId(3), SocketType::kReq, "", "", ""}, world.memory);
    other.workers().on_opened(other_worker);
    other.clients().on_opened(other_client);

    world.ask(client, {"", "1"});
    (void)other.clients().on_message(other_client, other_client.message({"", "2"}));
    const std::string others_corr = corr(only(other_worker));
    CHECK(Corr::decode(others_corr)->number == 2);
    world.say(worker, {others_corr, "", "wrong"});
    CHECK(client.read().empty());
    CHECK(other_client.read().empty());
    CHECK(world.service->status().late.total() == 1);
    world.say(worker, {corr(only(worker)), "", "right"});
    CHECK(only(client) == Frames{"", "right"});
    other.workers().on_closed(other_worker);
    other.clients().on_closed(other_client);
}

// Repeats of a request with the same key.
#include "bridge/rpc/dedup.h"

#include "tests/unit/rpc/world.h"

using namespace zbridge;
using namespace zbridge::rpc;
using namespace std::chrono_literals;

namespace {

// The key is the body's first frame; "-" has none.
std::optional<std::string> first_frame(const Message& body) {
    const std::string key(body.first().body);
    if (key == "-") return std::nullopt;
    return key;
}

ServiceOptions options(ServiceOptions::Execute execute = ServiceOptions::Execute::kAtMostOnce) {
    return {.execute = execute,
            .timeout = 5s,
            .error_frames = {"{code}"},
            .dedup = DedupOptions{.window = std::chrono::minutes(10), .entries_max = 3}};
}

struct DedupWorld : World {
    explicit DedupWorld(ServiceOptions with = options(), uint64_t memory_bytes = 64 << 20)
        : World(std::move(with), {.epoch = Epoch(7)}, first_frame, memory_bytes) {}
};

}  // namespace

TEST_CASE("a repeat gets the stored reply, with its own envelope, and is not executed") {
    DedupWorld world;
    FakePeer& worker = world.worker();
    FakePeer& client = world.client();
    world.ask(client, {"", "t1"});
    world.say(worker, {corr(only(worker)), "", "done", ""});
    CHECK(only(client) == Frames{"", "done", ""});
    world.leave(client);

    FakePeer& again = world.client(SocketType::kDealer);
    world.ask(again, {"x", "", "t1"});
    CHECK(only(again) == Frames{"x", "", "done", ""});
    CHECK(worker.read().empty());
    CHECK(world.service->status().dedup_repeats == 1);
    world.ask(again, {"", "t2"});
    CHECK(only(worker)[2] == "t2");
}

TEST_CASE("a repeat joins the one that runs: both get the reply, of one execution") {
    DedupWorld world;
    FakePeer& worker = world.worker();
    FakePeer& first = world.client();
    FakePeer& second = world.client();
    world.ask(first, {"", "t1"});
    world.ask(second, {"", "t1"});
    CHECK(world.service->status().joined == 1);
    world.say(worker, {corr(only(worker)), "", "done"});
    CHECK(only(first) == Frames{"", "done"});
    CHECK(only(second) == Frames{"", "done"});
    CHECK(worker.read().empty());
    CHECK(world.service->idle());
}

TEST_CASE("a lazy client that times out, reopens and asks again has one execution and its answer") {
    DedupWorld world;
    FakePeer& worker = world.worker();
    FakePeer& client = world.client();
    world.ask(client, {"", "t1"});
    const Frames given = only(worker);
    world.leave(client);
    FakePeer& reopened = world.client();
    SUBCASE("before the reply") {
        world.ask(reopened, {"", "t1"});
        world.say(worker, {given[0], "", "done"});
    }
    SUBCASE("after the reply, which nobody waited for") {
        world.say(worker, {given[0], "", "done"});
        world.ask(reopened, {"", "t1"});
    }
    SUBCASE("after its request had timed out in the bridge, too") {
        world.advance(6s);
        world.ask(reopened, {"", "t1"});
        world.say(worker, {given[0], "", "done"});
    }
    SUBCASE("on the same connection") {
        world.leave(reopened);
        FakePeer& relaxed = world.client();
        world.ask(relaxed, {"", "t2"});
        world.say(worker, {given[0], "", "done"});  // frees the worker
        const Frames other = only(worker);
        world.ask(relaxed, {"", "t2"});
        world.say(worker, {other[0], "", "done 2"});
        CHECK(only(relaxed) == Frames{"", "done 2"});
        CHECK(worker.read().empty());
        return;
    }
    CHECK(only(reopened) == Frames{"", "done"});
    CHECK(worker.read().empty());
}

TEST_CASE(
    "each asker has its own time, and the running request goes on for those that still wait") {
    DedupWorld world;
    FakePeer& first = world.client();
    FakePeer& second = world.client();
    world.ask(first, {"", "t1"});
    world.advance(3s);
    world.ask(second, {"", "t1"});
    world.advance(2s);
    CHECK(only(first) == Frames{"", "no_worker"});
    CHECK(second.read().empty());
    FakePeer& worker = world.worker();
    world.say(worker, {corr(only(worker)), "", "done"});
    CHECK(only(second) == Frames{"", "done"});
    CHECK(first.read().empty());
}

TEST_CASE("a request that waits in the line ends when the last of its askers leaves") {
    DedupWorld world;
    FakePeer& first = world.client();
    FakePeer& second = world.client();
    world.ask(first, {"", "t1"});
    world.ask(second, {"", "t1"});
    world.leave(first);
    CHECK(world.service->status().waiting == 1);
    world.leave(second);
    CHECK(world.service->status().waiting == 0);
    CHECK(world.service->status().dedup_entries == 0);
}

TEST_CASE("errors are not stored: what never reached a worker is tried again") {
    DedupWorld world;
    FakePeer& client = world.client();
    world.ask(client, {"", "t1"});
    world.advance(5s);
    CHECK(only(client) == Frames{"", "no_worker"});
    FakePeer& worker = world.worker();
    world.ask(client, {"", "t1"});
    CHECK(only(worker)[2] == "t1");
}

TEST_CASE("at most once: what a lost worker may have done is not done again for a repeat") {
    DedupWorld world;
    FakePeer& worker = world.worker();
    FakePeer& client = world.client();
    world.ask(client, {"", "t1"});
    const Frames given = only(worker);
    world.leave(worker);
    world.advance(5s);
    CHECK(only(client) == Frames{"", "worker_lost"});
    FakePeer& other = world.worker();
    world.ask(client, {"", "t1"});
    CHECK(other.read().empty());
    SUBCASE("its late reply answers the repeat") {
        world.say(other, {given[0], "", "done"});
        CHECK(only(client) == Frames{"", "done"});
    }
    SUBCASE("without one the repeat ends in the same error") {
        world.advance(5s);
        CHECK(only(client) == Frames{"", "worker_lost"});
    }
    SUBCASE("after the window it is new") {
        world.advance(5s);
        (void)only(client);
        world.advance(std::chrono::minutes(10));
        world.ask(client, {"", "t1"});
        CHECK(only(other)[2] == "t1");
    }
}

TEST_CASE(
    "without a timeout a repeat of a lost request waits for the resume window, as the first did") {
    ServiceOptions forever = options();
    forever.timeout = 0s;
    DedupWorld world(forever);
    FakePeer& worker = world.worker();
    FakePeer& client = world.client();
    world.ask(client, {"", "t1"});
    const Frames given = only(worker);
    world.leave(worker);
    world.advance(30s);
    CHECK(only(client) == Frames{"", "worker_lost"});
    for (int again = 0; again < 2; again++) {
        world.ask(client, {"", "t1"});
        world.advance(29s);
        CHECK(client.read().empty());
        world.advance(1s);
        CHECK(only(client) == Frames{"", "worker_lost"});
    }
    world.ask(client, {"", "t1"});
    world.advance(29s);
    FakePeer& back = world.worker();
    world.say(back, {given[0], "", "done"});
    CHECK(only(client) == Frames{"", "done"});
}

TEST_CASE("at least once: a joined repeat keeps the request going after its first client left") {
    DedupWorld world(options(ServiceOptions::Execute::kAtLeastOnce));
    FakePeer& worker = world.worker();
    FakePeer& first = world.client();
    FakePeer& second = world.client();
    world.ask(first, {"", "t1"});
    world.ask(second, {"", "t1"});
    (void)only(worker);
    world.leave(first);
    world.leave(worker);
    FakePeer& other = world.worker();
    world.advance(2s);
    const Frames again = only(other);
    CHECK(Corr::decode(again[0])->attempt == 2);
    world.say(other, {again[0], "", "done"});
    CHECK(only(second) == Frames{"", "done"});
}

TEST_CASE("at least once: after its last retry all askers get the error, and a repeat is new") {
    ServiceOptions with = options(ServiceOptions::Execute::kAtLeastOnce);
    with.retry_times = 0;
    DedupWorld world(with);
    FakePeer& worker = world.worker();
    FakePeer& first = world.client();
    FakePeer& second = world.client();
    world.ask(first, {"", "t1"});
    world.ask(second, {"", "t1"});
    (void)only(worker);
    world.leave(worker);
    CHECK(only(first) == Frames{"", "worker_lost"});
    CHECK(only(second) == Frames{"", "worker_lost"});
    FakePeer& other = world.worker();
    world.ask(first, {"", "t1"});
    CHECK(Corr::decode(only(other)[0])->attempt == 1);
}

TEST_CASE("a stored reply is kept for its window") {
    DedupWorld world;
    FakePeer& worker = world.worker();
    FakePeer& client = world.client();
    world.ask(client, {"", "t1"});
    world.say(worker, {corr(only(worker)), "", "done"});
    world.advance(std::chrono::minutes(10) - 1ms);
    world.ask(client, {"", "t1"});
    CHECK(client.read().size() == 2);
    world.advance(1ms);
    CHECK(world.service->status().dedup_entries == 0);
    CHECK(world.service->status().dedup_bytes == 0);
    world.ask(client, {"", "t1"});
    CHECK(only(worker)[2] == "t1");
}

TEST_CASE("beyond its entries the oldest goes first") {
    DedupWorld world;
    FakePeer& worker = world.worker();
    FakePeer& client = world.client();
    for (const char* key : {"t1", "t2", "t3", "t4"}) {
        world.ask(client, {"", key});
        world.say(worker, {corr(only(worker)), "", "done"});
    }
    CHECK(world.service->status().dedup_entries == 3);
    CHECK(world.service->status().dedup_dropped == 1);
    world.ask(client, {"", "t4"});
    CHECK(worker.read().empty());
    world.ask(client, {"", "t1"});
    CHECK(only(worker)[2] == "t1");
}

TEST_CASE("stored replies take no more than their share of the memory") {
    ServiceOptions with = options();
    with.dedup->entries_max = 1000;
    DedupWorld world(with, 4 << 20);
    FakePeer& worker = world.worker();
    FakePeer& client = world.client();
    for (int i = 0; i < 40; i++) {
        world.ask(client, {"", std::to_string(i)});
        world.say(worker, {corr(only(worker)), "", std::string(50'000, 'x')});
        (void)client.read();
    }
    CHECK(world.service->status().dedup_bytes <= (4 << 20) / Dedup::kShareOfMemory);
    CHECK(world.service->status().dedup_dropped > 0);
}

TEST_CASE("keys count like stored replies: beyond the share of the memory the oldest goes first") {
    constexpr uint64_t kShare = (4 << 20) / Dedup::kShareOfMemory;
    ServiceOptions with = options();
    with.dedup->entries_max = 1000;
    DedupWorld world(with, 4 << 20);
    FakePeer& worker = world.worker();
    FakePeer& client = world.client();
    const auto key = [](int number) { return std::to_string(number) + std::string(50'000, 'k'); };
    for (int i = 0; i < 40; i++) {
        world.ask(client, {"", key(i)});
        world.say(worker, {corr(only(worker)), "", "done"});
        (void)client.read();
    }
    CHECK(world.service->status().dedup_bytes <= kShare);
    CHECK(world.service->status().dedup_bytes > kShare - 51'000);
    CHECK(world.service->status().dedup_dropped == 40 - world.service->status().dedup_entries);
    world.ask(client, {"", key(39)});
    CHECK(worker.read().empty());
    world.ask(client, {"", key(0)});
    CHECK(worker.read().size() == 1);
}

TEST_CASE("stored replies keep no memory of what passes meanwhile, and are counted themselves") {
    ServiceOptions with = options();
    with.dedup->entries_max = 1000;
    DedupWorld world(with);
    FakePeer& worker = world.worker();
    FakePeer& client = world.client();
    const uint64_t before = world.memory.used();
    for (int i = 0; i < 50; i++) {
        world.ask(client, {"", std::to_string(i)});
        world.say(worker, {corr(only(worker)), "", "done"});
        (void)client.read();
        for (int passing = 0; passing < 4; passing++)
            (void)world.memory.copy(std::string(30'000, 'x'));
    }
    const uint64_t kept = world.memory.used() - before;
    CHECK(world.service->status().dedup_entries == 50);
    CHECK(kept >= world.service->status().dedup_bytes);
    CHECK(kept <= world.service->status().dedup_bytes + 2 * MemoryBudget::kSmallChunkBytes);
}

TEST_CASE("repeats that join are limited as the line is") {
    ServiceOptions with = options();
    with.line_max = 2;
    DedupWorld world(with);
    for (int i = 0; i < 4; i++) {
        world.ask(world.client(), {"", "t1"});
    }
    CHECK(world.service->status().joined == 2);
    CHECK(world.service->status().refused.of(Refusal::kBusy) == 1);
}

TEST_CASE("a request without a key, or another user's with the same key, is executed on its own") {
    DedupWorld world;
    FakePeer& worker = world.worker();
    FakePeer& client = world.client(SocketType::kDealer);
    world.ask(client, {"", "-"});
    world.say(worker, {corr(only(worker)), "", "done"});
    world.ask(client, {"", "-"});
    world.say(worker, {corr(only(worker)), "", "done"});
    world.ask(client, {"", "t1"});
    world.say(worker, {corr(only(worker)), "", "done"});
    world.ask(world.client(SocketType::kReq, "", "alice"), {"", "t1"});
    CHECK(only(worker)[2] == "t1");
}

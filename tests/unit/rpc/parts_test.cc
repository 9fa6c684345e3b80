// The parts a service is made of: lists, the table, due lines, error templates.
#include <map>

#include "bridge/base/random.h"
#include "tests/unit/rpc/world.h"

using namespace zbridge;
using namespace zbridge::rpc;
using namespace std::chrono_literals;

TEST_CASE("the table finds every request it holds, whatever was added and removed") {
    RequestTable table;
    std::map<uint64_t, Request*> model;
    SeededRandom random(3);
    uint64_t next = 1;
    for (int step = 0; step < 20'000; step++) {
        if (random.below(100) < 52) {
            next += 1 + random.below(3);
            Request& request = table.add(next);
            CHECK(request.attempt == 0);
            request.attempt = 1;
            model[next] = &request;
        } else if (!model.empty()) {
            const auto at = model.lower_bound(random.below(next));
            if (at == model.end()) continue;
            table.remove(*at->second);
            model.erase(at);
        }
    }
    REQUIRE(table.size() == model.size());
    for (uint64_t number = 1; number <= next; number++) {
        const auto at = model.find(number);
        CHECK(table.find(number) == (at == model.end() ? nullptr : at->second));
    }
}

TEST_CASE("the line puts a request back before all newer ones and behind all older ones") {
    RequestTable table;
    Line line;
    for (uint64_t number = 1; number <= 5; number++) {
        line.push_back(table.add(number));
    }
    for (const uint64_t number : {3, 1, 2}) {
        line.remove(*table.find(number));
    }
    for (const uint64_t number : {2, 3, 1}) {
        line.put_back(*table.find(number));
    }
    for (uint64_t number = 1; number <= 5; number++) {
        CHECK(line.front()->number == number);
        line.remove(*line.front());
    }
    CHECK(line.empty());
}

TEST_CASE(
    "a due line tells each item when it is due, with one timer, also when items leave or join "
    "meanwhile") {
    struct Item {
        int id = 0;
        Instant due{};
        Link<Item> link{};
    };
    ManualClock clock;
    Timers timers;
    std::string told;
    Item a{1}, b{2}, c{3}, d{4};
    using Items = DueLine<Item, &Item::link, &Item::due>;
    std::unique_ptr<Items> line;
    line = std::make_unique<Items>(clock, timers, [&](Item& item) {
        told += std::to_string(item.id);
        if (item.id == 2) line->remove(c);
        if (item.id == 2) line->push(d, clock.now() + 1s);
    });
    line->push(a, clock.now() + 1s);
    line->push(b, clock.now() + 2s);
    line->push(c, clock.now() + 2s);
    line->remove(a);
    CHECK(timers.size() == 1);
    for (int step = 0; step < 5; step++) {
        clock.advance(1s);
        timers.run_due(clock.now());
    }
    CHECK(told == "24");
    CHECK(timers.size() == 0);
}

TEST_CASE("an error template fills in its places once, in each frame") {
    MemoryBudget memory(1 << 20);
    const ErrorReply reply({"E {code} {id}", "{reason}", "{nothing} {"});
    const Slice wire = reply.render(memory, Refusal::kBusy, "{code}");
    CHECK(Message(wire, 3).bodies() == std::vector<std::string_view>{"E busy {code}",
                                                                     meaning_of(Refusal::kBusy),
                                                                     "{nothing} {"});
    CHECK(ErrorReply({}).silent());
}

TEST_CASE("bodies are shared: a request and its reply pass without a copy of their bytes") {
    World world;
    FakePeer& worker = world.worker();
    FakePeer& client = world.client();
    const std::string body(1 << 20, 'x');
    const Message question = client.message({"", body});
    const uint64_t before = world.memory.used();
    (void)world.service->clients().on_message(client, question);
    CHECK(world.memory.used() <= before + MemoryBudget::kSmallChunkBytes);
    const Message answer = worker.message({corr(only(worker)), "", body});
    const uint64_t with_answer = world.memory.used();
    (void)world.service->workers().on_message(worker, answer);
    CHECK(world.memory.used() <= with_answer);
    CHECK(only(client)[1] == body);
}

#include "bridge/delivery/line.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "bridge/base/random.h"
#include "tests/unit/support/endpoint_rig.h"

using namespace zbridge;
using namespace zbridge::testing;
using delivery::Line;

TEST_CASE(
    "messages leave the line in the order they came, whether they stand next to each other in "
    "memory or not") {
    MemoryBudget memory(1 << 20);
    Line line({});
    for (int i = 0; i < 50; i++) {
        line.append(make_message(memory, {"a", std::to_string(i)}));
        if (i % 7 == 0) (void)memory.copy("gap");
    }
    CHECK(line.messages() == 50);
    for (int i = 0; i < 50; i++)
        CHECK(frames_of(line.take()) == Frames{"a", std::to_string(i)});
    CHECK(line.empty());
    CHECK(line.bytes() == 0);
    CHECK(line.messages() == 0);
}

TEST_CASE("what is put back leaves first") {
    MemoryBudget memory(1 << 20);
    Line line({});
    line.append(make_message(memory, {"1"}));
    line.append(make_message(memory, {"2"}));
    const Message first = line.take();
    line.put_back(first);
    CHECK(line.bytes() == 6);
    CHECK(frames_of(line.take()) == Frames{"1"});
    CHECK(frames_of(line.take()) == Frames{"2"});
}

TEST_CASE(
    "the line is full by bytes or by number, and has much room again when it is half empty of "
    "both") {
    MemoryBudget memory(1 << 20);
    const Message message = make_message(memory, {std::string(98, 'x')});  // 100 bytes
    for (const bool by_bytes : {false, true}) {
        Line line(by_bytes ? delivery::LineOptions{400, 1000} : delivery::LineOptions{100'000, 4});
        for (int i = 0; i < 4; i++) {
            CHECK(line.has_room());
            line.append(message);
        }
        CHECK_FALSE(line.has_room());
        (void)line.take();
        CHECK(line.has_room());
        CHECK_FALSE(line.has_much_room());
        (void)line.take();
        CHECK(line.has_much_room());
    }
}

TEST_CASE("a waiting message frees the memory around it when the line is made compact") {
    MemoryBudget memory(1 << 24);
    Line line({});
    for (int i = 0; i < 8; i++) {
        ChunkRef chunk = memory.allocate(MemoryBudget::kChunkBytes);
        const std::string bytes = zmtp::frame(std::to_string(i));
        std::copy(bytes.begin(), bytes.end(), chunk->tail());
        chunk->commit(bytes.size());
        line.append(Message(Slice(chunk, chunk->data(), bytes.size()), 1));
    }
    CHECK(memory.used() == 8 * MemoryBudget::kChunkBytes);
    line.compact(memory);
    CHECK(memory.used() == MemoryBudget::kSmallChunkBytes);
    for (int i = 0; i < 8; i++)
        CHECK(frames_of(line.take()) == Frames{std::to_string(i)});
}

TEST_CASE("any mix of appending, taking and putting back is what a plain queue would be") {
    SeededRandom random(5);
    MemoryBudget memory(64 << 20);
    Line line({});
    std::deque<Frames> model;
    for (int step = 0; step < 20000; step++) {
        const uint64_t what = random.below(10);
        if (what < 5) {
            Frames frames(1 + random.below(3),
                          std::string(random.below(400), static_cast<char>('a' + step % 26)));
            const std::vector<std::string_view> views(frames.begin(), frames.end());
            const Message message = make_message(memory, views);
            if (what == 0) {
                line.put_back(message);
                model.push_front(frames);
            } else {
                line.append(message);
                model.push_back(frames);
            }
        } else if (!model.empty()) {
            REQUIRE(frames_of(line.take()) == model.front());
            model.pop_front();
        }
        if (step % 1000 == 0) line.compact(memory);
        REQUIRE(line.messages() == model.size());
        REQUIRE(line.empty() == model.empty());
    }
}

#include "bridge/net/outbox.h"

#include <array>
#include <string>

#include "bridge/base/random.h"

using namespace zbridge;
using net::Outbox;

namespace {

std::string waiting(const Outbox& outbox) {
    std::array<iovec, 64> parts{};
    const size_t filled = outbox.gather(parts);
    std::string bytes;
    for (size_t i = 0; i < filled; i++) {
        bytes.append(static_cast<const char*>(parts[i].iov_base), parts[i].iov_len);
    }
    return bytes;
}

std::string wire(std::string_view body) {
    std::string bytes;
    append_frame(bytes, body, false);
    return bytes;
}

struct Filled {
    MemoryBudget memory{1 << 20};
    Outbox outbox;
    void append(std::string_view body) { outbox.append(make_message(memory, {body}).wire()); }
    void append_apart(std::string_view body) {  // not the neighbour of the one before
        (void)memory.copy("gap");
        append(body);
    }
    std::array<iovec, 64> parts{};
};

}  // namespace

TEST_CASE("messages that follow each other in memory become one piece") {
    Filled f;
    f.append("a");
    f.append("b");
    f.append_apart("c");
    CHECK(f.outbox.gather(f.parts) == 2);
    CHECK(f.outbox.messages() == 3);
    CHECK(waiting(f.outbox) == wire("a") + wire("b") + wire("c"));
}

TEST_CASE("what was written in part goes on where it was cut, and counts until its last byte") {
    Filled f;
    f.append("aaaa");
    f.append("bbbb");
    f.append_apart("cccc");
    f.outbox.consume(8);
    CHECK(f.outbox.messages() == 2);
    CHECK(waiting(f.outbox) == wire("bbbb").substr(2) + wire("cccc"));
    f.outbox.consume(f.outbox.bytes());
    CHECK(f.outbox.empty());
    CHECK(f.outbox.messages() == 0);
    CHECK(f.outbox.written() == f.outbox.appended());
}

TEST_CASE("the oldest message of which nothing was written can be dropped, a cut one cannot") {
    Filled f;
    f.append("aaaa");
    f.append("bbbb");
    f.append("cccc");
    f.outbox.consume(3);
    CHECK(f.outbox.drop_oldest());
    CHECK(waiting(f.outbox) == wire("aaaa").substr(3) + wire("cccc"));
    CHECK(f.outbox.drop_oldest());
    CHECK_FALSE(f.outbox.drop_oldest());
    CHECK(waiting(f.outbox) == wire("aaaa").substr(3));
    CHECK(f.outbox.messages() == 1);
}

TEST_CASE("a dead peer's messages come back whole, the cut one too") {
    Filled f;
    f.append("aaaa");
    f.append("bbbb");
    f.append_apart("cccc");
    f.outbox.consume(8);
    const auto back = f.outbox.take_unfinished(f.memory);
    REQUIRE(back.size() == 2);
    CHECK(back[0].first().body == "bbbb");
    CHECK(back[1].first().body == "cccc");
    CHECK(f.outbox.empty());
}

TEST_CASE("a message in two pieces is one message") {
    Filled f;
    const Slice head = f.memory.copy(std::string("\x01\x00", 2));
    f.outbox.append_part(head);
    f.outbox.append(f.memory.copy(wire("body")));
    f.append("next");
    CHECK(f.outbox.messages() == 2);
    f.outbox.consume(2);
    CHECK(f.outbox.messages() == 2);
    CHECK(waiting(f.outbox) == wire("body") + wire("next"));
    CHECK_FALSE(f.outbox.drop_oldest());
}

TEST_CASE("a dead peer's message in pieces comes back whole, wherever it was cut") {
    const std::string head = [] {
        std::string bytes;
        append_frame(bytes, "envelope", true);
        append_frame(bytes, "", true);
        return bytes;
    }();
    const std::string whole = head + wire("body");
    for (size_t cut = 0; cut < whole.size(); cut++) {
        Filled f;
        f.append("before");
        f.outbox.append_part(f.memory.copy(head.substr(0, 3)));
        f.outbox.append_part(f.memory.copy(head.substr(3)));
        f.outbox.append(f.memory.copy(wire("body")));
        f.outbox.append_command(f.memory.copy("command"));
        f.append("behind");
        f.outbox.consume(wire("before").size() + cut);
        const auto back = f.outbox.take_unfinished(f.memory);
        REQUIRE(back.size() == 2);
        CHECK(back[0].wire().bytes() == whole);
        CHECK(back[0].frames() == 3);
        CHECK(back[1].first().body == "behind");
        // What ends nothing leaves nothing.
        f.append("next");
        CHECK(f.outbox.take_unfinished(f.memory).size() == 1);
    }
    Filled f;
    f.outbox.append_part(f.memory.copy(head));
    f.outbox.append(f.memory.copy(wire("body")));
    f.append_apart("next");
    f.outbox.consume(whole.size() + 1);
    CHECK(f.outbox.take_unfinished(f.memory).size() == 1);
}

TEST_CASE("compacting frees chunks that hold little else") {
    MemoryBudget memory(1 << 20);
    Outbox outbox;
    for (int i = 0; i < 4; i++) {
        ChunkRef chunk = memory.allocate(MemoryBudget::kChunkBytes);
        const std::string bytes = wire("kept");
        std::copy(bytes.begin(), bytes.end(), chunk->tail());
        chunk->commit(bytes.size());
        outbox.append(Slice(chunk, chunk->data(), bytes.size()));
    }
    CHECK(memory.used() == 4 * MemoryBudget::kChunkBytes);
    const std::string before = waiting(outbox);
    outbox.compact(memory);
    CHECK(memory.used() == MemoryBudget::kSmallChunkBytes);
    CHECK(waiting(outbox) == before);
}

TEST_CASE("any mix of appending, writing and dropping keeps bytes and counts true") {
    SeededRandom random(7);
    Filled f;
    std::string model;
    size_t cut = 0;  // of the first message in the model
    std::deque<std::string> messages;
    for (int step = 0; step < 20000; step++) {
        switch (random.below(5)) {
            case 0:
            case 1: {
                const std::string body(random.below(300), static_cast<char>('a' + step % 26));
                if (random.below(3) == 0)
                    f.append_apart(body);
                else
                    f.append(body);
                messages.push_back(wire(body));
                break;
            }
            case 2:
            case 3: {
                size_t n = std::min<uint64_t>(random.below(700), f.outbox.bytes());
                f.outbox.consume(n);
                cut += n;
                while (!messages.empty() && cut >= messages.front().size()) {
                    cut -= messages.front().size();
                    messages.pop_front();
                }
                break;
            }
            default: {
                const size_t at = cut > 0 ? 1 : 0;
                const bool dropped = f.outbox.drop_oldest();
                CHECK(dropped == (messages.size() > at));
                if (dropped) messages.erase(messages.begin() + static_cast<long>(at));
            }
        }
        REQUIRE(f.outbox.messages() == messages.size());
        std::string all;
        for (const auto& m : messages)
            all += m;
        REQUIRE(f.outbox.bytes() == all.size() - cut);
    }
}

#include "bridge/base/memory.h"

#include <cstring>

using namespace zbridge;

TEST_CASE("a chunk lives as long as a slice of it, and is counted as long") {
    MemoryBudget budget(1 << 20);
    Slice slice;
    {
        ChunkRef chunk = budget.allocate(1000);
        std::memcpy(chunk->tail(), "hello", 5);
        chunk->commit(5);
        slice = Slice(chunk, chunk->data(), 5);
    }
    CHECK(slice.bytes() == "hello");
    CHECK(slice.chunk()->live() == 5);
    CHECK(budget.used() == 1000);
    slice = Slice();
    CHECK(budget.used() == 0);
}

TEST_CASE("slices of neighbouring bytes become one") {
    MemoryBudget budget(1 << 20);
    Slice a = budget.copy("abc");
    const Slice b = budget.copy("def");
    REQUIRE(a.is_followed_by(b));
    a.extend(b.size());
    CHECK(a.bytes() == "abcdef");
    CHECK(a.chunk()->live() == 9);
    a.remove_prefix(2);
    CHECK(a.bytes() == "cdef");
    CHECK_FALSE(b.is_followed_by(a));
}

TEST_CASE("bytes that are taken back are written over, and those before them stay") {
    MemoryBudget budget(1 << 20);
    ChunkRef chunk = budget.allocate(100);
    const auto write = [&](std::string_view bytes) {
        std::memcpy(chunk->tail(), bytes.data(), bytes.size());
        chunk->commit(bytes.size());
    };
    write("keep");
    Slice kept(chunk, chunk->data(), 4);
    write("undone");
    chunk->retract(6);
    CHECK(chunk->used() == 4);
    CHECK(chunk->free_space() == 96);
    write("next");
    const Slice next(chunk, chunk->data() + 4, 4);
    REQUIRE(kept.is_followed_by(next));
    kept.extend(next.size());
    CHECK(kept.bytes() == "keepnext");
    CHECK(chunk->used() == 8);
    chunk->retract(0);
    CHECK(chunk->used() == 8);
}

TEST_CASE("a large chunk is charged as its bytes arrive: announcing costs nothing") {
    MemoryBudget budget(1 << 20);
    ChunkRef chunk = budget.allocate(16 << 20);
    CHECK(budget.used() == 0);
    chunk->commit(1000);
    CHECK(budget.used() == 1000);
    CHECK_FALSE(budget.pressed());
    chunk->commit(1 << 20);
    CHECK(budget.exhausted());
    chunk = ChunkRef();
    CHECK(budget.used() == 0);
}

TEST_CASE("a large chunk begins where a disk can take it") {
    MemoryBudget budget(1 << 20);
    for (const size_t capacity :
         {MemoryBudget::kChunkBytes + 1, size_t{1} << 20, size_t{3} << 20}) {
        ChunkRef chunk = budget.allocate(capacity);
        CHECK(reinterpret_cast<uintptr_t>(chunk->data()) % MemoryBudget::kLargeAlignBytes == 0);
        CHECK(chunk->capacity() >= capacity);
    }
}

TEST_CASE("large chunks that were freed are used again, and so many are kept") {
    MemoryBudget budget(64 << 20);
    constexpr size_t kOne = 1 << 20;
    ChunkRef first = budget.allocate(kOne);
    first->commit(kOne);
    char* const place = first->data();
    first = ChunkRef();
    CHECK(budget.spare_bytes() == kOne);
    ChunkRef again = budget.allocate(kOne - kOne / 4);  // about this size
    CHECK(again->data() == place);
    CHECK(again->used() == 0);
    CHECK(budget.used() == 0);  // charged as it is written
    CHECK(budget.spare_bytes() == 0);
    again = ChunkRef();
    CHECK(budget.allocate(kOne / 2)->data() != place);

    std::vector<ChunkRef> many;
    for (size_t i = 0; i < 2 * MemoryBudget::kLargeSparesBytesMax / kOne; i++)
        many.push_back(budget.allocate(kOne));
    many.push_back(budget.allocate(MemoryBudget::kLargeSpareBytesMax + 1));
    many.clear();
    CHECK(budget.spare_bytes() <= MemoryBudget::kLargeSparesBytesMax);
    CHECK(budget.spare_bytes() > MemoryBudget::kLargeSparesBytesMax - kOne);
}

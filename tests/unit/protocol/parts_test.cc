// Receipts, and what is held.
#include <doctest/doctest.h>

#include <string>

#include "bridge/protocol/held.h"
#include "bridge/protocol/receipts.h"

using namespace zbridge;
using namespace zbridge::protocol;

namespace {

// "1+2=i42 3=topic_full 4=i7d"
std::string text_of(const std::vector<Outcome>& outcomes) {
    std::string text;
    for (const Outcome& each : outcomes) {
        text += (text.empty() ? "" : " ") + std::to_string(each.seq);
        if (each.count > 1) text += "+" + std::to_string(each.count);
        text += "=" + (each.why ? std::string(name_of(*each.why))
                                : "i" + std::to_string(each.id.sequence));
        if (each.duplicate) text += "d";
    }
    return text;
}

constexpr uint64_t kHigh = uint64_t{2} << 56;

std::string all_of(const Held& held) {
    std::string text;
    held.each([&](GroupId group, TokenRange range, Held::From from) {
        text += (text.empty() ? "" : " ") + std::to_string(group.number()) + ":" +
                std::to_string(range.first.low) + "+" + std::to_string(range.count) + "/" +
                std::to_string(from.taker);
    });
    return text;
}

}  // namespace

TEST_CASE("outcomes are told in order, once all before are known") {
    Receipts receipts;
    receipts.add_stored(1, 10, {9, 100}, false);
    receipts.add_stored(2, 11, {9, 101}, false);
    receipts.add_refused(3, 1, Refusal::kTooLarge, "large");
    receipts.add_refused(4, 2, Refusal::kTooLarge, "large");
    receipts.add_stored(6, 12, {9, 102}, false);
    receipts.add_stored(7, 13, {9, 50}, true);
    receipts.add_stored(8, 15, {9, 104}, false);
    CHECK(receipts.waiting() == 8);
    CHECK(text_of(receipts.take(9)) == "");
    CHECK(text_of(receipts.take(10)) == "1=i100");
    CHECK(text_of(receipts.take(11)) == "2=i101 3+3=too_large");
    CHECK(text_of(receipts.take(14)) == "6=i102 7=i50d");
    CHECK(receipts.waiting() == 1);
    CHECK(text_of(receipts.take(100)) == "8=i104");
    CHECK(receipts.empty());
}

TEST_CASE("what follows in every respect is one entry, and no more than that") {
    Receipts receipts;
    for (uint64_t i = 0; i < 5; i++)
        receipts.add_stored(1 + i, 10 + i, {9, 100 + i}, false);
    receipts.add_stored(7, 15, {9, 105}, false);    // a gap in seq
    receipts.add_stored(8, 17, {9, 106}, false);    // in the numbers
    receipts.add_stored(9, 18, {9, 108}, false);    // in the ids
    receipts.add_stored(10, 19, {10, 109}, false);  // another epoch
    CHECK(text_of(receipts.take(12)) == "1+3=i100");
    CHECK(text_of(receipts.take(100)) == "4+2=i103 7=i105 8=i106 9=i108 10=i109");
}

TEST_CASE("when the store has failed, what was not committed is refused") {
    Receipts receipts;
    receipts.add_stored(1, 10, {9, 100}, false);
    receipts.add_stored(2, 11, {9, 101}, false);
    receipts.add_refused(3, 1, Refusal::kTopicFull, "full");
    CHECK(text_of(receipts.fail(10, Refusal::kStoreFailed, "gone")) ==
          "1=i100 2=store_failed 3=topic_full");
    CHECK(receipts.empty());
    CHECK(receipts.waiting() == 0);
}

TEST_CASE("what is held is taken out by any range, and the rest stays") {
    const GroupId one(1), two(2);
    Held held;
    held.add(one, {{kHigh, 10}, 10}, {1, 0});
    held.add(one, {{kHigh, 20}, 5}, {2, 0});
    held.add(two, {{kHigh, 10}, 3}, {3, 0});
    held.add(one, {{kHigh + 1, 12}, 3}, {4, 0});
    std::string taken;
    const auto remove = [&](GroupId group, uint64_t first, uint32_t count) {
        taken.clear();
        held.remove(group, {{kHigh, first}, count}, [&](Held::From from, TokenRange part) {
            taken += std::to_string(part.first.low) + "+" + std::to_string(part.count) + "/" +
                     std::to_string(from.taker) + " ";
        });
        return taken;
    };
    CHECK(remove(one, 0, 5) == "");
    CHECK(remove(one, 13, 2) == "13+2/1 ");
    CHECK(all_of(held) == "1:10+3/1 1:15+5/1 1:20+5/2 1:12+3/4 2:10+3/3");
    CHECK(remove(one, 12, 10) == "12+1/1 15+5/1 20+2/2 ");
    CHECK(all_of(held) == "1:10+2/1 1:22+3/2 1:12+3/4 2:10+3/3");
    CHECK(held.messages() == 11);
    CHECK(remove(two, 0, UINT32_MAX) == "10+3/3 ");
    CHECK(remove(two, UINT64_MAX - 1, UINT32_MAX) == "");
    CHECK(held.messages() == 8);
}

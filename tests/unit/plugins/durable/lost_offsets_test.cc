#include "plugins/durable/tool/lost_offsets.h"

#include <doctest/doctest.h>

namespace zbridge::durable {

namespace {

Msg msg(uint64_t first, uint32_t count, uint32_t topic = 1) {
    Msg msg;
    msg.head.topic = TopicId(topic);
    msg.head.first = {first};
    msg.head.count = count;
    return msg;
}

TopicState state(uint64_t floor, uint64_t next, Origin origin = Origin::kDeclared) {
    TopicState state;
    state.id = TopicId(1);
    state.origin = origin;
    state.floor = {floor};
    state.next = {next};
    state.name = "orders";
    return state;
}

// "10-19 30-39": the last one of each with it.
std::string lost(LostOffsets& offsets) {
    offsets.end();
    std::string text;
    for (const auto& range : offsets.topics().at(TopicId(1)).lost) {
        text += (text.empty() ? "" : " ") + std::to_string(range.from.number) + "-" +
                std::to_string(range.to.number - 1);
    }
    return text;
}

}  // namespace

TEST_CASE("what a topic's offsets jump over behind missing batches is lost") {
    LostOffsets offsets;
    offsets.take(state(0, 0));
    offsets.take(msg(0, 10));
    offsets.on_hole();
    offsets.take(msg(20, 5));
    offsets.on_hole();
    offsets.take(msg(25, 5));
    CHECK(lost(offsets) == "10-19");
    CHECK(offsets.topics().at(TopicId(1)).messages == 20);
    CHECK(offsets.topics().at(TopicId(1)).name == "orders");
}

TEST_CASE("a jump of offsets without missing batches is none of a loss") {
    LostOffsets offsets;
    offsets.take(msg(0, 10));
    offsets.take(msg(1 << 20, 10));
    offsets.on_hole();
    offsets.take(msg((1 << 20) + 12, 1));
    CHECK(lost(offsets) == "1048586-1048587");
}

TEST_CASE("the next record of a topic tells what is lost, where no message follows") {
    LostOffsets offsets;
    offsets.take(msg(0, 10));
    offsets.on_hole();
    offsets.take(state(0, 15));
    CHECK(lost(offsets) == "10-14");
}

TEST_CASE("what the cleaner has moved is there, wherever it was before") {
    LostOffsets offsets;
    offsets.take(msg(20, 10));
    offsets.on_hole();
    Moved moved;
    moved.head.topic = TopicId(1);
    moved.head.first = {0};
    moved.head.count = 15;
    offsets.take(moved);
    offsets.take(msg(30, 5));
    CHECK(lost(offsets) == "15-19");
    CHECK(offsets.topics().at(TopicId(1)).messages == 30);
}

TEST_CASE("of a topic that is first seen behind a hole all is lost that its floor has not taken") {
    LostOffsets offsets;
    offsets.on_hole();
    offsets.take(msg(30, 10));
    offsets.take(Floor{TopicId(1), {25}});
    CHECK(lost(offsets) == "25-29");
}

TEST_CASE("what retention or a removal has taken since is not lost") {
    LostOffsets offsets;
    offsets.take(msg(0, 10));
    offsets.on_hole();
    offsets.take(msg(20, 10));
    SUBCASE("by its floor") {
        offsets.take(Floor{TopicId(1), {20}});
    }
    SUBCASE("with its topic") {
        offsets.take(state(0, 30, Origin::kRemoved));
    }
    CHECK(lost(offsets) == "");
}

}  // namespace zbridge::durable

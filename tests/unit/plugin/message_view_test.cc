#include "bridge/plugin/message_view.h"

#include <doctest/doctest.h>

#include "tests/unit/support/scripted_plugin.h"

using namespace zbridge;
using namespace zbridge::testing;
using plugin::KeptBytes;
using plugin::LooseMessage;
using plugin::MessageView;

namespace {

struct Looked {
    explicit Looked(const std::vector<std::string_view>& frames)
        : body(make_message(memory, frames)) {
        attributes.tag = "express";
        attributes.properties = {{"region", Value(std::string("EU"))}, {"amount", Value(7.5)}};
        view.look_at(body, attributes, &peer);
    }
    MemoryBudget memory{1 << 20};
    Message body;
    Attributes attributes;
    routing::PeerView peer{"uid:1000", "id-1", "tcp://10.0.0.7:1"};
    MessageView view;
};

zb_value text(std::string_view value) {
    return {ZB_STRING, 0, 0, 0, view_of(value)};
}
constexpr zb_value kMissing{ZB_NOTHING, 0, 0, 0, {nullptr, 0}};

std::string frame(const MessageView& view, uint32_t index) {
    return text_of(view.frame(index));
}

}  // namespace

TEST_CASE("frames are looked at where they stand, and there is nothing beyond the last") {
    Looked looked({"first", "", "third"});
    CHECK(looked.view.frame_count() == 3);
    if (!plugin::kExactViews) CHECK(looked.view.frame(0).data == looked.body.bodies()[0].data());
    CHECK(frame(looked.view, 2) == "third");
    CHECK(looked.view.frame(3).data == nullptr);
    CHECK(looked.view.frame(3).size == 0);
    CHECK_FALSE(looked.view.frames_changed());
}

TEST_CASE("a change stands in the view alone, and is gone when the next message is looked at") {
    Looked looked({"first", "second"});
    CHECK(looked.view.set_frame(1, "changed") == ZB_OK);
    CHECK(looked.view.set_attribute(ZB_TAG, text("slow")) == ZB_OK);
    CHECK(frame(looked.view, 0) == "first");
    CHECK(frame(looked.view, 1) == "changed");
    CHECK(looked.view.frames_changed());
    CHECK(looked.body.bodies()[1] == "second");
    CHECK(looked.attributes.tag == "express");
    looked.view.look_at(looked.body, looked.attributes, nullptr);
    CHECK_FALSE(looked.view.frames_changed());
    CHECK_FALSE(looked.view.attributes_changed());
    CHECK(frame(looked.view, 1) == "second");
    CHECK(text_of(looked.view.attribute(ZB_TAG).text) == "express");
}

TEST_CASE("a frame may become a part of itself, and frames parts of each other") {
    Looked looked({"a long first frame, longer than any small string", "b"});
    zb_view all = looked.view.frame(0);
    CHECK(looked.view.set_frame(0, {all.data + 2, 10}) == ZB_OK);
    all = looked.view.frame(0);
    CHECK(looked.view.set_frame(0, {all.data + 5, 5}) == ZB_OK);
    CHECK(frame(looked.view, 0) == "first");
    const zb_view swapped[] = {looked.view.frame(1), looked.view.frame(0)};
    CHECK(looked.view.set_frames(swapped, 2) == ZB_OK);
    CHECK(frame(looked.view, 0) == "b");
    CHECK(frame(looked.view, 1) == "first");
    CHECK(message_end(looked.view.wire(), 0).frames == 2);
}

TEST_CASE("beyond the limits of frames a change is refused and changes nothing") {
    Looked looked({"first"});
    CHECK(looked.view.set_frame(1, "x") == ZB_NOT_FOUND);
    CHECK(looked.view.set_frames(nullptr, 1) == ZB_INVALID);
    const std::vector<zb_view> many(MessageView::kFramesMax + 1, view_of("x"));
    CHECK(looked.view.set_frames(many.data(), 0) == ZB_INVALID);
    CHECK(looked.view.set_frames(many.data(), MessageView::kFramesMax + 1) == ZB_INVALID);
    const std::string large(MessageView::kBytesMax, 'x');
    CHECK(looked.view.set_frame(0, large + "x") == ZB_FULL);
    const zb_view one_too_many[] = {view_of(large), view_of("x")};
    CHECK(looked.view.set_frames(one_too_many, 2) == ZB_FULL);
    CHECK_FALSE(looked.view.frames_changed());
    CHECK(looked.view.set_frames(many.data(), MessageView::kFramesMax) == ZB_OK);
    CHECK(looked.view.frame_count() == MessageView::kFramesMax);
}

TEST_CASE("sizes that are nonsense are refused before a byte is read") {
    Looked looked({"first"});
    CHECK(looked.view.set_frame(0, {"x", SIZE_MAX}) == ZB_FULL);
    const zb_view sum_wraps[] = {view_of("0123456789"), {"x", SIZE_MAX - 4}};
    CHECK(looked.view.set_frames(sum_wraps, 2) == ZB_FULL);
    CHECK(looked.view.set_attribute(ZB_ID, {ZB_STRING, 0, 0, 0, {"x", SIZE_MAX}}) == ZB_FULL);
    CHECK(looked.view.set_property("a", {ZB_STRING, 0, 0, 0, {"x", SIZE_MAX}}) == ZB_FULL);
    CHECK(looked.view.set_property("a", {17, 0, 0, 0, {nullptr, 0}}) == ZB_INVALID);
}

TEST_CASE("attributes are read, set and removed, each of its kind") {
    Looked looked({"first"});
    CHECK(looked.view.attribute(ZB_ID).kind == ZB_NOTHING);
    CHECK(looked.view.attribute(99).kind == ZB_NOTHING);
    CHECK(looked.view.set_attribute(99, text("x")) == ZB_INVALID);
    CHECK(looked.view.set_attribute(ZB_ID, {ZB_INTEGER, 0, 4, 0, {nullptr, 0}}) == ZB_INVALID);
    CHECK(looked.view.set_attribute(ZB_DELIVER_AT, text("now")) == ZB_INVALID);
    CHECK(looked.view.set_attribute(ZB_ID, text("i-1")) == ZB_OK);
    CHECK(looked.view.set_attribute(ZB_ORDER_KEY, text("c-1")) == ZB_OK);
    CHECK(looked.view.set_attribute(ZB_DELIVER_AT, {ZB_INTEGER, 0, 123, 0, {nullptr, 0}}) == ZB_OK);
    CHECK(looked.view.set_attribute(ZB_TAG, kMissing) == ZB_OK);
    const Attributes& now = looked.view.attributes();
    CHECK(now.id == "i-1");
    CHECK(now.order_key == "c-1");
    CHECK(now.deliver_at_ms == 123);
    CHECK_FALSE(now.tag);
    const std::string long_text(MessageView::kTextBytesMax, 'x');
    CHECK(looked.view.set_attribute(ZB_ID, text(long_text)) == ZB_OK);
    CHECK(looked.view.set_attribute(ZB_ID, text(long_text + "x")) == ZB_FULL);
    CHECK(now.id->size() == MessageView::kTextBytesMax);
}

TEST_CASE("properties keep their type and their order, as many as may be") {
    Looked looked({"first"});
    CHECK(looked.view.property("amount").number == 7.5);
    CHECK(looked.view.property("none").kind == ZB_NOTHING);
    CHECK(looked.view.set_property("", text("x")) == ZB_INVALID);
    CHECK(looked.view.set_property("none", kMissing) == ZB_OK);
    CHECK(looked.view.set_property("count", {ZB_INTEGER, 0, -3, 0, {nullptr, 0}}) == ZB_OK);
    CHECK(looked.view.set_property("paid", {ZB_BOOL, 1, 0, 0, {nullptr, 0}}) == ZB_OK);
    CHECK(looked.view.set_property("region", text("US")) == ZB_OK);
    CHECK(looked.view.set_property("amount", kMissing) == ZB_OK);
    const auto& now = looked.view.attributes().properties;
    REQUIRE(now.size() == 3);
    CHECK(now[0] == std::pair<std::string, Value>("region", std::string("US")));
    CHECK(now[1] == std::pair<std::string, Value>("count", int64_t{-3}));
    CHECK(now[2] == std::pair<std::string, Value>("paid", true));
    CHECK(looked.view.set_property(std::string(MessageView::kNameBytesMax + 1, 'n'), text("")) ==
          ZB_FULL);
    for (size_t i = now.size(); i < MessageView::kPropertiesMax; i++)
        REQUIRE(looked.view.set_property("p" + std::to_string(i), text("")) == ZB_OK);
    CHECK(looked.view.set_property("another", text("")) == ZB_FULL);
    CHECK(looked.view.set_property("region", text("EU")) == ZB_OK);
}

TEST_CASE("the peer is seen as long as the message is the bridge's") {
    Looked looked({"first"});
    CHECK(text_of(looked.view.peer(ZB_PEER_USER)) == "uid:1000");
    CHECK(text_of(looked.view.peer(ZB_PEER_IDENTITY)) == "id-1");
    CHECK(text_of(looked.view.peer(ZB_PEER_ADDRESS)) == "tcp://10.0.0.7:1");
    CHECK(looked.view.peer(9).size == 0);
    const auto kept = std::make_shared<KeptBytes>(1000);
    MessageView own;
    REQUIRE(own.own(looked.view.copy(), kept));
    CHECK(own.peer(ZB_PEER_USER).size == 0);
    CHECK(frame(own, 0) == "first");
    CHECK(text_of(own.attribute(ZB_TAG).text) == "express");
}

TEST_CASE("a kept message counts all that it grows to, and gives it back when it goes") {
    const auto kept = std::make_shared<KeptBytes>(100);
    {
        MessageView view;
        REQUIRE(view.own({{"0123456789"}, {}}, kept));
        CHECK(kept->used() == 10);
        CHECK(view.set_frame(0, std::string(101, 'x')) == ZB_FULL);
        CHECK(view.set_frame(0, std::string(60, 'x')) == ZB_OK);
        CHECK(kept->used() == 60);
        CHECK(view.set_attribute(ZB_ID, text(std::string(30, 'i'))) == ZB_OK);
        CHECK(view.set_property("name", text(std::string(10, 'v'))) == ZB_FULL);
        CHECK(view.set_property("name", text("12345")) == ZB_OK);
        CHECK(kept->used() == 99);
        CHECK(view.set_property("name", kMissing) == ZB_OK);
        CHECK(view.set_attribute(ZB_ID, kMissing) == ZB_OK);
        const zb_view frames[] = {view_of("a"), view_of("b")};
        CHECK(view.set_frames(frames, 2) == ZB_OK);
        CHECK(kept->used() == 2);
    }
    CHECK(kept->used() == 0);
    MessageView refused;
    CHECK_FALSE(refused.own({{std::string(101, 'x')}, {}}, kept));
    CHECK(kept->used() == 0);
}

// A body without its messages tells a replay the same as the whole one.
#include "plugins/durable/topics/short_body.h"

#include <doctest/doctest.h>

#include "bridge/base/random.h"
#include "plugins/durable/topics/attributes.h"
#include "tests/unit/plugins/durable/engine_rig.h"

namespace zbridge::durable {

namespace {

std::string msg(uint64_t first, std::string_view attributes, std::string_view wire) {
    MsgHead head;
    head.topic = TopicId(7);
    head.count = 2;
    head.frames = 3;
    head.attribute_bytes = static_cast<uint32_t>(attributes.size());
    head.first = {first};
    head.first_id = {5, 0x0304};
    head.stored_ms = 1'700'000'000'000;
    std::string record(MsgHead::kRecordHeadBytes, '\0');
    write_msg_head(record.data(), head, MsgHead::kBytes + attributes.size() + wire.size());
    return record + std::string(attributes) + std::string(wire);
}

std::string with_id(std::string_view id, size_t property_bytes) {
    zb_attributes attributes{};
    attributes.size = sizeof(attributes);
    attributes.id = view_of(id);
    const std::string text(property_bytes, 'p');
    const zb_property property{view_of("p"), {ZB_STRING, 0, 0, 0, view_of(text)}};
    attributes.properties = &property;
    attributes.property_count = 1;
    std::string bytes;
    encode_attributes(attributes, bytes);
    return bytes;
}

std::string shortened(std::string_view body) {
    std::string bytes;
    shorten(body, bytes);
    return bytes;
}

bool tells_the_same(const SeenMsg& a, const SeenMsg& b) {
    return a.head.topic == b.head.topic && a.head.count == b.head.count &&
           a.head.frames == b.head.frames && a.head.first == b.head.first &&
           a.head.first_id == b.head.first_id && a.head.stored_ms == b.head.stored_ms &&
           a.wire_bytes == b.wire_bytes && a.position == b.position;
}

}  // namespace

TEST_CASE("of MSG the messages go, and the rest tells the same") {
    const std::string attributes = with_id("o-1", 10);
    std::string body;
    append_record(body, RecordType::kFloor, kPayloadVersion, write_floor({TopicId(3), {9}}));
    const size_t at = body.size();
    body += msg(258, attributes, std::string(5000, 'w'));
    const std::string bytes = shortened(body);
    CHECK(bytes.size() < 100);
    CHECK(bytes.substr(0, at) == body.substr(0, at));
    const auto whole = read_seen_msg(*record_at(body, at));
    const auto cut = read_seen_msg(*record_at(bytes, at));
    REQUIRE((whole && cut));
    CHECK(tells_the_same(*whole, *cut));
    CHECK(cut->position == at);
    CHECK(cut->wire_bytes == 5000);
    CHECK(cut->attributes == attributes);
    CHECK_FALSE(cut->attributes_cut);
}

TEST_CASE("of attributes above the limit only the producer's id is kept, and that is said") {
    const size_t without = with_id("o-1", 0).size();
    for (const bool above : {false, true}) {
        // A property of more than 127 bytes has a length of two.
        const std::string attributes =
            with_id("o-1", kAttributesMax - without - 1 + (above ? 1 : 0));
        REQUIRE(attributes.size() == kAttributesMax + (above ? 1 : 0));
        const std::string bytes = shortened(msg(1, attributes, "wire"));
        const auto seen = read_seen_msg(*record_at(bytes, 0));
        REQUIRE(seen);
        CHECK(seen->attributes_cut == above);
        CHECK(id_in(seen->attributes) == "o-1");
        CHECK((seen->attributes == attributes) == !above);
    }
}

TEST_CASE("of MOVED the heads of all its messages stay") {
    const std::string records = msg(10, with_id("a", 5), std::string(300, 'x')) + msg(12, "", "y");
    std::string body = msg(20, "", std::string(1000, 'z'));
    append_record(body, RecordType::kMoved, kPayloadVersion,
                  write_moved({TopicId(7), 4, {10}, 1'700'000'000'000, 301}, records));
    const std::string bytes = shortened(body);
    CHECK(bytes.size() < 200);
    const auto whole = read_seen_moved(*record_at(body, record_at(body, 0)->end));
    const auto cut = read_seen_moved(*record_at(bytes, record_at(bytes, 0)->end));
    REQUIRE((whole && cut));
    CHECK(cut->head.first == Offset{10});
    CHECK(cut->head.bytes == 301);
    CHECK(cut->position == whole->position);
    CHECK(cut->position == body.size() - records.size());
    const auto first = record_at(cut->records, 0);
    const auto second = record_at(cut->records, first->end);
    CHECK(id_in(read_seen_msg(*first)->attributes) == "a");
    CHECK(tells_the_same(*read_seen_msg(*second),
                         *read_seen_msg(*record_at(whole->records, record_at(records, 0)->end))));
    CHECK(second->end == cut->records.size());
}

TEST_CASE("what is no record of this version stays as it is") {
    for (std::string body : {std::string("\xff"), std::string("\3\1\1abc"), std::string(),
                             std::string("\0\x09\1", 3), msg(1, "", "x").substr(0, 20)})
        CHECK(shortened(body) == body);
    std::string newer = msg(1, "", "x");
    newer[MsgHead::kLengthBytes + 1] = kPayloadVersion + 1;
    CHECK(shortened(newer) == newer);
    std::string odd = msg(1, "", "x") + "\xff";
    CHECK(shortened(odd).back() == '\xff');
}

TEST_CASE("bytes by chance are never read past their end") {
    SeededRandom random(1);
    for (int i = 0; i < 20'000; i++) {
        std::string bytes(random.below(60), '\0');
        for (char& c : bytes)
            c = static_cast<char>(random.next());
        std::string body;
        append_record(body, random.below(2) == 0 ? RecordType::kMsgShort : RecordType::kMovedShort,
                      kPayloadVersion, bytes);
        const auto record = record_at(body, 0);
        (void)read_seen_msg(*record);
        (void)read_seen_moved(*record);
    }
}

namespace {

// A life with everything that a start has to make again; it ends, and another one begins.
void live(EngineRig& rig, bool digests) {
    rig.option("segment_bytes", "1MiB");
    rig.topic("orders", {{"dedup.window", "1h"}});
    rig.topic("short", {{"retention.count", "50"}});
    rig.start();
    const std::string large(20'000, 'x');
    for (int i = 0; i < 400; i++) {
        zb_attributes attributes{};
        attributes.size = sizeof(attributes);
        const std::string id = "o-" + std::to_string(i);
        const zb_view key = view_of(id);
        attributes.id = view_of(id);
        attributes.keys = &key;
        attributes.key_count = 1;
        rig.publish("orders", i % 10 == 0 ? std::string(3, 'o') : large.substr(0, 2000),
                    &attributes);
        rig.publish("short", large);
        rig.publish("implicit", "i");
        rig.clock.advance(std::chrono::milliseconds(500));
        rig.settle();
    }
    rig.ask("topic purge", [&] {
        ValueWriter writer;
        writer.begin_map(2);
        writer.entry("topic", "orders");
        writer.entry("below", 17);
        return writer.take();
    }());
    for (int i = 0; i < 2000; i++)
        rig.turn();
    rig.stop();
    if (!digests) {
        const auto names = rig.disk.list("/data/journal");
        REQUIRE(names.ok());
        for (const std::string& name : *names) {
            if (name.ends_with(".idx")) REQUIRE(rig.disk.remove("/data/journal/" + name).ok());
        }
    }
    rig.start();
}

uint64_t digests_used(EngineRig& rig) {
    const std::string body = rig.ask("status", "").second;
    const auto handle = msgpack::unpack(body.data(), body.size());
    std::map<std::string, msgpack::object> status, store;
    handle.get().convert(status);
    status.at("store").convert(store);
    return store.at("digests_used").via.u64;
}

}  // namespace

TEST_CASE("with digests and without them a start gives the same answers") {
    EngineRig with, without;
    live(with, true);
    live(without, false);
    CHECK(digests_used(with) >= 5);
    CHECK(digests_used(without) == 0);
    CHECK(with.moved_bytes() == without.moved_bytes());
    CHECK(with.ask("topic ls", "") == without.ask("topic ls", ""));
    for (const char* topic : {"orders", "short", "implicit"}) {
        for (uint64_t from = 0; from < 420; from++) {
            ValueWriter writer;
            writer.begin_map(3);
            writer.entry("topic", topic);
            writer.entry("from", from);
            writer.entry("max", 1);
            const std::string request = writer.take();
            const auto answer = with.ask("topic browse", request);
            CHECK(answer.first == ZB_OK);
            CHECK(answer == without.ask("topic browse", request));
        }
    }
    for (int i = 0; i < 400; i += 7) {
        const std::string id = "o-" + std::to_string(i);
        zb_attributes attributes{};
        attributes.size = sizeof(attributes);
        attributes.id = view_of(id);
        with.publish("orders", "again", &attributes);
        without.publish("orders", "again", &attributes);
        CHECK(with.receipt.duplicate == 1);
        CHECK(without.receipt.duplicate == 1);
        CHECK(with.receipt.id_sequence == without.receipt.id_sequence);
    }
}

}  // namespace zbridge::durable

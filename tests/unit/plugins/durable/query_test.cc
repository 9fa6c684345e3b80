// Messages that are looked for by key, id and time.
#include "plugins/durable/admin/queries.h"

#include <doctest/doctest.h>

#include "plugins/durable/topics/short_body.h"
#include "tests/unit/plugins/durable/engine_rig.h"

namespace zbridge::durable {

namespace {

using Offsets = std::vector<uint64_t>;

struct Asked {
    std::string topic = "orders";
    std::optional<std::string> key = {}, id = {};
    std::optional<uint64_t> from_ms = {}, to_ms = {}, max = {};
};

std::string request(const Asked& asked) {
    ValueWriter writer;
    writer.begin_map(1 + (asked.key ? 1 : 0) + (asked.id ? 1 : 0) + (asked.from_ms ? 1 : 0) +
                     (asked.to_ms ? 1 : 0) + (asked.max ? 1 : 0));
    writer.entry("topic", asked.topic);
    if (asked.key) writer.entry("key", *asked.key);
    if (asked.id) writer.entry("id", *asked.id);
    if (asked.from_ms) writer.entry("from_ms", *asked.from_ms);
    if (asked.to_ms) writer.entry("to_ms", *asked.to_ms);
    if (asked.max) writer.entry("max", *asked.max);
    return writer.take();
}

// Of an answer, as `topic browse` gives it too.
Offsets offsets_of(const std::pair<zb_result, std::string>& answer) {
    REQUIRE_MESSAGE(answer.first == ZB_OK, answer.second);
    const auto handle = msgpack::unpack(answer.second.data(), answer.second.size());
    Offsets offsets;
    for (const msgpack::object& each : msgpack::object_array(handle.get().via.array)) {
        std::map<std::string, msgpack::object> message;
        each.convert(message);
        offsets.push_back(message.at("offset").via.u64);
    }
    return offsets;
}

// Segments of 1 MiB.
struct QueryRig : EngineRig {
    QueryRig() {
        option("segment_bytes", "1MiB");
        topic("orders");
    }
    std::pair<zb_result, std::string> query(const Asked& asked) {
        return ask("topic query", request(asked));
    }
    Offsets find(const Asked& asked) { return offsets_of(query(asked)); }
    // Each has the key "k<number % 10>", and the id "o-<number>".
    void publish_keyed(size_t number, size_t body_bytes, size_t property_bytes = 0) {
        const std::string its_id = "o-" + std::to_string(number);
        const std::string key = "k" + std::to_string(number % 10);
        const std::string text(property_bytes, 'p');
        const zb_view keys[] = {view_of("every"), view_of(key)};
        const zb_property property{view_of("p"), {ZB_STRING, 0, 0, 0, view_of(text)}};
        zb_attributes attributes{};
        attributes.size = sizeof(attributes);
        attributes.id = view_of(its_id);
        attributes.keys = keys;
        attributes.key_count = 2;
        attributes.properties = &property;
        attributes.property_count = property_bytes > 0 ? 1 : 0;
        REQUIRE(publish("orders", std::string(body_bytes, 'b'), &attributes) == ZB_TAKEN);
        ids.push_back(MessageId{receipt.id_epoch, receipt.id_sequence}.text());
    }
    // About three segments of them.
    void fill(size_t property_bytes = 0) {
        for (size_t i = 0; i < 100; i++) {
            publish_keyed(i, 30'000, property_bytes);
            publish("others", "x");
            clock.advance(std::chrono::seconds(1));
            settle();
        }
        for (int i = 0; i < 100; i++)
            turn();
    }
    std::vector<std::string> ids;  // of receipts
};

}  // namespace

TEST_CASE("messages are found by key, over all segments, in their order") {
    QueryRig rig;
    rig.start();
    rig.fill();
    const Offsets expected{3, 13, 23, 33, 43, 53, 63, 73, 83, 93};
    CHECK(rig.find({.key = "k3"}) == expected);
    CHECK(rig.find({.key = "k3", .max = 2}) == Offsets{3, 13});
    CHECK(rig.find({.key = "every"}).size() == Queries::kDefault);
    CHECK(rig.find({.key = "k10"}).empty());
    CHECK(rig.find({.topic = "others", .key = "k3"}).empty());
    // The same after a start, with digests and without them.
    rig.stop();
    rig.start();
    CHECK(rig.find({.key = "k3"}) == expected);
    rig.stop();
    const auto names = rig.disk.list("/data/journal");
    for (const std::string& name : *names) {
        if (name.ends_with(".idx")) REQUIRE(rig.disk.remove("/data/journal/" + name).ok());
    }
    rig.runs_timers = false;
    rig.start();
    CHECK(rig.find({.key = "k3"}) == expected);
}

TEST_CASE("a message is found by its own id, and by its producer's") {
    QueryRig rig;
    rig.start();
    rig.fill();
    for (const size_t number : {0, 17, 99}) {
        CHECK(rig.find({.id = rig.ids[number]}) == Offsets{number});
        CHECK(rig.find({.id = "o-" + std::to_string(number)}) == Offsets{number});
    }
    CHECK(rig.find({.id = "o-"}).empty());
    // What it is, as browse shows it.
    const auto found = rig.query({.id = "o-17"});
    ValueWriter writer;
    writer.begin_map(3);
    writer.entry("topic", "orders");
    writer.entry("from", 17);
    writer.entry("max", 1);
    CHECK(found.second == rig.ask("topic browse", writer.take()).second);

    // Of messages without attributes, of which many are in one record.
    rig.publish("others", "a");
    rig.publish("others", "b");
    const std::string id = MessageId{rig.receipt.id_epoch, rig.receipt.id_sequence}.text();
    rig.publish("others", "c");
    rig.settle();
    CHECK(rig.find({.topic = "others", .id = id}) == Offsets{101});
}

TEST_CASE("messages are found by time, from and to it") {
    QueryRig rig;
    rig.start();
    const auto begin = static_cast<uint64_t>(rig.clock.wall_us() / 1000);
    rig.fill();
    const auto at = [&](uint64_t second) { return begin + second * 1000; };
    CHECK(rig.find({.from_ms = at(40), .to_ms = at(43)}) == Offsets{40, 41, 42, 43});
    CHECK(rig.find({.from_ms = at(97)}) == Offsets{97, 98, 99});
    CHECK(rig.find({.to_ms = at(1) + 999}) == Offsets{0, 1});
    CHECK(rig.find({.from_ms = at(41) - 1, .to_ms = at(41)}) == Offsets{41});
    CHECK(rig.find({.from_ms = at(41) + 1, .to_ms = at(42) - 1}).empty());
    CHECK(rig.find({.from_ms = at(200)}).empty());
    CHECK(rig.find({.to_ms = begin - 1}).empty());
}

TEST_CASE("attributes that a digest does not keep are read from the segment") {
    QueryRig rig;
    rig.start();
    rig.fill(2 * kAttributesMax);
    CHECK(rig.find({.key = "k3"}) == Offsets{3, 13, 23, 33, 43, 53, 63, 73, 83, 93});
    CHECK(rig.find({.id = "o-50"}) == Offsets{50});
    CHECK(rig.find({.key = "k10"}).empty());
}

TEST_CASE("what was removed is not found, what was moved is, and what rots is left out") {
    QueryRig rig;
    rig.topic("short", {{"retention.count", "10"}});
    rig.start();
    for (size_t i = 0; i < 60; i++) {
        if (i % 6 == 0) rig.publish_keyed(i / 6, 100);
        rig.publish("short", std::string(100'000, 's'));
        rig.settle();
    }
    for (int i = 0; i < 2000 && rig.moved_bytes() == 0; i++)
        rig.turn();
    REQUIRE(rig.moved_bytes() > 0);
    for (int i = 0; i < 2000; i++)
        rig.turn();
    CHECK(rig.find({.key = "every"}) == Offsets{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
    CHECK(rig.find({.id = rig.ids[2]}) == Offsets{2});
    ValueWriter writer;
    writer.begin_map(2);
    writer.entry("topic", "orders");
    writer.entry("below", 5);
    rig.ask("topic purge", writer.take());
    CHECK(rig.find({.key = "every"}) == Offsets{5, 6, 7, 8, 9});

    QueryRig other;
    other.option("hot_memory", "1MiB");
    other.start();
    other.fill();
    other.stop();
    other.start();
    const auto names = other.disk.list("/data/journal");
    auto file = other.disk.open("/data/journal/0000000000000002.seg", OpenMode::kWrite);
    REQUIRE(file.ok());
    const uint64_t middle = (*file)->size().ok() ? *(*file)->size() / 2 : 0;
    REQUIRE((*file)->write_at(middle, "rotten").ok());
    size_t found = 0;
    for (int key = 0; key < 10; key++)
        found += other.find({.key = "k" + std::to_string(key)}).size();
    CHECK(found == 99);
}

TEST_CASE("a query that cannot be is refused, with what is wrong") {
    QueryRig rig;
    rig.start();
    const auto says = [&](const Asked& asked, zb_result result, const std::string& what) {
        const auto answer = rig.query(asked);
        CHECK(answer.first == result);
        CHECK(answer.second == what);
    };
    const std::string one =
        "a query is by key, by id, or by time (from, to): expected one of these";
    says({}, ZB_INVALID, one);
    says({.key = "k", .id = "i"}, ZB_INVALID, one);
    says({.key = "k", .to_ms = 1}, ZB_INVALID, one);
    says({.key = ""}, ZB_INVALID, "the key, or id, to look for is empty");
    says({.from_ms = 5, .to_ms = 4}, ZB_INVALID, "the time `to` is before `from`");
    says({.from_ms = UINT64_MAX}, ZB_INVALID, "a time that cannot be");
    says({.topic = "none", .key = "k"}, ZB_NOT_FOUND, "there is no topic `none`");
}

TEST_CASE("queries have their limits: messages, bytes, how many at once, and what is remembered") {
    QueryRig rig;
    rig.start();
    for (size_t i = 0; i < Queries::kMax + 100; i++)
        rig.publish_keyed(i, 10);
    rig.settle();
    CHECK(rig.find({.key = "every", .max = UINT64_MAX}).size() == Queries::kMax);
    CHECK(rig.find({.from_ms = 0, .max = UINT64_MAX}).size() == Queries::kMax);
    for (size_t i = 0; i < 5; i++)
        rig.publish_keyed(100'003, 300'000);
    rig.settle();
    // The one that reaches kBytesMax is the last.
    CHECK(rig.find({.id = "o-100003"}).size() == 4);

    std::vector<uint64_t> cookies;
    for (size_t i = 0; i <= Queries::kQueriesMax; i++) {
        cookies.push_back(1000 + i);
        rig.engine->admin(rig.self(), view_of("topic query"), view_of(request({.key = "k3"})),
                          cookies.back());
    }
    CHECK(rig.answers.at(cookies.back()).first == ZB_FULL);
    CHECK(rig.answers.at(cookies.back()).second == "too many queries are under way: try again");
    for (int i = 0; i < 1000; i++)
        rig.turn();
    for (size_t i = 0; i < Queries::kQueriesMax; i++)
        CHECK(rig.answers.at(cookies[i]).first == ZB_OK);
    CHECK(rig.find({.key = "k3"}).size() == Queries::kDefault);
}

TEST_CASE("a query that a stop comes upon is refused, and does not hold it up") {
    QueryRig rig;
    rig.start();
    rig.fill();
    rig.engine->admin(rig.self(), view_of("topic query"), view_of(request({.key = "k3"})), 1000);
    rig.instance->stop();
    REQUIRE(rig.answers.count(1000) == 1);
    CHECK(rig.answers.at(1000).first == ZB_FAILED);
    CHECK(rig.answers.at(1000).second == "the bridge stops");
}

TEST_CASE("where too many messages may be it, the query says so") {
    QueryRig rig;
    rig.option("clean_rate", "0");
    rig.start();
    for (size_t i = 0; i < Queries::kCandidatesMax + 2000; i++) {
        rig.publish_keyed(i, 10, kAttributesMax + 1);
        if (i % 100 == 0) rig.settle();
    }
    for (int i = 0; i < 200; i++)
        rig.turn();
    rig.stop();
    rig.start();  // what is in the last segment is known as a whole
    const auto answer = rig.query({.key = "none"});
    CHECK(answer.first == ZB_FULL);
    CHECK(answer.second.starts_with("more than 10000 messages of `orders` may be it: "));
    CHECK(rig.find({.key = "k3", .max = 5}) == Offsets{3, 13, 23, 33, 43});
}

}  // namespace zbridge::durable

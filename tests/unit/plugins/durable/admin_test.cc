// What the command line asks of topics.
#include "plugins/durable/admin/admin.h"

#include <doctest/doctest.h>

#include <sstream>
#include <utility>
#include <vector>

#include "tests/unit/plugins/durable/engine_rig.h"

namespace zbridge::durable {

namespace {

// As JSON, so that it can be read here.
std::string shown(const std::string& body) {
    std::ostringstream out;
    out << msgpack::unpack(body.data(), body.size()).get();
    return out.str();
}

std::string request(const std::string& topic, const std::map<std::string, uint64_t>& numbers = {}) {
    ValueWriter writer;
    writer.begin_map(1 + numbers.size());
    writer.entry("topic", topic);
    for (const auto& [name, number] : numbers)
        writer.entry(name, number);
    return writer.take();
}

bool has(const std::string& text, const std::string& part) {
    if (text.find(part) != std::string::npos) return true;
    MESSAGE(text << " has no " << part);
    return false;
}

}  // namespace

TEST_CASE("topics are listed, with what they have") {
    EngineRig rig;
    rig.topic("orders", {{"retention.size", "1MiB"}, {"dedup.window", "2m"}});
    rig.start();
    rig.publish("orders", "12345678");
    rig.publish("orders-dead", "x");
    rig.settle();
    rig.clock.advance(std::chrono::seconds(7));
    const auto [result, body] = rig.ask("topic ls", "");
    CHECK(result == ZB_OK);
    CHECK(shown(body) ==
          R"([{"name":"orders","state":"configured","messages":1,"bytes":10,"floor":0,"head":1,)"
          R"("oldest_age_s":7,"duplicates":0,"full":false},)"
          R"({"name":"orders-dead","state":"implicit","messages":1,"bytes":3,"floor":0,"head":1,)"
          R"("oldest_age_s":7,"duplicates":0,"full":false}])");
    const std::string one = shown(rig.ask("topic show", request("orders")).second);
    CHECK(has(one, R"("retention_size":1048576)"));
    CHECK(has(one, R"("retention_age_ms":null)"));
    CHECK(has(one, R"("dedup_window_ms":120000)"));
    CHECK(has(one, R"("durability":"fsync")"));

    const std::string status = shown(rig.ask("status", "").second);
    CHECK(has(status, R"("store":{"segments":1,)"));
    CHECK(has(status, R"("full":false,"failure":""})"));
    CHECK(has(status, R"("topics":[{"name":"orders")"));
}

TEST_CASE("messages are browsed, whole, from memory and from the disk") {
    EngineRig rig;
    rig.topic("orders");
    rig.start();
    const zb_view keys[] = {view_of("k1")};
    const zb_property properties[] = {{view_of("region"), {ZB_STRING, 0, 0, 0, view_of("EU")}}};
    zb_attributes attributes{};
    attributes.id = view_of("o-1");
    attributes.tag = view_of("express");
    attributes.key_count = attributes.property_count = 1;
    attributes.keys = keys;
    attributes.properties = properties;
    rig.publish("orders", "one", &attributes);
    const std::string id = MessageId{rig.receipt.id_epoch, rig.receipt.id_sequence}.text();
    rig.publish("orders", "two");
    rig.publish("orders", "three");
    rig.settle();
    const std::string first =
        R"({"offset":0,"id":")" + id +
        R"(","stored_ms":1700000000000,"producer_id":"o-1","order_key":"","tag":"express",)"
        R"("priority":0,)"
        R"x("keys":["k1"],"properties":{"region":"EU"},"frames":["BIN(size:3)"]})x";
    CHECK(shown(rig.ask("topic browse", request("orders", {{"max", 1}})).second) ==
          "[" + first + "]");
    const std::string rest =
        shown(rig.ask("topic browse", request("orders", {{"from", 1}})).second);
    CHECK(has(rest, R"x("frames":["BIN(size:3)"]},{"offset":2)x"));
    CHECK(has(rig.ask("topic browse", request("orders", {{"from", 2}})).second, "three"));
    CHECK(shown(rig.ask("topic browse", request("orders", {{"from", 3}})).second) == "[]");

    rig.stop();
    rig.start();
    CHECK(shown(rig.ask("topic browse", request("orders", {{"max", 1}})).second) ==
          "[" + first + "]");
}

TEST_CASE("a topic is made, purged and removed; answered when that is durable") {
    EngineRig rig;
    rig.topic("orders");
    rig.start();
    CHECK(shown(rig.ask("topic create", request("extra")).second) == R"({"topic":"extra"})");
    for (const char* body : {"1", "2", "3"})
        rig.publish("extra", body);
    rig.settle();
    CHECK(shown(rig.ask("topic purge", request("extra", {{"below", 2}})).second) ==
          R"({"topic":"extra","floor":2})");
    CHECK(rig.read_all("extra") == Messages{{2, "3"}});
    CHECK(shown(rig.ask("topic show", request("extra")).second).find(R"("messages":1,)") !=
          std::string::npos);
    CHECK(shown(rig.ask("topic purge", request("extra")).second) ==
          R"({"topic":"extra","floor":3})");
    rig.lose_power();
    rig.start();
    CHECK(rig.read_all("extra").empty());
    CHECK(rig.ask("topic rm", request("extra")).first == ZB_OK);
    CHECK(rig.ask("topic show", request("extra")).first == ZB_NOT_FOUND);
    rig.lose_power();
    rig.start();
    CHECK(rig.ask("topic show", request("extra")).first == ZB_NOT_FOUND);
}

TEST_CASE("what cannot be is refused with a sentence") {
    EngineRig rig;
    rig.topic("orders");
    rig.start();
    using Said = std::pair<zb_result, std::string>;
    CHECK(rig.ask("topic show", request("no")) == Said{ZB_NOT_FOUND, "there is no topic `no`"});
    CHECK(rig.ask("topic show", request("ordres")) ==
          Said{ZB_NOT_FOUND, "there is no topic `ordres`; did you mean \"orders\"?"});
    CHECK(rig.ask("topic rm", request("orders")) ==
          Said{ZB_WRONG_STATE, "`orders` is in the file: remove it there first"});
    CHECK(rig.ask("topic create", request("orders")) ==
          Said{ZB_WRONG_STATE, "there is a topic `orders` already"});
    CHECK(rig.ask("topic create", request("a b")).first == ZB_INVALID);
    CHECK(rig.ask("topic sing", request("orders")) ==
          Said{ZB_UNSUPPORTED, "`topic sing` is not there yet"});
    CHECK(rig.ask("topic show", "\xc1").first == ZB_INVALID);
    CHECK(rig.ask("topic show", "\x93").first == ZB_INVALID);
    CHECK(rig.ask("topic show", "\x01").first == ZB_INVALID);
    ValueWriter writer;
    writer.begin_map(1);
    writer.entry("topic", 7);
    CHECK(rig.ask("topic show", writer.take()).first == ZB_INVALID);

    rig.disk.fail(SimDisk::Operation::kSyncData, Code::kIo);
    rig.publish("orders", "x");
    for (int i = 0; i < 100 && rig.told.failures.empty(); i++)
        rig.turn();
    CHECK(rig.ask("topic purge", request("orders")).first == ZB_FAILED);
    CHECK(rig.ask("topic create", request("new")).first == ZB_FAILED);
    CHECK(rig.ask("topic browse", request("orders")).first == ZB_FAILED);
    CHECK(has(shown(rig.ask("status", "").second), "failure"));
}

TEST_CASE("a command that waits for a journal that fails is told so") {
    EngineRig rig;
    rig.topic("orders");
    rig.start();
    rig.settle();
    rig.disk.fail(SimDisk::Operation::kSyncData, Code::kIo);
    CHECK(rig.ask("topic create", request("new")).first == ZB_FAILED);
}

TEST_CASE("of too many that wait for the disk one is refused") {
    EngineRig rig;
    rig.topic("orders");
    rig.start();
    rig.publish("orders", "x");
    rig.stop();
    rig.start();
    for (size_t i = 0; i <= Admin::kBrowsesMax; i++)
        rig.engine->admin(rig.self(), view_of("topic browse"), view_of(request("orders")), 100 + i);
    CHECK(rig.answers.size() == 1);
    CHECK(rig.answers.begin()->second.first == ZB_FULL);
    for (int i = 0; i < 100; i++)
        rig.turn();
    CHECK(rig.answers.size() == Admin::kBrowsesMax + 1);
}

namespace {

std::string request_set(const std::string& topic,
                        const std::vector<std::pair<std::string, Request::Value>>& options) {
    ValueWriter writer;
    writer.begin_map(2);
    writer.entry("topic", topic);
    writer.key("options");
    writer.begin_map(options.size());
    for (const auto& [name, value] : options) {
        writer.key(name);
        if (const auto* number = std::get_if<uint64_t>(&value))
            writer.number(static_cast<int64_t>(*number));
        else if (const auto* text = std::get_if<std::string>(&value))
            writer.text(*text);
        else
            writer.nothing();
    }
    return writer.take();
}

}  // namespace

TEST_CASE("options of a topic that the file does not name are changed, and stay so") {
    EngineRig rig;
    rig.start();
    CHECK(rig.ask("topic create", request_set("audit", {{"retention.count", uint64_t{100}}})) ==
          std::pair(zb_result{ZB_OK}, request("audit")));
    for (int i = 0; i < 10; i++) {
        rig.publish("audit", std::to_string(i));
        rig.settle();
    }
    CHECK(rig.read_all("audit").size() == 10);
    CHECK(rig.ask("topic set", request_set("audit", {{"retention.count", uint64_t{3}},
                                                     {"retention.age", uint64_t{72'000'000'000}},
                                                     {"keep", "last_per_key"},
                                                     {"dedup.window", uint64_t{60'000'000'000}},
                                                     {"durability", "os"}}))
              .first == ZB_OK);
    CHECK(rig.read_all("audit").size() == 3);
    for (int life = 0; life < 3; life++) {
        const std::string shows = shown(rig.ask("topic show", request("audit")).second);
        CHECK(has(shows, R"("retention_count":3)"));
        CHECK(has(shows, R"("retention_age_ms":72000,)"));
        CHECK(has(shows, R"("keep":"last_per_key")"));
        CHECK(has(shows, R"("dedup_window_ms":60000)"));
        CHECK(has(shows, R"("durability":"os")"));
        if (life == 0) {
            rig.stop();
        } else {
            rig.was_clean = false;
            rig.die();
        }
        rig.start();
    }
    // Back to what it is by itself.
    CHECK(rig.ask("topic set", request_set("audit", {{"retention.count", {}}, {"keep", "all"}}))
              .first == ZB_OK);
    rig.stop();
    rig.start();
    const std::string shows = shown(rig.ask("topic show", request("audit")).second);
    CHECK(has(shows, R"("retention_count":null)"));
    CHECK(has(shows, R"("keep":"all")"));
    CHECK(has(shows, R"("retention_age_ms":72000,)"));

    // Once the file names it, it is the file's.
    rig.stop();
    rig.topic("audit", {{"retention.age", "5s"}});
    rig.start();
    CHECK(
        has(shown(rig.ask("topic show", request("audit")).second), R"("retention_age_ms":5000,)"));
    const auto refused = rig.ask("topic set", request_set("audit", {{"max_keys", uint64_t{1}}}));
    CHECK(refused.first == ZB_WRONG_STATE);
    CHECK(refused.second == "`audit` is in the file: change it there");
}

TEST_CASE("an option that is none, or a value of another kind, changes nothing") {
    EngineRig rig;
    rig.start();
    REQUIRE(rig.ask("topic create", request("audit")).first == ZB_OK);
    const std::string before = rig.ask("topic show", request("audit")).second;
    using Options = std::vector<std::pair<std::string, Request::Value>>;
    for (const Options& options :
         {Options{{"retention.count", uint64_t{5}}, {"retention.aeg", uint64_t{1}}},
          Options{{"keep", "some"}}, Options{{"keep", uint64_t{1}}},
          Options{{"max_keys", uint64_t{1} << 40}}, Options{{"retention.size", "much"}},
          Options{{"dedup.max", uint64_t{0}}}}) {
        const auto [result, sentence] = rig.ask("topic set", request_set("audit", options));
        CHECK(result == ZB_INVALID);
        CHECK(has(sentence, "is no option of a topic, or not so"));
    }
    CHECK(rig.ask("topic show", request("audit")).second == before);
    CHECK(rig.ask("topic set", request_set("nobody", {})).first == ZB_NOT_FOUND);
}

}  // namespace zbridge::durable

// The plugin as the bridge has it: options, lives, the journal on a simulated disk.
#include <doctest/doctest.h>

#include <stdexcept>

#include "tests/unit/plugins/durable/engine_rig.h"

namespace zbridge::durable {

TEST_CASE("the plugin is an engine of this build, with sections of topics and groups") {
    const zb_plugin* plugin = zbridge_plugin_entry_durable();
    CHECK(std::string(plugin->name) == "durable");
    CHECK(std::string(plugin->build_id) == ZBRIDGE_VERSION "/" __VERSION__);
    const auto* engine = static_cast<const zb_engine*>(plugin->get_extension(ZB_ENGINE));
    REQUIRE(engine != nullptr);
    REQUIRE(engine->section_count == 2);
    CHECK(std::string(engine->sections[0].name) == "topics");
    CHECK(std::string(engine->sections[1].name) == "groups");
    CHECK(plugin->get_extension("zbridge.step/1") == nullptr);
}

TEST_CASE("what is wrong in the options is said by create, which does nothing") {
    EngineRig rig;
    rig.option("strict", "true");
    rig.option("accept_loss", "true");
    CHECK_THROWS_WITH(rig.create(), "`strict`: `strict` and `accept_loss` exclude each other");
    rig.options.clear();
    rig.option("segment_bytes", "1000001B");
    CHECK_THROWS_AS(rig.create(), std::invalid_argument);
    rig.option("segment_bytes", "1048577B");
    CHECK_THROWS_WITH(rig.create(), "`segment_bytes`: expected a multiple of 4KiB");
    rig.options.clear();
    rig.topics = {{"orders", {{"retention.age", "72h"}, {"retention.size", "20GiB"}}}};
    rig.create();
    CHECK(rig.disk.list("/data")->empty());
}

TEST_CASE("what was committed is there after the end, after a kill, after a power cut") {
    EngineRig rig;
    rig.topic("orders");
    rig.start();
    Messages expected;
    for (const char* end : {"stop", "kill", "power"}) {
        CHECK(rig.publish("orders", end) == ZB_TAKEN);
        rig.settle();
        CHECK(rig.told.committed == rig.receipt.number);
        expected.emplace_back(expected.size(), end);
        if (std::string(end) == "stop") {
            rig.stop();
        } else if (std::string(end) == "kill") {
            rig.was_clean = false;
            rig.die();
        } else {
            rig.lose_power();
        }
        rig.start();
        CHECK(rig.read_all("orders") == expected);
    }
    CHECK(rig.host->healthy);
}

TEST_CASE("an end in order commits what waits, and says so in the journal") {
    EngineRig rig;
    rig.topic("orders");
    rig.start();
    rig.publish("orders", "one");
    rig.engine->turn_end(rig.self());
    rig.publish("orders", "two");
    rig.instance->drain(0);
    rig.instance->stop();
    CHECK(rig.host->error.empty());
    rig.die();
    rig.start();
    CHECK(rig.read_all("orders") == Messages{{0, "one"}, {1, "two"}});
    CHECK(rig.host->log.empty());
}

TEST_CASE("a disk that fails: told once, health says so, nothing is taken any more") {
    EngineRig rig;
    rig.topic("orders");
    rig.start();
    rig.settle();
    rig.disk.fail(SimDisk::Operation::kSyncData, Code::kIo);
    rig.publish("orders", "one");
    for (int i = 0; i < 100 && rig.told.failures.empty(); i++)
        rig.turn();
    REQUIRE(rig.told.failures.size() == 1);
    CHECK(rig.told.committed == 0);
    CHECK_FALSE(rig.host->healthy);
    CHECK(rig.host->trouble.find("the journal failed") == 0);
    CHECK(rig.publish("orders", "two") == ZB_STORE_FAILED);
    CHECK(rig.engine->has_room(rig.self()) == 1);
    rig.instance->stop();
    CHECK(rig.host->error.find("the journal did not end in order") == 0);
}

TEST_CASE("the journal goes where the option says") {
    EngineRig rig;
    rig.topic("orders");
    rig.option("folder", "/elsewhere");
    rig.start();
    CHECK_FALSE(rig.disk.list("/elsewhere")->empty());
    CHECK(rig.disk.list("/data")->empty());
}

TEST_CASE("without a data directory it does not start") {
    EngineRig rig;
    rig.create();
    rig.world = {sizeof(zb_world), 1, 1, nullptr, &rig.disk, &rig.clock, &rig.random, &rig.memory};
    CHECK_THROWS_WITH(rig.instance->start(), "topics need `bridge.data_dir`");
}

TEST_CASE("a journal that is damaged is refused, and taken if one says so") {
    EngineRig rig;
    rig.topic("orders");
    rig.start();
    for (int i = 0; i < 20; i++) {
        rig.publish("orders", std::to_string(i));
        rig.settle();
    }
    rig.stop();
    const std::string path = "/data/journal/" + rig.disk.list("/data/journal")->front();
    {
        auto file = rig.disk.open(path, OpenMode::kWrite);
        REQUIRE(file.ok());
        REQUIRE((*file)->write_at(4096 + 512 * 8 + 70, "damage").ok());
        REQUIRE((*file)->sync_data().ok());
    }
    CHECK_THROWS_AS(rig.start(), std::runtime_error);
    rig.option("accept_loss", "true");
    rig.start();
    const Messages left = rig.read_all("orders");
    CHECK(left.size() == 19);
    CHECK_FALSE(rig.host->log.empty());
}

TEST_CASE("a topic is found while it is there, and none is made by looking for it") {
    EngineRig rig;
    rig.topic("orders");
    rig.start();
    const auto found = [&](const char* name) {
        return rig.engine->find_topic(rig.self(), view_of(name));
    };
    CHECK(found("orders") == rig.handle("orders"));
    CHECK(found("later") == ZB_NO_TOPIC);
    CHECK(found("later") == ZB_NO_TOPIC);
    const uint32_t later = rig.handle("later");
    CHECK(found("later") == later);
    rig.settle();
    CHECK(rig.ask("topic rm", "\x81\xa5topic\xa5later").first == ZB_OK);
    CHECK(found("later") == ZB_NO_TOPIC);
    // The engine's own is there, and nobody's.
    const uint32_t own = rig.handle("%delayed");
    REQUIRE(own != ZB_NO_TOPIC);
    CHECK(found("%delayed") == ZB_NO_TOPIC);
}

TEST_CASE("the attributes of what is read are those that were published") {
    EngineRig rig;
    rig.topic("orders");
    rig.start();
    const zb_view keys[] = {view_of("k1"), view_of("k2")};
    zb_property property{view_of("region"), {}};
    property.value.kind = ZB_STRING;
    property.value.text = view_of("EU");
    zb_attributes given{sizeof(zb_attributes),
                        2,
                        1,
                        0,
                        view_of("own"),
                        view_of("c1"),
                        view_of("new"),
                        0,
                        keys,
                        &property,
                        3,
                        0};
    REQUIRE(rig.publish("orders", "one", &given) == ZB_TAKEN);
    REQUIRE(rig.publish("orders", "two") == ZB_TAKEN);
    rig.settle();
    zb_run runs[2] = {};
    uint32_t count = 0;
    REQUIRE(rig.engine->read(rig.self(), rig.handle("orders"), 0, 1 << 20, runs, 2, &count) ==
            ZB_TAKEN);
    REQUIRE(count == 2);
    zb_attributes read{};
    REQUIRE(rig.engine->read_attributes(rig.self(), runs[0].attributes, &read) == 1);
    const auto text = [](zb_view view) { return std::string(view.data, view.size); };
    CHECK(text(read.id) == "own");
    CHECK(text(read.order_key) == "c1");
    CHECK(text(read.tag) == "new");
    CHECK(read.priority == 3);
    REQUIRE(read.key_count == 2);
    CHECK(text(read.keys[1]) == "k2");
    REQUIRE(read.property_count == 1);
    CHECK(text(read.properties[0].name) == "region");
    CHECK(text(read.properties[0].value.text) == "EU");
    CHECK(rig.engine->read_attributes(rig.self(), runs[1].attributes, &read) == 0);
    CHECK(rig.engine->read_attributes(rig.self(), view_of("no such bytes"), &read) == 0);
}

}  // namespace zbridge::durable

#include "bridge/cli/config_text.h"

#include <doctest/doctest.h>

#include "bridge/cli/plugin_text.h"
#include "tests/unit/support/toy_catalog.h"

using namespace zbridge;
using namespace zbridge::cli;

namespace {

constexpr const char* kShop =
    "plugins: { durable: {}, letters: { use: file-source, config: { path: ./x } } }\n"
    "topics: { orders: {}, quiet: {} }\n"
    "groups: { packers: { topic: orders } }\n"
    "endpoints:\n"
    "  in: { bind: tcp://*:5551 }\n"
    "  screens: { bind: tcp://*:5562 }\n"
    "  tables: { bind: tcp://*:5563, accept: rep }\n"
    "routes:\n"
    "  - { name: shop, from: in, to: topic/orders, rejects: topic/bad }\n"
    "  - { name: post, from: plugin/letters, to: topic/orders }\n"
    "  - { name: feed, from: topic/orders, to: screens, start: 2026-11-24T10:00:00Z }\n"
    "  - { name: pack, from: group/packers, to: tables, settle: { ok: \"prefix:OK\" }, replies: "
    "topic/quiet }\n";

settings::Loaded loaded() {
    testing::ToyCatalog toys;
    return settings::load_text(
        kShop, "shop.yaml", [](const std::string&) { return std::nullopt; }, &toys.catalog);
}

bool has(const std::string& text, std::string_view part) {
    CAPTURE(text);
    CAPTURE(part);
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("check shows topics, which routes use them, and where readers begin") {
    const std::string text = config_text("shop.yaml", loaded(), false);
    CHECK(has(text, "3 endpoints, 0 services, 4 topics, 1 group, 4 routes\n"));
    CHECK(has(text, " published to by shop, post; read by feed; shared by group packers\n"));
    CHECK(has(text, "takes what is refused of shop "));
    CHECK(has(text, "has the dead letters of packers "));
    CHECK(has(text, " not in `topics`\n"));
    CHECK(has(text, "screens  reader of topics "));
    CHECK(has(text, "shop  in -> topic/orders "));
    CHECK(has(text, "refused: topic/bad\n"));
    CHECK(has(text, "feed  topic/orders -> screens "));
    CHECK(has(text, "from 2026-11-24T10:00:00.000Z\n"));
    CHECK(has(text, "\n  packers  of topic/orders; consumed at tables\n"));
    CHECK(has(text, "tables   consumers of group packers  bind tcp://*:5563  REP\n"));
    CHECK(has(text, "pack  group/packers -> tables "));
    CHECK(has(text, "replies settle by 1 rule; replies go to topic/quiet\n"));
}

TEST_CASE("check --json has the topics, and what routes say of them") {
    const std::string json = config_json("shop.yaml", loaded(), true);
    CHECK(has(json, "\"name\": \"bad\",\n      \"line\": 9,\n      \"declared\": false"));
    CHECK(has(json, "\"published_by\": [\n        \"shop\",\n        \"post\"\n      ]"));
    CHECK(has(json, "\"read_by\": [\n        \"feed\"\n      ]"));
    CHECK(has(json, "\"from\": [\n        \"plugin/letters\"\n      ]"));
    CHECK(has(json, "\"start\": \"2026-11-24T10:00:00.000Z\""));
    CHECK(has(json, "\"rejects\": \"topic/bad\""));
}

TEST_CASE("options whose keys have dots are written as maps, each once") {
    CHECK(option_lines({{"a.b", "1"}, {"c", "2", true}, {"a.d.e", "3", true}}, 2) ==
          "  a:\n    b: 1\n    #d:\n      #e: 3\n  #c: 2\n");
}

TEST_CASE("an engine's example has its sections, and a route to a topic") {
    testing::ToyCatalog toys;
    const auto durable = toys.catalog.find("durable", "");
    REQUIRE(durable.ok());
    CHECK(kinds_text(**durable) == "engine");
    const std::string yaml = example_yaml(**durable, "durable");
    CHECK(has(yaml,
              "topics:\n  my-name:\n    #retention:\n      #age: 72h\n      #size: 20GiB\n"
              "    #keep: all\n"));
    CHECK(has(yaml, "  - { from: in, to: topic/my-name }\n"));
}

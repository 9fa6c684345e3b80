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
    "endpoints:\n"
    "  in: { bind: tcp://*:5551 }\n"
    "  screens: { bind: tcp://*:5562 }\n"
    "routes:\n"
    "  - { name: shop, from: in, to: topic/orders, rejects: topic/bad }\n"
    "  - { name: post, from: plugin/letters, to: topic/orders }\n"
    "  - { name: feed, from: topic/orders, to: screens, start: 2026-11-24T10:00:00Z }\n";

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
    CHECK(has(text, "2 endpoints, 0 services, 3 topics, 3 routes\n"));
    CHECK(has(text, "\n  orders  published to by shop, post; read by feed\n"));
    CHECK(has(text, "\n  quiet   no route uses it\n"));
    CHECK(has(text, "\n  bad     takes what is refused of shop "));
    CHECK(has(text, " not in `topics`\n"));
    CHECK(has(text, "screens  reader of topics  bind tcp://*:5562  SUB, XSUB\n"));
    CHECK(has(text, "shop  in -> topic/orders "));
    CHECK(has(text, "refused: topic/bad\n"));
    CHECK(has(text, "feed  topic/orders -> screens "));
    CHECK(has(text, "from 2026-11-24T10:00:00.000Z\n"));
}

TEST_CASE("check --json has the topics, and what routes say of them") {
    const std::string json = config_json("shop.yaml", loaded(), true);
    CHECK(has(json, "\"name\": \"bad\",\n      \"line\": 7,\n      \"declared\": false"));
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

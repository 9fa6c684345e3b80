// What topics become in a configuration. What is said of wrong ones: tests/golden/settings/topics.
#include <filesystem>
#include <string>

#include "bridge/settings/file_table.h"
#include "bridge/settings/load.h"
#include "bridge/settings/reference.h"
#include "bridge/settings/schema.h"
#include "tests/unit/support/toy_catalog.h"

using namespace zbridge;
using namespace zbridge::settings;
using namespace std::chrono_literals;
using Where = StartConfig::Where;
using Execute = rpc::ServiceOptions::Execute;

namespace {

std::optional<std::string> no_environment(const std::string&) {
    return std::nullopt;
}

Loaded load(const std::string& text) {
    testing::ToyCatalog toys;
    return load_text(text, "test.yaml", no_environment, &toys.catalog);
}

Config right(const std::string& text) {
    auto loaded = load(text);
    std::string said;
    for (const auto& error : loaded.errors)
        said += error.text() + "\n";
    CAPTURE(said);
    REQUIRE(loaded.config);
    return *std::move(loaded.config);
}

std::string first_error(const std::string& text) {
    const auto loaded = load(text);
    return loaded.errors.empty() ? "none" : loaded.errors[0].message;
}

constexpr const char* kShop =
    "plugins: { mask: { config: { fields: [card] } }, durable: {} }\n"
    "topics:\n"
    "  orders: { retention: { age: 2h } }\n"
    "  Prices.v1:\n"
    "endpoints:\n"
    "  in: { bind: tcp://*:5551 }\n"
    "  out: { bind: tcp://*:5561 }\n";

// With one route that reads a topic and begins there.
StartConfig start_of(const std::string& start) {
    return right(std::string(kShop) + "routes: [{ from: topic/orders, to: out" + start + " }]\n")
        .routes.at(0)
        .start;
}

}  // namespace

TEST_CASE("a step with dead letters has a topic for them, declared or not") {
    const std::string steps =
        "plugins:\n"
        "  keeps: { use: mask, config: { fields: [card] }, on_error: dead_letter }\n"
        "  too: { use: mask, config: { fields: [card] }, on_error: dead_letter }\n"
        "  not: { use: mask, config: { fields: [card] } }\n"
        "  durable: {}\n"
        "topics: { orders: {}, too-dead: {} }\n"
        "endpoints: { in: { bind: tcp://*:5551 } }\n"
        "routes: [{ from: in, steps: [keeps, too, not], to: topic/orders }]\n";
    const Config config = right(steps);
    REQUIRE(config.topics.size() == 3);
    CHECK(config.topics[1].declared);
    CHECK(config.topics[1].dead_letters_of == std::vector<std::string>{"plugin/too"});
    CHECK(config.topics[2].name == "keeps-dead");
    CHECK_FALSE(config.topics[2].declared);
    CHECK(config.plugins[0].dead_letters == 2);
    CHECK(config.plugins[1].dead_letters == 1);
    CHECK_FALSE(config.plugins[2].dead_letters);
    CHECK(config.plugins[0].options.on_error == plugin::OnError::kDeadLetter);
    CHECK(config.plugins[2].options.on_error == plugin::OnError::kRefuse);
}

TEST_CASE("topics stand in the order of the file, and behind them those that rejects name") {
    const auto config = right(std::string(kShop) +
                              "routes:\n"
                              "  - { from: in, to: topic/Prices.v1, rejects: topic/bad }\n"
                              "  - { from: in, to: topic/orders, rejects: topic/Prices.v1 }\n"
                              "  - { from: topic/bad, to: out }\n");
    REQUIRE(config.topics.size() == 3);
    CHECK(config.topics[0].name == "orders");
    CHECK(config.topics[0].declared);
    CHECK(config.topics[0].place == Place{3, 3});
    CHECK(config.topics[1].name == "Prices.v1");
    CHECK(config.topics[2].name == "bad");
    CHECK_FALSE(config.topics[2].declared);
    CHECK(config.topics[2].place == Place{9, 47});
    REQUIRE(config.routes.size() == 3);
    CHECK(config.routes[0].to.at(0).kind == TargetConfig::Kind::kTopic);
    CHECK(config.routes[0].to[0].index == 1);
    CHECK(config.routes[0].rejects == 2);
    CHECK(config.routes[1].rejects == 1);
    CHECK(config.routes[2].from_topics == std::vector<size_t>{2});
    CHECK(config.routes[2].from.empty());
    CHECK_FALSE(config.routes[2].rejects);
    CHECK(config.routes[0].name == "in->topic/Prices.v1");
    CHECK(config.routes[2].name == "topic/bad->out");
}

TEST_CASE("the engine is an instance, and is given the entries of its sections") {
    const auto config = right(std::string(kShop) + "routes: [{ from: in, to: topic/orders }]\n");
    REQUIRE(config.engine == 1);
    const auto& engine = config.plugins[1];
    CHECK(engine.use == PluginUse::kEngine);
    CHECK(engine.options.name == "durable");
    CHECK_FALSE(config.plugins[0].use);
    const auto& topics = engine.options.sections.at("topics");
    REQUIRE(topics.size() == 2);
    CHECK(topics[0].name == "orders");
    CHECK(topics[0].line == 3);
    CHECK(topics[0].column == 3);
    const auto& age = topics[0].values.at("retention.age").at(0);
    CHECK(age.integer == std::chrono::nanoseconds(2h).count());
    CHECK(age.line == 3);
    CHECK(age.column == 31);
    CHECK(topics[0].values.count("retention.size") == 0);
    CHECK(topics[1].name == "Prices.v1");
    CHECK(topics[1].values.count("retention.age") == 0);
}

TEST_CASE("a default counts where the map that holds it is left out") {
    const auto config = right(std::string(kShop) + "routes: [{ from: in, to: topic/orders }]\n");
    const auto& prices = config.plugins[1].options.sections.at("topics").at(1);
    const auto& window = prices.values.at("dedup.window").at(0);
    CHECK(window.integer == std::chrono::nanoseconds(10min).count());
    CHECK(window.line == 0);
    CHECK(prices.values.at("keep").at(0).text == "all");
}

TEST_CASE("a file without topics has an engine all the same") {
    const auto config = right(
        "plugins: { durable: {} }\n"
        "endpoints: { in: { bind: tcp://*:5551 }, out: { bind: tcp://*:5561 } }\n"
        "routes: [{ from: in, to: out }]\n");
    CHECK(config.engine == 0);
    CHECK(config.topics.empty());
    CHECK(config.plugins[0].options.sections.empty());
}

TEST_CASE("an endpoint that reads topics serves SUB and XSUB, and others do not change") {
    const auto config = right(std::string(kShop) +
                              "  live: { bind: tcp://*:5562 }\n"
                              "routes:\n"
                              "  - { from: in, to: [topic/orders, live] }\n"
                              "  - { from: topic/orders, to: out }\n");
    CHECK(config.endpoints[1].reads_topics);
    CHECK(config.endpoints[1].role == Role::kTarget);
    CHECK(config.endpoints[1].types() == SocketTypes{SocketType::kSub, SocketType::kXsub});
    CHECK_FALSE(config.endpoints[2].reads_topics);
    CHECK(config.endpoints[2].types() == types_of(Role::kTarget));
}

TEST_CASE("a route to a topic promises at_least_once, and what else it goes to follows") {
    const auto guarantee = [](const std::string& route) {
        return right(std::string(kShop) + "routes: [{ from: in, " + route + " }]\n")
            .routes.at(0)
            .guarantee;
    };
    CHECK(guarantee("to: topic/orders") == Execute::kAtLeastOnce);
    CHECK(guarantee("to: [out, topic/orders]") == Execute::kAtLeastOnce);
    CHECK(guarantee("to: [out, topic/orders], guarantee: at_least_once") == Execute::kAtLeastOnce);
    CHECK(guarantee("to: topic/orders, guarantee: at_most_once") == Execute::kAtMostOnce);
    CHECK_FALSE(guarantee("to: out"));
}

TEST_CASE("a reader begins at the latest message, or where the route says") {
    CHECK(start_of("") == StartConfig{Where::kLatest, 0});
    CHECK(start_of(", start: latest") == StartConfig{Where::kLatest, 0});
    CHECK(start_of(", start: earliest") == StartConfig{Where::kEarliest, 0});
    CHECK(start_of(", start: last") == StartConfig{Where::kLast, 0});
    CHECK(start_of(", start: 1700000000123") == StartConfig{Where::kTime, 1'700'000'000'123});
    CHECK(start_of(", start: 2026-11-24T10:00:00.5Z") ==
          StartConfig{Where::kTime, 1'795'514'400'500});
    CHECK(first_error(std::string(kShop) + "routes: [{ from: topic/orders, to: out, start: 5m }]\n")
              .starts_with("`start`: \"5m\" is no place in a topic"));
}

TEST_CASE("deliver_at is left to the topic") {
    const auto loaded = load(std::string(kShop) +
                             "routes: [{ from: in, decode: json, set: { deliver_at: $.when }, to: "
                             "[topic/orders, out] }]\n");
    CHECK(loaded.config);
    CHECK(loaded.warnings.empty());
}

TEST_CASE("a topic's name has 1 to 127 letters, digits, %, _, . and -") {
    const auto named = [](const std::string& name) {
        return first_error("plugins: { durable: {} }\ntopics: { \"" + name +
                           "\": {} }\nendpoints: { in: { bind: tcp://*:5551 } }\nroutes: [{ from: "
                           "in, to: \"topic/" +
                           name + "\" }]\n");
    };
    for (const auto* good : {"a", "Z", "0", "-", ".", "%", "_", "%RETRY%Orders.EU-1_"})
        CHECK(named(good) == "none");
    CHECK(named(std::string(127, 'a')) == "none");
    CHECK(named(std::string(128, 'a')) != "none");
    for (const auto* bad : {"a/b", "a b", "\xc3\xa9", "a:b"})
        CHECK(named(bad) != "none");
}

TEST_CASE("where plugins are not looked into, topics are known by their names alone") {
    const auto loaded = load_text(std::string(kShop) +
                                      "routes: [{ from: topic/orders, to: out }, { from: in, to: "
                                      "topic/Prices.v1, rejects: topic/bad }]\n",
                                  "test.yaml", no_environment);
    REQUIRE(loaded.config);
    CHECK_FALSE(loaded.config->engine);
    REQUIRE(loaded.config->topics.size() == 3);
    CHECK(loaded.config->topics[1].name == "Prices.v1");
    CHECK(loaded.config->routes[0].from_topics == std::vector<size_t>{0});
}

TEST_CASE("a plugin that is not found says so, and nothing about an engine that is missing") {
    const auto loaded = load(
        "plugins: { durble: {} }\ntopics: { orders: {} }\n"
        "endpoints: { in: { bind: tcp://*:5551 } }\nroutes: [{ from: in, to: topic/orders }]\n");
    REQUIRE(loaded.errors.size() == 1);
    CHECK(loaded.errors[0].message.starts_with("plugin durble: no plugin is named \"durble\""));
    CHECK(loaded.errors[0].message.ends_with("did you mean \"durable\"?"));
}

TEST_CASE("without any engine at hand topics need a plugin that this build does not have") {
    RealClock clock;
    plugin::Catalog none({zbridge_plugin_entry_mask}, {}, clock);
    const auto loaded = load_text(
        "topics: { orders: {} }\nendpoints: { in: { bind: tcp://*:5551 } }\n"
        "routes: [{ from: in, to: topic/orders }]\n",
        "test.yaml", no_environment, &none);
    REQUIRE(loaded.errors.size() == 2);
    CHECK(loaded.errors[0].message ==
          "`topics` needs the durable plugin, which this build does not have");
    CHECK(loaded.errors[1].message ==
          "\"topic/orders\" needs the durable plugin, which this build does not have");
}

TEST_CASE("the reference and the schema show the sections of engines that are at hand") {
    testing::ToyCatalog toys;
    const FileTable file(toys.catalog);
    const std::string yaml = reference_yaml(file.table());
    CHECK(yaml.find("# What is kept.\n#topics:\n") != std::string::npos);
    CHECK(yaml.find("\n  #orders:\n") != std::string::npos);
    CHECK(yaml.find("\n    # A map of age, size.\n    #retention:\n") != std::string::npos);
    CHECK(yaml.find("\n      #age: 72h\n") != std::string::npos);
    CHECK(yaml.find("# duration; 1s or more; restart\n") != std::string::npos);
    CHECK(yaml.find("# Who shares it.\n#groups:\n") != std::string::npos);
    CHECK(yaml.find("\n  #logistics:\n") != std::string::npos);
    const std::string markdown = reference_markdown(file.table());
    CHECK(markdown.find("## `topics.NAME.retention`\n") != std::string::npos);
    CHECK(markdown.find("| `window` | duration | `10m` |") != std::string::npos);
    const std::string schema = json_schema(file.table());
    CHECK(schema.find("\"^[A-Za-z0-9%_.-]{1,127}$\": {") != std::string::npos);
    CHECK(schema.find("\"last_per_key\"") != std::string::npos);

    RealClock clock;
    plugin::Catalog none({}, {}, clock);
    CHECK(reference_yaml(FileTable(none).table()).find("topics:") == std::string::npos);
    CHECK(reference_yaml(FileTable(none).table()).find("groups:") == std::string::npos);
}

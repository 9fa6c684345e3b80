#include "bridge/telemetry/event_ring.h"

#include <string>
#include <thread>
#include <vector>

#include "bridge/telemetry/log.h"

using namespace zbridge;
using namespace zbridge::telemetry;

namespace {

// "net:a core:b"
std::string said(const Report& told) {
    std::string text;
    for (const Report& event : told.at("events").items()) {
        text += text.empty() ? "" : " ";
        text += event.at("module").text() + ":" + event.at("message").text();
    }
    return text;
}

struct World {
    ManualClock clock;
    EventRing ring;
    std::vector<std::string> lines;
    std::unique_ptr<Log> log;

    explicit World(Level level = Level::kInfo) {
        LogOptions options;
        options.level = level;
        options.events = &ring;
        options.write = [this](std::string_view line) { lines.emplace_back(line); };
        log = std::make_unique<Log>(std::move(options), clock);
    }
    Report told(uint64_t after = 0, Level least = Level::kTrace, size_t max = 100) const {
        return ring.told({after, least, max});
    }
    size_t written() {
        log->flush();
        return lines.size();
    }
};

}  // namespace

TEST_CASE("what the log says is an event, with its values, whatever level the log shows") {
    for (const Level level : {Level::kInfo, Level::kError, Level::kOff}) {
        World world(level);
        world.log->info("net", "a", {{"endpoint", "packers"}, {"peers", 3}, {"held", true}});
        world.log->warn("rpc", "b");
        CHECK(said(world.told()) == "net:a rpc:b");
        CHECK(world.written() == (level == Level::kInfo ? 2 : 0));
        CHECK(world.told().at("events").items()[0].json() ==
              R"({"number":1,"time_us":1700000000000000,"level":"info","module":"net",)"
              R"("message":"a","values":{"endpoint":"packers","peers":3,"held":true}})");
    }
}

TEST_CASE("what is too frequent for the log is an event where it says so") {
    World world;
    world.log->debug("net", "a");
    world.log->event(Level::kDebug, "net", "b", {{"type", "PULL"}});
    world.log->event(Level::kWarn, "net", "c");
    CHECK(said(world.told()) == "net:b net:c");
    CHECK(world.written() == 1);
}

TEST_CASE("events are those behind a number, the newest, at least as important") {
    World world;
    for (int i = 1; i <= 4; i++)
        world.log->log(i % 2 == 0 ? Level::kWarn : Level::kInfo, "m", std::to_string(i), {});
    CHECK(said(world.told(2)) == "m:3 m:4");
    CHECK(said(world.told(0, Level::kWarn)) == "m:2 m:4");
    CHECK(said(world.told(0, Level::kTrace, 3)) == "m:2 m:3 m:4");
    CHECK(world.told(4).at("events").items().empty());
    CHECK(world.told().at("last").number() == 4);
    CHECK(world.told().at("missing").text() == "false");
    CHECK(world.told(0, Level::kTrace, 3).at("missing").text() == "true");
}

TEST_CASE("a storm of one level takes nothing of another with it, and says that some are gone") {
    World world;
    world.log->warn("store", "full");
    for (size_t i = 0; i <= EventRing::kEventsMax; i++)
        world.log->event(Level::kDebug, "net", "connected");
    const Report all = world.told(0, Level::kTrace, 10'000);
    CHECK(all.at("events").items().size() == EventRing::kEventsMax + 1);
    CHECK(all.at("events").items()[0].at("message").text() == "full");
    CHECK(all.at("missing").text() == "true");
    CHECK(world.told(0, Level::kWarn).at("missing").text() == "false");
    CHECK(world.told(2, Level::kTrace, 10'000).at("missing").text() == "false");
    CHECK(world.told(1, Level::kTrace, 10'000).at("missing").text() == "true");
}

TEST_CASE("texts are cut and escaped as the log's are") {
    World world;
    world.log->info("net", "a\n", {{"identity", std::string(1000, '\x01')}});
    const Report event = world.told().at("events").items()[0];
    CHECK(event.at("message").text() == "a\\n");
    const std::string value = event.at("values").at("identity").text();
    CHECK(value.substr(0, 8) == "\\x01\\x01");
    CHECK(value.size() == 4 * Log::kValueBytesMax + 3);
}

TEST_CASE("events are added from any thread, and each has its number") {
    World world(Level::kOff);
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; i++) {
        threads.emplace_back([&] {
            for (int n = 0; n < 100; n++)
                world.log->info("m", "x");
        });
    }
    for (std::thread& each : threads)
        each.join();
    uint64_t expected = 0;
    const Report told = world.told(0, Level::kTrace, 1000);
    for (const Report& event : told.at("events").items())
        CHECK(event.at("number").number() == ++expected);
    CHECK(expected == 400);
}

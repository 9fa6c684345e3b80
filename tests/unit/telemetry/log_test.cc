#include "bridge/telemetry/log.h"

#include <condition_variable>
#include <limits>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "bridge/telemetry/line.h"
#include "bridge/telemetry/rate_limited.h"

using namespace zbridge;
using namespace zbridge::telemetry;
using namespace std::chrono_literals;

namespace {

// A log whose lines are kept.
struct Kept {
    ManualClock clock;
    std::vector<std::string> lines;
    std::unique_ptr<Log> log;

    explicit Kept(LogOptions options = {}) {
        options.write = [this](std::string_view line) { lines.emplace_back(line); };
        log = std::make_unique<Log>(std::move(options), clock);
    }
    const std::vector<std::string>& written() {
        log->flush();
        return lines;
    }
    std::string last() { return written().empty() ? "" : lines.back(); }
    // What follows the time.
    std::string last_after_time() { return last().substr(25); }
};

}  // namespace

TEST_CASE("a line of text reads from left to right") {
    Kept kept;
    kept.log->info("net", "peer connected",
                   {{"endpoint", "packers"}, {"type", std::string("PULL")}, {"peers", 3}});
    CHECK(kept.last() ==
          "2023-11-14 22:13:20.000Z info  net      peer connected  endpoint=packers type=PULL "
          "peers=3\n");
    kept.log->error("journal", "it ends");
    CHECK(kept.last() == "2023-11-14 22:13:20.000Z error journal  it ends\n");
}

TEST_CASE("a line of JSON is one object") {
    Kept kept({.level = Level::kInfo, .levels = {}, .json = true, .lines_max = 16, .write = {}});
    kept.log->warn("net", "a \"b\"\n",
                   {{"id", std::string_view("\0\xff\"\\", 4)},
                    {"n", uint64_t{18446744073709551615U}},
                    {"d", 0.5},
                    {"inf", std::numeric_limits<double>::infinity()},
                    {"yes", true}});
    CHECK(
        kept.last() ==
        R"({"time":"2023-11-14T22:13:20.000Z","level":"warn","module":"net","message":"a \\\"b\\\"\\n",)"
        R"("id":"\\x00\\xff\\\"\\\\","n":18446744073709551615,"d":0.5,"inf":null,"yes":true})"
        "\n");
}

TEST_CASE("values of any bytes stay in their place") {
    Kept kept;
    const auto shown = [&](std::string_view value) {
        kept.log->info("m", "x", {{"v", value}});
        const std::string line = kept.last();
        const std::string text = line.substr(line.find("v=") + 2);
        return text.substr(0, text.size() - 1);
    };
    CHECK(shown("plain-1.2:3/4") == "plain-1.2:3/4");
    CHECK(shown("") == "\"\"");
    CHECK(shown("two words") == "\"two words\"");
    CHECK(shown("a=b") == "\"a=b\"");
    CHECK(shown("say \"hi\"") == R"("say \"hi\"")");
    CHECK(shown("back\\slash") == R"("back\\slash")");
    CHECK(shown("a\nb info net\r\t") == R"("a\nb info net\r\t")");
    CHECK(shown("\x1b[31mred") == R"("\x1b[31mred")");
    CHECK(shown("Gr\xc3\xbc\xc3\x9f\xe2\x82\xac\xf0\x9f\x98\x80") ==
          "Gr\xc3\xbc\xc3\x9f\xe2\x82\xac\xf0\x9f\x98\x80");
    CHECK(shown("\xc2\x9b"
                "1m") == R"("\xc2\x9b1m")");  // a control character of two bytes
    CHECK(shown("\xe2\x80\xae"
                "abc") == R"("\xe2\x80\xaeabc")");  // turns the text around
    for (auto wrong :
         {"\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80"}) {
        CHECK(shown(wrong).starts_with("\"\\x"));
    }
    CHECK(shown(std::string(Log::kValueBytesMax, 'x')) == std::string(Log::kValueBytesMax, 'x'));
    CHECK(shown(std::string(Log::kValueBytesMax + 1, 'x')) ==
          '"' + std::string(Log::kValueBytesMax, 'x') + "...\"");
    kept.log->info("m", "two\nlines\x1b");
    CHECK(kept.last_after_time() == "info  m        two\\nlines\\x1b\n");
}

TEST_CASE("levels hold for all, and for single modules") {
    LogOptions options;
    REQUIRE(set_levels("warn,net=debug,rpc=off", options).ok());
    Kept kept(options);
    kept.log->info("app", "no");
    kept.log->warn("app", "yes");
    kept.log->debug("net", "yes");
    kept.log->trace("net", "no");
    kept.log->error("rpc", "no");
    CHECK(kept.written().size() == 2);
    CHECK(kept.log->on(Level::kDebug, "net"));
    CHECK_FALSE(kept.log->on(Level::kDebug, "app"));
    CHECK_FALSE(set_levels("loud", options).ok());
    CHECK_FALSE(set_levels("info,net=", options).ok());
    CHECK(level_named("warning") == Level::kWarn);
}

TEST_CASE("who logs never waits: what cannot be written in time is lost, counted and told") {
    std::mutex gate;
    std::condition_variable changed;
    bool open = false, entered = false;
    std::vector<std::string> lines;
    ManualClock clock;
    LogOptions options;
    options.lines_max = 4;
    options.write = [&](std::string_view line) {
        std::unique_lock lock(gate);
        entered = true;
        changed.notify_all();
        changed.wait(lock, [&] { return open; });
        lines.emplace_back(line);
    };
    Log log(options, clock);
    log.info("m", "stuck");
    {
        std::unique_lock lock(gate);
        changed.wait(lock, [&] { return entered; });
    }
    for (int i = 0; i < 10; i++)
        log.info("m", "more", {{"i", i}});
    CHECK(log.lost() >= 6);
    {
        const std::lock_guard lock(gate);
        open = true;
        changed.notify_all();
    }
    log.flush();
    clock.advance(2s);
    log.info("m", "after");
    log.flush();
    bool told = false;
    for (const std::string& line : lines)
        told = told || line.find("lines were lost") != line.npos;
    CHECK(told);
    CHECK(lines.front().find("stuck") != std::string::npos);
}

TEST_CASE("many threads log whole lines") {
    std::vector<std::string> lines;
    ManualClock clock;
    LogOptions options;
    options.write = [&](std::string_view line) { lines.emplace_back(line); };
    {
        Log log(options, clock);
        std::vector<std::thread> threads;
        for (int t = 0; t < 4; t++) {
            threads.emplace_back([&log, t] {
                for (int i = 0; i < 200; i++)
                    log.info("m", "line", {{"thread", t}, {"i", i}});
            });
        }
        for (auto& thread : threads)
            thread.join();
    }
    CHECK(lines.size() == 800);
    for (const std::string& line : lines)
        CHECK(line.find("line  thread=") != std::string::npos);
}

TEST_CASE("one line a minute for each key, and the count of the others") {
    Kept kept;
    RateLimited limited(*kept.log, kept.clock);
    const auto refuse = [&](std::string_view key) {
        limited.log(key, Level::kWarn, "net", "refused", {{"peer", key}});
    };
    for (int i = 0; i < 5; i++)
        refuse("a");
    refuse("b");
    CHECK(kept.written().size() == 2);
    kept.clock.advance(61s);
    refuse("a");
    CHECK(kept.last_after_time() == "warn  net      refused  peer=a suppressed=4\n");
    refuse("a");
    kept.clock.advance(61s);
    limited.tick();
    CHECK(kept.last_after_time() == "warn  net      refused  about=a suppressed=1\n");
    CHECK(limited.keys() == 0);
    CHECK(kept.written().size() == 4);
}

TEST_CASE("keys beyond the limit share one line a minute") {
    Kept kept;
    {
        RateLimited limited(*kept.log, kept.clock, 1min, 10);
        for (int i = 0; i < 1000; i++)
            limited.log(std::to_string(i), Level::kWarn, "net", "refused");
        CHECK(limited.keys() == 10);
        CHECK(kept.written().size() == 11);
    }
    CHECK(kept.last_after_time() == "warn  net      refused  about=others suppressed=989\n");
}

TEST_CASE("a message's text may be a peer's: a terminal obeys nothing of it") {
    Kept kept;
    const auto shown = [&](std::string_view message) {
        kept.log->info("m", std::string(message));
        const std::string line = kept.last_after_time();
        const std::string text = line.substr(line.find("m  ") + 9);
        return text.substr(0, text.size() - 1);
    };
    CHECK(shown("says \"N\xc3\xbcLL\", C:\\x") == "says \"N\xc3\xbcLL\", C:\\x");
    CHECK(shown("a\x1b[2J\n") == "a\\x1b[2J\\n");
    CHECK(shown("a\x9b"
                "31m") == "a\\x9b31m");
    CHECK(shown("a\xc2\x9b"
                "31m") == "a\\xc2\\x9b31m");
    CHECK(shown("a\xe2\x80\xae"
                "b") == "a\\xe2\\x80\\xaeb");
    CHECK(shown("cut \xc3") == "cut \\xc3");
}

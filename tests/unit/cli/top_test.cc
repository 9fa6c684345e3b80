// What `zbridge top` makes of statuses: rates, order, filter, lines that fit.
#include <doctest/doctest.h>

#include <string>

#include "bridge/cli/top/cells.h"
#include "bridge/cli/top/frame.h"
#include "bridge/cli/top/look.h"
#include "bridge/cli/top/samples.h"

using namespace zbridge;
using namespace zbridge::cli::top;
using telemetry::Report;

namespace {

constexpr Instant kStart{std::chrono::seconds(100)};
constexpr Duration kSecond = std::chrono::seconds(1);

struct Counts {
    uint64_t orders = 0, prices = 0, epoch = 1;
};

Report route(const std::string& name, uint64_t messages) {
    Report its = Report::map();
    its.add("name", name);
    its.add("messages", messages);
    its.add("bytes", messages * 100);
    its.add("refused", Report::map()).add("too_large", uint64_t{2});
    return its;
}

Report status(const Counts& counts) {
    Report all = Report::map();
    Report& bridge = all.add("bridge", Report::map());
    bridge.add("name", "shop");
    bridge.add("version", "0.1");
    bridge.add("state", "serving");
    bridge.add("pid", uint64_t{7});
    bridge.add("epoch", counts.epoch);
    bridge.add("uptime_s", uint64_t{75});
    bridge.add("connections", uint64_t{3});
    bridge.add("connections_max", uint64_t{50});
    bridge.add("memory_bytes", uint64_t{1 << 20});
    bridge.add("memory_bytes_max", uint64_t{64 << 20});
    Report& routes = all.add("routes", Report::list());
    routes.add(route("orders", counts.orders));
    routes.add(route("prices", counts.prices));
    return all;
}

Samples samples_of(std::initializer_list<Counts> all) {
    Samples samples;
    Instant at = kStart;
    for (const Counts& each : all) {
        samples.add(status(each), at, false);
        at += kSecond;
    }
    return samples;
}

std::string text_of_line(const Line& line) {
    std::string text;
    for (const Span& span : line)
        text += span.text;
    return text;
}

std::string text_of_frame(const Frame& frame) {
    return text_of(frame.lines, false);
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

Key character(char its) {
    return {Key::Kind::kCharacter, its};
}

std::vector<std::string> names(const Samples& samples, const Look& look) {
    std::vector<std::string> all;
    for (const Row* row : rows_to_show(samples, look))
        all.push_back(row->key);
    return all;
}

}  // namespace

TEST_CASE("a rate is how far a counter has risen in the time between two answers") {
    Samples samples;
    samples.add(status({.orders = 100}), kStart, false);
    const Row& first = samples.rows(0)[0];
    CHECK_FALSE(samples.rate(0, first, "messages").has_value());
    samples.add(status({.orders = 400}), kStart + 2 * kSecond, false);
    CHECK(samples.rate(0, samples.rows(0)[0], "messages") == doctest::Approx(150));
    CHECK(samples.rate(0, samples.rows(0)[0], "bytes") == doctest::Approx(15'000));
    CHECK(samples.rate(0, samples.rows(0)[1], "messages") == doctest::Approx(0));
    const Report report = samples.report();
    CHECK(report.at("routes").items()[0].at("messages_per_s").text() == "150");
    CHECK(report.at("bridge").at("name").text() == "shop");
}

TEST_CASE("a bridge in another life, and a counter that fell, begin anew") {
    Samples fell = samples_of({{.orders = 500}, {.orders = 100}});
    CHECK_FALSE(fell.rate(0, fell.rows(0)[0], "messages").has_value());
    Samples restarted = samples_of({{.orders = 5}, {.orders = 10}, {.orders = 50, .epoch = 2}});
    CHECK_FALSE(restarted.rate(0, restarted.rows(0)[0], "messages").has_value());
    CHECK(restarted.past(0, restarted.rows(0)[0]).empty());
}

TEST_CASE("the past of a row is as long as its limit, and goes with the row") {
    Samples samples;
    Instant at = kStart;
    for (uint64_t i = 0; i < Samples::kPastMax + 5; i++, at += kSecond)
        samples.add(status({.orders = i * i}), at, false);
    const auto& past = samples.past(0, samples.rows(0)[0]);
    CHECK(past.size() == Samples::kPastMax);
    CHECK(past.back() > past.front());
    Report none = status({});
    Report emptied = Report::map();
    emptied.add("bridge", none.at("bridge"));
    samples.add(emptied, at, false);
    CHECK(samples.rows(0).empty());
    samples.add(status({}), at + kSecond, false);
    CHECK(samples.past(0, samples.rows(0)[0]).empty());
}

TEST_CASE("rows stand in the order of a column, and keys choose it") {
    const Samples samples = samples_of({{}, {.orders = 10, .prices = 20}});
    Look look;
    CHECK(names(samples, look) == std::vector<std::string>{"prices", "orders"});
    CHECK(look.take(character('r'), 10));
    CHECK(names(samples, look) == std::vector<std::string>{"orders", "prices"});
    CHECK(look.take({Key::Kind::kLeft}, 10));  // to the names
    CHECK(names(samples, look) == std::vector<std::string>{"orders", "prices"});
    CHECK(has(text_of_frame(make_frame(samples, look, {})), "ROUTE ^"));
    for (size_t i = 0; i < views()[0].columns.size(); i++) {
        CHECK(look.take({Key::Kind::kRight}, 10));
        CHECK(is_sortable(views()[0].columns[look.orders[0].column].kind));
    }
}

TEST_CASE("a filter is typed, ends with Enter, and goes with Escape") {
    const Samples samples = samples_of({{}, {}});
    Look look;
    for (const char c : std::string("/PRIq"))
        CHECK(look.take(character(c), 10));  // q is of the filter
    CHECK(look.typing);
    CHECK(has(text_of_frame(make_frame(samples, look, {})), "/PRIq_"));
    CHECK(has(text_of_frame(make_frame(samples, look, {})), "none of these"));
    CHECK(look.take({Key::Kind::kBackspace}, 10));
    CHECK(look.take({Key::Kind::kEnter}, 10));
    CHECK(names(samples, look) == std::vector<std::string>{"prices"});
    CHECK(look.take({Key::Kind::kEscape}, 10));
    CHECK(names(samples, look).size() == 2);
    CHECK(look.take(character('/'), 10));
    for (size_t i = 0; i < Look::kFilterBytesMax + 5; i++)
        CHECK(look.take(character('x'), 10));
    CHECK(look.filter.size() == Look::kFilterBytesMax);
    CHECK(look.take({Key::Kind::kEscape}, 10));
    CHECK_FALSE(look.take(character('q'), 10));
}

TEST_CASE("keys choose the view, and each keeps its own order") {
    Look look;
    CHECK(look.take(character('r'), 10));
    CHECK(look.take(character('3'), 10));
    CHECK(look.view == 2);
    CHECK(look.orders[2].falling);
    CHECK(look.take(character('1'), 10));
    CHECK_FALSE(look.orders[0].falling);
    CHECK(look.take(character('\t'), 10));
    CHECK(look.view == 1);
    CHECK(look.take(character('9'), 10));
    CHECK(look.view == 1);
}

TEST_CASE("rows scroll as far as there are any") {
    Report many = status({});
    Report all = Report::map();
    all.add("bridge", many.at("bridge"));
    Report& routes = all.add("routes", Report::list());
    for (int i = 100; i < 200; i++)
        routes.add(route("route-" + std::to_string(i), 0));
    Samples samples;
    samples.add(all, kStart, false);
    Look look;
    const Screenful screen{.width = 80, .height = 24};
    const auto show = [&] {
        const Frame frame = make_frame(samples, look, screen);
        look.first = frame.first;
        CHECK(frame.lines.size() == 24);
        return text_of_frame(frame);
    };
    std::string shown = show();
    CHECK(has(shown, "route-100"));
    CHECK(has(shown, "1-19 of 100"));
    CHECK(look.take({Key::Kind::kDown}, 19));
    CHECK(look.take({Key::Kind::kPageDown}, 19));
    shown = show();
    CHECK(has(shown, "route-120"));
    CHECK_FALSE(has(shown, "route-119"));
    CHECK(look.take({Key::Kind::kEnd}, 19));
    shown = show();
    CHECK(has(shown, "82-100 of 100"));
    CHECK(look.take({Key::Kind::kUp}, 19));
    CHECK(has(show(), "81-99 of 100"));
    CHECK(look.take({Key::Kind::kHome}, 19));
    CHECK(has(show(), "1-19 of 100"));
}

TEST_CASE("no line is wider than the screen, however narrow, and spare columns go first") {
    const Samples samples = samples_of({{}, {.orders = 123'456, .prices = 7}});
    Look look;
    for (size_t width = 1; width < 160; width++) {
        const Frame frame = make_frame(samples, look, {.width = width, .height = 24});
        CHECK(frame.lines.size() <= 24);
        for (const Line& line : frame.lines)
            CHECK(width_of(text_of_line(line)) <= width);
    }
    const std::string wide = text_of_frame(make_frame(samples, look, {.width = 160}));
    for (const char* head : {"ROUTE", "MSG/S v", "BYTES/S", "MESSAGES", "REFUSED/S", "█"})
        CHECK(has(wide, head));
    CHECK(has(wide, "123.5k"));
    const std::string narrow = text_of_frame(make_frame(samples, look, {.width = 30}));
    CHECK(has(narrow, "MSG/S v"));
    CHECK_FALSE(has(narrow, "REFUSED"));
    for (size_t height = 1; height < 8; height++)
        CHECK(make_frame(samples, look, {.width = 80, .height = height}).lines.size() == height);
}

TEST_CASE("a frame says what is wrong, and keeps what it had") {
    Samples samples;
    const std::string trouble = "nobody answers at ipc:///x";
    Look look;
    CHECK(has(text_of_frame(make_frame(samples, look, {})), "the bridge is asked"));
    CHECK(has(text_of_frame(make_frame(samples, look, {.trouble = trouble})), trouble));
    samples = samples_of({{}, {.orders = 3}});
    const std::string shown = text_of_frame(make_frame(samples, look, {.trouble = trouble}));
    CHECK(has(shown, trouble));
    CHECK(has(shown, "orders"));
}

TEST_CASE(
    "a bridge that does not answer is not said to be serving, but for how long it has been "
    "silent") {
    const Samples samples = samples_of({{}, {.orders = 3}});
    CHECK(has(text_of_frame(make_frame(samples, Look(), {})), "   serving   "));
    const std::string shown = text_of_frame(make_frame(
        samples, Look(), {.trouble = "nobody answers", .silent = std::chrono::seconds(75)}));
    CHECK(has(shown, "no answer for 1 min 15 s"));
    CHECK_FALSE(has(shown, "serving"));
}

TEST_CASE("of the line about the bridge what matters least goes first, and nothing is cut in two") {
    const Samples samples = samples_of({{}});
    const auto line = [&](size_t width) { return text_of_line(bridge_line(samples, width)); };
    CHECK(line(0) ==
          "shop   zbridge 0.1   serving   up 1 min 15 s   3 of 50 connections   1.0 MiB of 64.0 "
          "MiB memory");
    CHECK(line(0) == line(200));
    CHECK(line(80) ==
          "shop   zbridge 0.1   serving   up 1 min 15 s   3 connections   1.0 MiB memory");
    CHECK(line(70) == "shop   serving   up 1 min 15 s   3 connections   1.0 MiB memory");
    CHECK(line(50) == "shop   serving   3 connections   1.0 MiB memory");
    CHECK(line(33) == "shop   serving   1.0 MiB memory");
    CHECK(line(20) == "shop   serving");
}

TEST_CASE("h and ? show the keys, until another one is pressed") {
    const Samples samples = samples_of({{}});
    Look look;
    for (const char key : {'h', '?'}) {
        CHECK(look.take(character(key), 10));
        const std::string shown = text_of_frame(make_frame(samples, look, {}));
        CHECK(has(shown, "sort by another column"));
        CHECK_FALSE(has(shown, "ROUTE"));
        CHECK(look.take({Key::Kind::kResized}, 10));
        CHECK(look.helps);
        CHECK(look.take(character('3'), 10));  // ends it, and nothing else
        CHECK(look.view == 0);
        CHECK(has(text_of_frame(make_frame(samples, look, {})), "ROUTE"));
    }
    CHECK(look.take(character('h'), 10));
    CHECK_FALSE(look.take(character('q'), 10));
}

TEST_CASE("sparklines and figures as they are written") {
    CHECK(spark_text({0, 1, 7}, 10, true) == "▁▂█");
    CHECK(spark_text({0, 1, 7}, 2, false) == ".#");
    CHECK(spark_text({0, 0}, 10, false) == "__");
    CHECK(spark_text({}, 10, true).empty());
    CHECK(rate_text(0) == "0");
    CHECK(rate_text(0.52) == "0.5");
    CHECK(rate_text(9'999) == "9999");
    CHECK(rate_text(56'700) == "56.7k");
    CHECK(rate_text(1'234'567) == "1.23M");
    const Line line = {{"a", Style::kWarning}, {" ", Style::kPlain}};
    CHECK(text_of({line}, false) == "a\n");
    CHECK(text_of({line}, true) == "\x1b[1;33ma\x1b[0m\n");
}

TEST_CASE("peers are left as they are by a status without them") {
    Report with = status({});
    Report& endpoints = with.add("endpoints", Report::list());
    Report& endpoint = endpoints.add(Report::map());
    endpoint.add("name", "orders-in");
    Report& peer = endpoint.add("peers", Report::list()).add(Report::map());
    for (const char* name : {"id", "in", "out", "in_bytes", "out_bytes", "waiting", "dropped"})
        peer.add(name, uint64_t{3});
    peer.add("type", "PUSH");
    peer.add("identity", "till \x01");
    Samples samples;
    samples.add(with, kStart, true);
    samples.add(status({}), kStart + kSecond, false);
    REQUIRE(samples.rows(kPeersView).size() == 1);
    CHECK(samples.rows(kPeersView)[0].fields.at("identity").text() == "till\\x20\\x01");
    CHECK(samples.rows(kPeersView)[0].fields.at("bytes").number() == 6);
}

#include "bridge/cli/bench/saved.h"

#include "bridge/cli/bench/measured.h"
#include "tests/unit/cli/ran.h"

using namespace zbridge;
using namespace zbridge::cli::bench;
using testing::has;

namespace {

Figures figures(const std::string& rate, const std::string& noise,
                const std::string& window = "none") {
    Figures its{{{"bench", "e2e"},
                 {"window", window},
                 {"good", "true"},
                 {"rate", rate},
                 {"latency_us.p99", "250.5"}}};
    if (!noise.empty()) its.values.emplace_back("rate_noise", noise);
    return its;
}

std::string compared(const Figures& a, const Figures& b) {
    return comparison_text(comparison(a, b));
}

}  // namespace

TEST_CASE("figures are read as they were written") {
    Measured measured{.bench = "e2e", .about = {{"from", "orders in\n"}}};
    measured.arrived = 7;
    measured.latencies.add(std::chrono::microseconds(3));
    const Figures written = figures_of(measured.report());
    const auto read = parse_figures(figures_text(written));
    REQUIRE(read.ok());
    CHECK(read->values == written.values);
    CHECK(read->text("from") == "orders in ");
    CHECK(read->number("arrived") == 7.0);
    CHECK(read->number("latency_us.max") == 3.0);
    CHECK(read->text("good") == "true");
    CHECK(!read->number("from"));
    CHECK(!read->number("nothing"));
}

TEST_CASE("what is no file of figures is refused") {
    const std::string whole = figures_text(figures("10", ""));
    CHECK(parse_figures(whole).ok());
    CHECK(!parse_figures("").ok());
    CHECK(!parse_figures("{\"bench\": \"e2e\"}\n").ok());
    CHECK(!parse_figures("zbridge bench figures 1\n").ok());
    CHECK(!parse_figures("zbridge bench figures 2\nrate 1\n").ok());
    CHECK(!parse_figures(whole + "noblank\n").ok());
    CHECK(!load_figures("no/such/file").ok());
}

TEST_CASE("a ratio within the noise is told to be no difference") {
    CHECK(
        has(compared(figures("1000", "0.2"), figures("1150", "0.1")), "1.15x  within the noise\n"));
    CHECK(
        has(compared(figures("1150", "0.2"), figures("1000", "0.1")), "0.87x  within the noise\n"));
    CHECK(has(compared(figures("1000", "0.2"), figures("1350", "0.1")), "1.35x  perhaps\n"));
    CHECK(has(compared(figures("1000", "0.2"), figures("2000", "0.1")), "2.00x\n"));
    CHECK(has(compared(figures("1000", "0"), figures("1040", "0")), "1.04x  within the noise\n"));
}

TEST_CASE("of a run that was too short nobody knows, and it is said") {
    const std::string text = compared(figures("1000", ""), figures("1250", "0.01"));
    CHECK(has(text, "1.25x  within the noise\n"));
    CHECK(has(text, "too short to say"));
    CHECK(!has(compared(figures("1", "0"), figures("1", "0")), "too short"));
}

TEST_CASE("runs that are not alike, or were not good, are named") {
    Figures bad = figures("10", "0", "5");
    bad.values[2].second = "false";
    const std::string text = compared(figures("10", "0"), bad);
    CHECK(has(text, "not alike: `window` differs"));
    CHECK(has(text, "B was not good"));
    CHECK(!has(text, "A was not good"));
    CHECK(!has(text, "`bench` differs"));
}

#include "bridge/cli/bench/rates.h"

using namespace zbridge;
using cli::bench::Rates;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

const Instant kBegan{seconds(9)};

// One each millisecond; in every second 100 ms none where it is `uneven`.
Rates run_of(Duration time, bool uneven = false) {
    Rates rates;
    for (Duration at{}; at <= time; at += milliseconds(1)) {
        if (!uneven || at / milliseconds(100) % 2 == 0) rates.add(kBegan + at);
    }
    return rates;
}

}  // namespace

TEST_CASE("how much a second there was, from the first to the last") {
    const Rates rates = run_of(seconds(2));
    CHECK(rates.count() == 2'001);
    CHECK(rates.time() == seconds(2));
    CHECK(rates.a_second() == doctest::Approx(1'000.5));
    CHECK(Rates().a_second() == 0);
}

TEST_CASE("an even run has no noise, an uneven one has") {
    const auto even = run_of(seconds(1)).noise();
    REQUIRE(even.has_value());
    CHECK(*even == 0);
    const auto uneven = run_of(seconds(1), true).noise();
    CHECK((!uneven || *uneven > 0.4));
}

TEST_CASE("of a short run the noise is not known") {
    CHECK(!run_of(milliseconds(300)).noise());
    CHECK(!Rates().noise());
}

TEST_CASE("beyond its slices each two become one, and all stay counted") {
    const auto long_run = run_of(Rates::kFirstLength * Rates::kSlicesMax * 9);
    CHECK(long_run.count() == 18'001);
    REQUIRE(long_run.noise().has_value());
    CHECK(*long_run.noise() == 0);
}

#include "bridge/cli/bench/histogram.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "bridge/base/random.h"

using namespace zbridge;
using cli::bench::Histogram;
using std::chrono::microseconds;

namespace {

Histogram of(const std::vector<int64_t>& ns) {
    Histogram histogram;
    for (const int64_t each : ns)
        histogram.add(Duration(each));
    return histogram;
}

}  // namespace

TEST_CASE("of no times all is nothing") {
    const Histogram none;
    CHECK(none.count() == 0);
    CHECK(none.percentile(0.99) == Duration{});
    CHECK(none.shortest() == Duration{});
    CHECK(none.longest() == Duration{});
    CHECK(none.mean() == Duration{});
}

TEST_CASE("the median, the last and the ends of 1 to 100") {
    std::vector<int64_t> ns;
    for (int64_t i = 100; i >= 1; i--)
        ns.push_back(i);
    const Histogram histogram = of(ns);
    CHECK(histogram.percentile(0.5) == Duration(50));
    CHECK(histogram.percentile(0.99) == Duration(99));
    CHECK(histogram.percentile(1) == Duration(100));
    CHECK(histogram.percentile(0) == Duration(1));
    CHECK(histogram.shortest() == Duration(1));
    CHECK(histogram.longest() == Duration(100));
    CHECK(histogram.mean() == Duration(50));
}

TEST_CASE("every percentile is known to 1/128, whatever the size") {
    SeededRandom random(7);
    std::vector<int64_t> ns;
    for (int i = 0; i < 20'000; i++)
        ns.push_back(static_cast<int64_t>(random.below(uint64_t{1} << (1 + random.below(41)))));
    const Histogram histogram = of(ns);
    std::sort(ns.begin(), ns.end());
    for (const double part : {0.1, 0.5, 0.9, 0.99, 0.999}) {
        const auto rank = static_cast<size_t>(std::ceil(part * 20'000)) - 1;
        const auto exact = static_cast<double>(ns[rank]);
        const auto told = static_cast<double>(histogram.percentile(part).count());
        CHECK(told >= exact);
        CHECK(told <= exact * (1 + 1.0 / 128));
    }
}

TEST_CASE("two of them together are as one") {
    Histogram both = of({1'000, 2'000});
    both.add(of({5, 900'000}));
    CHECK(both.count() == 4);
    CHECK(both.shortest() == Duration(5));
    CHECK(both.longest() == Duration(900'000));
    CHECK(both.percentile(0.25) == Duration(5));
    both.add(Histogram());
    CHECK(both.shortest() == Duration(5));
}

TEST_CASE("less than nothing is nothing, and above the limit it is counted there, told exactly") {
    const auto beyond = Histogram::kLongest + microseconds(17);
    Histogram histogram = of({-5});
    CHECK(histogram.longest() == Duration{});
    histogram.add(beyond);
    CHECK(histogram.count() == 2);
    CHECK(histogram.longest() == beyond);
    CHECK(histogram.percentile(1) >= Histogram::kLongest);
    CHECK(histogram.percentile(1) <= beyond);
}

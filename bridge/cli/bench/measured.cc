#include "bridge/cli/bench/measured.h"

#include <array>

#include <fmt/format.h>

#include "bridge/cli/text.h"

namespace zbridge::cli::bench {

using telemetry::Report;

namespace {

struct Part {
    const char* name;
    double part;
};
constexpr std::array kParts = {Part{"p50", 0.5}, Part{"p90", 0.9}, Part{"p99", 0.99},
                               Part{"p999", 0.999}, Part{"p9999", 0.9999}};

double in_us(Duration time) {
    return static_cast<double>(time.count()) / 1e3;
}

Report times_report(const Histogram& times) {
    Report its = Report::map();
    its.add("count", times.count());
    its.add("min", in_us(times.shortest()));
    its.add("mean", in_us(times.mean()));
    for (const auto& [name, part] : kParts)
        its.add(name, in_us(times.percentile(part)));
    its.add("max", in_us(times.longest()));
    return its;
}

// "latency: p50 85.2 us  p90 ..."; nothing where there are none.
std::string times_text(const std::string& what, const Histogram& times) {
    if (times.count() == 0) return "";
    std::string text = fmt::format("{:<12}", what);
    for (const auto& [name, part] : kParts) {
        // Of fewer than that the longest says it.
        if (static_cast<double>(times.count()) * (1 - part) < 1) continue;
        text += fmt::format("{} {}  ", name, time_text(times.percentile(part)));
    }
    return text + fmt::format("longest {}\n", time_text(times.longest()));
}

std::string checks_text(const Measured& measured) {
    std::string text;
    const auto tell = [&](uint64_t count, const char* what) {
        if (count > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, what);
    };
    tell(measured.lost, "lost");
    tell(measured.duplicates, "more than once");
    tell(measured.late, "behind a later one");
    for (const auto& [reason, count] : measured.refused)
        tell(count, ("refused: " + printable(reason, true)).c_str());
    return text;
}

}  // namespace

bool Measured::is_good() const {
    return lost == 0 && duplicates == 0 && late == 0 && refused.empty() && trouble.empty();
}

Report Measured::report() const {
    Report its = Report::map();
    its.add("bench", bench);
    for (const auto& [name, value] : about)
        its.add(name, value);
    for (const auto& [name, value] : settings)
        its.add(name, value);
    if (sent) its.add("sent", *sent);
    if (arrived) its.add("arrived", *arrived);
    its.add("good", is_good());
    if (!trouble.empty()) its.add("trouble", trouble);
    its.add("lost", lost);
    its.add("duplicates", duplicates);
    its.add("out_of_order", late);
    Report& why = its.add("refused", Report::map());
    for (const auto& [reason, count] : refused)
        why.add(reason, count);
    if (before_first) its.add("before_first", *before_first);
    its.add("foreign", foreign);
    its.add("seconds", std::chrono::duration<double>(rates.time()).count());
    its.add("rate", rates.a_second());
    if (const auto noise = rates.noise()) its.add("rate_noise", *noise);
    its.add("bytes", bytes);
    if (latencies.count() > 0) its.add(latency + "_us", times_report(latencies));
    its.add("unmeasured", unmeasured);
    if (lags.count() > 0) its.add("sent_late_us", times_report(lags));
    return its;
}

std::string Measured::text() const {
    std::string text;
    for (const auto& [name, value] : about)
        text += fmt::format("{:<12}{}\n", name, printable(value, true));
    const double seconds = std::chrono::duration<double>(rates.time()).count();
    text += fmt::format(
        "{:<12}{} in {:.2f} s: {}, {}/s", verb, counted(rates.count(), "message"), seconds,
        rate_text(rates.a_second()),
        bytes_text(seconds > 0 ? static_cast<uint64_t>(static_cast<double>(bytes) / seconds) : 0));
    if (const auto noise = rates.noise()) text += fmt::format("; slices +-{:.0f} %", *noise * 100);
    text += "\n" + times_text(latency, latencies) + times_text("sent late", lags);
    if (unmeasured > 0) {
        text += fmt::format("{:<12}not of {}: sent by another machine\n", latency,
                            counted(unmeasured, "message"));
    }
    if (foreign > 0)
        text +=
            fmt::format("{:<12}{} of somebody else's\n", "left out", counted(foreign, "message"));
    if (before_first && *before_first > 0) {
        text += fmt::format("{:<12}{} before this subscriber was there\n", "not seen",
                            counted(*before_first, "message"));
    }
    if (!trouble.empty()) text += fmt::format("{:<12}{}\n", "gave up", trouble);
    const std::string wrong = checks_text(*this);
    return text + fmt::format("{:<12}{}\n", "verified",
                              !wrong.empty()     ? wrong
                              : verified.empty() ? "no: where it arrives `zbridge bench sub` does"
                                                 : verified);
}

Measured of_sending(std::string bench, const Sending& sending) {
    Measured its{.bench = std::move(bench)};
    its.sent = sending.sent();
    its.lost = sending.without_outcome();
    its.bytes = sending.bytes();
    its.refused = sending.refused();
    its.rates = sending.rates();
    its.latencies = sending.latencies();
    its.lags = sending.lags();
    its.trouble = sending.trouble();
    return its;
}

Measured of_arrivals(std::string bench, const Arrivals& arrivals) {
    Measured its{.bench = std::move(bench)};
    its.arrived = arrivals.count();
    its.duplicates = arrivals.duplicates();
    its.late = arrivals.late();
    its.foreign = arrivals.foreign();
    its.unmeasured = arrivals.unmeasured();
    its.bytes = arrivals.bytes();
    its.rates = arrivals.rates();
    its.latencies = arrivals.latencies();
    return its;
}

std::string time_text(Duration time) {
    const auto ns = static_cast<double>(time.count());
    if (ns < 1e3) return fmt::format("{:.0f} ns", ns);
    if (ns < 1e6) return fmt::format("{:.1f} us", ns / 1e3);
    if (ns < 1e9) return fmt::format("{:.2f} ms", ns / 1e6);
    return fmt::format("{:.2f} s", ns / 1e9);
}

std::string rate_text(double a_second) {
    if (a_second < 1e4) return fmt::format("{:.0f}/s", a_second);
    if (a_second < 1e6) return fmt::format("{:.1f} k/s", a_second / 1e3);
    return fmt::format("{:.2f} M/s", a_second / 1e6);
}

}  // namespace zbridge::cli::bench

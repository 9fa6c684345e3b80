// Reports as one line each: events, health.
#include <string>

#include "bridge/cli/event_text.h"
#include "bridge/cli/health_text.h"

using namespace zbridge;
using telemetry::Report;

TEST_CASE("an event is a line as the log writes it") {
    Report event = Report::map();
    event.add("number", 7);
    event.add("time_us", int64_t{1'700'000'000'123'456});
    event.add("level", std::string("warn"));
    event.add("module", std::string("rpc"));
    event.add("message", std::string("requests ended without a reply"));
    Report& values = event.add("values", Report::map());
    values.add("service", std::string("accounts"));
    values.add("why", std::string("worker_lost"));
    values.add("trouble", std::string("no disk"));
    values.add("count", 3);
    CHECK(cli::event_line(event) ==
          "2023-11-14 22:13:20.123Z warn  rpc      requests ended without a reply  "
          "service=accounts why=worker_lost trouble=\"no disk\" count=3\n");
}

namespace {

Report health(bool ok) {
    Report report = Report::map();
    report.add("ok", ok);
    report.add("name", std::string("shop"));
    report.add("state", std::string("serving"));
    report.add("connections", 3);
    report.add("memory_bytes", 4096);
    return report;
}

void add(Report& reasons, const char* level, const char* about, const char* text) {
    Report& reason = reasons.add(Report::map());
    reason.add("level", std::string(level));
    reason.add("about", std::string(about));
    reason.add("text", std::string(text));
}

}  // namespace

TEST_CASE("health is one line, as programs that watch machines read it") {
    CHECK(cli::health_line(health(true)) ==
          "ZBRIDGE OK - shop: serving | connections=3 memory=4096B\n");
    Report bad = health(false);
    Report& reasons = bad.add("reasons", Report::list());
    add(reasons, "critical", "store", "it failed:\na | b");
    add(reasons, "warning", "service/accounts", "3 requests wait");
    CHECK(cli::health_line(bad) ==
          "ZBRIDGE CRITICAL - shop: store: it failed:\\x0aa / b; service/accounts: 3 requests wait "
          "| connections=3 memory=4096B\n");
    Report warned = health(false);
    add(warned.add("reasons", Report::list()), "warning", "bridge", "draining");
    CHECK(cli::health_line(warned).starts_with("ZBRIDGE WARNING - shop: bridge: draining |"));
}

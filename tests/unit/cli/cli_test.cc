#include "tests/unit/cli/ran.h"

using namespace zbridge;
using namespace zbridge::testing;
using cli::Exit;

namespace {

const std::string kTree = ZBRIDGE_SOURCE_DIR;
const std::string kRight = kTree + "/tests/golden/settings/ok_quiet.yaml";
const std::string kWarned = kTree + "/tests/golden/settings/warn_unused.yaml";
const std::string kWrong = kTree + "/tests/golden/settings/unknown_keys.yaml";

}  // namespace

TEST_CASE("no arguments: the commands, as a mistake; help: the same, as an answer") {
    CHECK(run({}).exit == Exit::kUsage);
    CHECK(has(run({}).err, "usage: zbridge COMMAND"));
    CHECK(run({"help"}).exit == Exit::kOk);
    CHECK(run({"help"}).out == run({}).err);
    CHECK(run({"--help"}).out == run({"help"}).out);
    CHECK(has(run({"help", "check"}).out, "--strict"));
    CHECK(run({"check", "--help"}).out == run({"help", "check"}).out);
    CHECK(run({"help", "help"}).out == run({"help"}).out);
}

TEST_CASE("help of a command is its usage, and a line for each thing that it takes") {
    CHECK(run({"help", "check"}).out ==
          "check: say everything that is wrong with a YAML file, or what it means\n\n"
          "usage: zbridge check FILE [--strict] [--json]\n\n"
          "  FILE         the YAML file\n"
          "  --strict     warnings are errors\n"
          "  --json       findings, endpoints, services, topics and routes as JSON\n");
    CHECK(run({"help", "version"}).out ==
          "version: print the version\n\nusage: zbridge version [--json]\n\n"
          "  --json       the same as JSON\n");
    CHECK(has(run({"help", "events"}).out, "\n  -f, --follow "));
    CHECK(has(run({"help", "dead", "rm"}).out,
              "usage: zbridge dead rm GROUP [--at PLACE] [WHICH]..."));
    CHECK(has(run({"help", "status"}).out, "usage: zbridge status [--at PLACE]"));
}

TEST_CASE("a misspelt command or option is told what was meant") {
    CHECK(run({"chek", "x.yaml"}).exit == Exit::kUsage);
    CHECK(
        has(run({"chek", "x.yaml"}).err, "no command is named \"chek\"; did you mean \"check\"?"));
    CHECK(has(run({"topik"}).err, "did you mean \"topic\"?"));
    CHECK(has(run({"topic", "broswe"}).err, "did you mean \"topic browse\"?"));
    CHECK(has(run({"check", "x.yaml", "--jsno"}).err,
              "no option is named \"--jsno\"; did you mean \"--json\"?"));
    CHECK(run({"check"}).exit == Exit::kUsage);
    CHECK(has(run({"check"}).err, "FILE is required"));
    CHECK(run({"check", "a.yaml", "b.yaml"}).exit == Exit::kUsage);
    CHECK(has(run({"version", "now"}).err, "version: \"now\" is more than it takes"));
    CHECK(has(run({"--strict", "check"}).err, "the command comes first"));
    CHECK(run({"schema", "--yaml", "--markdown"}).exit == Exit::kUsage);
}

TEST_CASE("check says what a right file means, and ends with 0") {
    const auto ran = run({"check", kRight});
    CHECK(ran.exit == Exit::kOk);
    CHECK(has(ran.out, "no errors, 0 warnings: 2 endpoints, 0 services, 1 route"));
    CHECK(has(ran.out, "in   source  bind tcp://*:5551"));
    CHECK(has(ran.out, "in->out  in -> out"));
    CHECK(ran.err.empty());
}

TEST_CASE("check ends with 4 on errors, and on warnings if it is strict") {
    CHECK(run({"check", kWrong}).exit == Exit::kFindings);
    CHECK(run({"check", "no/such.yaml"}).exit == Exit::kFindings);
    CHECK(run({"check", kWarned}).exit == Exit::kOk);
    CHECK(run({"check", kWarned, "--strict"}).exit == Exit::kFindings);
    CHECK(has(run({"check", kWrong}).out, ": 5 errors\n"));
}

TEST_CASE("check --json is for programs") {
    const auto right = run({"check", "--json", kRight});
    CHECK(right.exit == Exit::kOk);
    CHECK(has(right.out, "\"ok\": true"));
    CHECK(has(right.out, "\"role\": \"target\""));
    const auto wrong = run({"check", "--json", kWrong});
    CHECK(wrong.exit == Exit::kFindings);
    CHECK(has(wrong.out, "\"ok\": false"));
    CHECK(
        has(wrong.out,
            "\"line\": 1,\n      \"column\": 1,\n      \"message\": \"unknown key \\\"brdige\\\""));
    CHECK_FALSE(has(wrong.out, "\"endpoints\""));
}

TEST_CASE("what is asked of a journal is refused where there is none") {
    const Ran ran = run({"run", kRight, "--accept-loss"});
    CHECK(ran.exit == Exit::kFailed);
    CHECK(has(ran.err, "there is no journal: its file has no `topics`"));
    CHECK(run({"run", kRight, "--accept-loss", "--strict"}).exit == Exit::kUsage);
    CHECK(run({"journal", "check", kTree}).exit == Exit::kFailed);
    CHECK(has(run({"journal", "stat", kTree + "/nowhere"}).err, "there is no `"));
    CHECK(run({"journal", "check"}).exit == Exit::kUsage);
}

TEST_CASE("a query names one thing to look for, and its times are times") {
    const auto none = run({"topic", "query", "orders"});
    CHECK(none.exit == Exit::kUsage);
    CHECK(has(none.err, "expected --key, --id, --from or --to"));
    for (const char* other : {"--id", "--from", "--to"})
        CHECK(run({"topic", "query", "orders", "--key", "k", other, "7"}).exit == Exit::kUsage);
    CHECK(run({"topic", "query", "orders", "--id", "k", "--from", "7"}).exit == Exit::kUsage);
    const auto wrong = run({"topic", "query", "orders", "--from", "yesterday"});
    CHECK(wrong.exit == Exit::kUsage);
    CHECK(has(wrong.err,
              "`yesterday` is no time: expected 2026-11-24T10:00:00Z, milliseconds since 1970, or "
              "-5m: so long before now"));
    for (const std::vector<std::string>& from :
         {std::vector<std::string>{"--from", "-5m"}, {"--from=-5m"}, {"--from", "-0.5h"}}) {
        std::vector<std::string> query{"topic", "query", "orders", "--at", "/nowhere"};
        query.insert(query.end(), from.begin(), from.end());
        CHECK(run(query).exit == Exit::kNotReachable);
    }
    CHECK(run({"topic", "query", "--key", "k"}).exit == Exit::kUsage);
}

TEST_CASE("colours only where they were asked for") {
    CHECK_FALSE(has(run({"check", kWrong}).out, "\x1b["));
    CHECK(has(run({"check", kWrong}, {.colour = true}).out, "\x1b[1;31merror:\x1b[0m"));
}

TEST_CASE("version and schema print what their names say") {
    CHECK(run({"version"}).out == "zbridge " ZBRIDGE_VERSION "\n");
    CHECK(run({"--version"}).out == run({"version"}).out);
    CHECK(run({"version", "--json"}).out == "{\n  \"version\": \"" ZBRIDGE_VERSION "\"\n}\n");
    CHECK(has(run({"schema"}).out, "https://json-schema.org/draft/2020-12/schema"));
    CHECK(has(run({"schema", "--yaml"}).out, "max_message: 16MiB"));
    CHECK(has(run({"schema", "--markdown"}).out, "| `max_message` |"));
}

TEST_CASE("a new time is read before the bridge is asked") {
    for (const std::string to : {"soon", "+", "+10", "10m", "-5s"}) {
        CAPTURE(to);
        const auto ran = run({"delay", "reschedule", "0", "--to=" + to});
        CHECK(ran.exit == Exit::kUsage);
        CHECK(has(ran.err, "expected a time such as 2026-11-24T10:00:00Z"));
    }
    CHECK(run({"delay", "reschedule", "0"}).exit == Exit::kUsage);
    for (const std::string to : {"+10m", "0", "2026-11-24T10:00:00Z"})
        CHECK(run({"delay", "reschedule", "0", "--to", to}).exit == Exit::kNotReachable);
    CHECK(has(run({"help", "delay"}).out, "delay recall"));
    CHECK(has(run({"help", "delay", "ls"}).out, "--limit COUNT"));
    CHECK(run({"trace"}).exit == Exit::kUsage);
}

TEST_CASE("what ends or cuts off somebody is asked about first, and durations are read before") {
    for (const std::vector<std::string>& arguments :
         {std::vector<std::string>{"peer", "kick", "7"}, {"drain"}, {"stop"}}) {
        const auto ran = run(arguments);
        CHECK(ran.exit == Exit::kFailed);
        CHECK(has(ran.err, "expected --yes"));
    }
    CHECK(run({"peer", "kick", "seven", "--yes"}).exit == Exit::kUsage);
    const auto wrong = run({"stop", "--wait", "soon", "--yes"});
    CHECK(wrong.exit == Exit::kUsage);
    CHECK(has(wrong.err, "`soon` is no duration: expected 30s, 2m"));
    CHECK(run({"stop", "--wait", "5s", "--yes"}).exit == Exit::kNotReachable);
    CHECK(run({"health"}).exit == Exit::kNotReachable);
    CHECK(run({"events", "--level", "loud"}).exit == Exit::kUsage);
}

TEST_CASE("what is published, and taken, is read before the bridge is asked") {
    CHECK(has(run({"pub", "orders", "--body", "x"}).err,
              "\"orders\" names no topic: expected topic/NAME"));
    CHECK(run({"pub", "topic/", "--body", "x"}).exit == Exit::kUsage);
    CHECK(run({"pub", "topic/orders", "file", "--body", "x"}).exit == Exit::kUsage);
    CHECK(run({"pub", "topic/orders", "--lines", "--count", "2"}).exit == Exit::kUsage);
    CHECK(run({"pub", "topic/orders", "--body", "x", "--property", "x"}).exit == Exit::kUsage);
    CHECK(run({"pub", "topic/orders", "--body", "x", "--priority", "10"}).exit == Exit::kUsage);
    CHECK(run({"pub", "topic/orders", "no/such"}).exit == Exit::kFailed);
    CHECK(run({"pub", "topic/orders", "--body", "x"}).exit == Exit::kNotReachable);
    CHECK(run({"get", "g", "--max", "0"}).exit == Exit::kUsage);
    CHECK(run({"get", "g", "--wait", "10"}).exit == Exit::kUsage);
    CHECK(run({"get", "g"}).exit == Exit::kNotReachable);
    CHECK(run({"call", "s"}).exit == Exit::kUsage);
    CHECK(run({"call", "s", "x"}).exit == Exit::kNotReachable);
}

TEST_CASE("what groups and dead letters are asked is read before the bridge is") {
    CHECK(has(run({"group", "reset", "g", "--to", "yesterday"}).err,
              "expected latest, earliest, a time such as 2026-11-24T10:00:00Z, or an offset"));
    CHECK(run({"group", "reset", "g", "--to", "yesterday"}).exit == Exit::kUsage);
    CHECK(run({"group", "reset", "g"}).exit == Exit::kUsage);
    CHECK(has(run({"group", "reset", "g", "--to", "7"}).err, "expected --yes"));
    CHECK(run({"dead", "rm", "g"}).exit == Exit::kUsage);
    CHECK(run({"dead", "rm", "g", "7", "--all"}).exit == Exit::kUsage);
    CHECK(has(run({"dead", "rm", "g", "7", "8"}).err, "Remove 2 dead letters of g?"));
    CHECK(run({"dead", "redrive", "g", "--rate", "fast"}).exit == Exit::kUsage);
    CHECK(run({"dead", "redrive", "g", "--rate", "0/s"}).exit == Exit::kUsage);
    CHECK(has(run({"dead", "edit", "g", "7"}).err, "nobody is here to edit: expected --body"));
    CHECK(run({"dead", "edit", "g", "7"}).exit == Exit::kUsage);
    CHECK(has(run({"dead", "edit", "g", "7", "--body", "no/such"}).err, "cannot read no/such"));
    for (const std::string command : {"rm", "edit", "redrive"})
        CHECK(has(run({"help", "dead", command}).out, "--json"));
    CHECK(has(run({"help", "dead", "redrive"}).out, "--rate N/s"));
    CHECK(has(run({"help", "group"}).out, "group pending"));
}

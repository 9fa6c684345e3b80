// How commands end that go wrong: as JSON, and where what they print does not arrive.
#include <doctest/doctest.h>

#include <cerrno>
#include <streambuf>

#include "tests/unit/cli/ran.h"
#include "tests/unit/support/temp_folder.h"

using namespace zbridge;
using namespace zbridge::testing;
using cli::Exit;

namespace {

// Takes everything, and has room for nothing.
class FullDisk : public std::streambuf {
 protected:
    int_type overflow(int_type c) override { return c; }
    std::streamsize xsputn(const char*, std::streamsize count) override { return count; }
    int sync() override {
        errno = ENOSPC;
        return -1;
    }
};

// Takes nothing.
class Closed : public std::streambuf {};

Ran run_into(std::streambuf& full, const std::vector<std::string>& arguments) {
    std::ostream out(&full);
    std::ostringstream err;
    cli::Terminal terminal{out, err, false, false, [](const std::string&) { return std::nullopt; }};
    const Exit exit = cli::run(arguments, terminal);
    return {exit, "", err.str()};
}

}  // namespace

TEST_CASE("a command whose output does not arrive fails, and says so") {
    FullDisk full;
    for (const std::vector<std::string>& each :
         {std::vector<std::string>{"version"}, {"version", "--json"}, {"help"}, {"schema"}}) {
        CAPTURE(each[0]);
        const Ran ran = run_into(full, each);
        CHECK(ran.exit == Exit::kFailed);
        CHECK(ran.err == "zbridge: standard output cannot be written: No space left on device\n");
    }
    Closed closed;
    CHECK(run_into(closed, {"version"}).exit == Exit::kFailed);
    CHECK(run_into(closed, {"version", "--json"}).err ==
          "zbridge: standard output cannot be written\n");
    CHECK(run_into(full, {"sing"}).exit == Exit::kUsage);  // as it was
}

TEST_CASE("a command that fails says so as JSON, if JSON is asked for") {
    const TempFolder folder;
    const std::string nowhere = folder / "nowhere";
    const Ran away = run({"status", "--at", nowhere, "--json"});
    CHECK(away.exit == Exit::kNotReachable);
    CHECK(away.out == "{\n  \"code\": \"not_reachable\",\n  \"text\": \"there is no `" + nowhere +
                          "`: does the bridge run?\"\n}\n");
    CHECK(away.err == run({"status", "--at", nowhere}).err);
    CHECK(run({"status", "--at", nowhere}).out.empty());

    const Ran usage = run({"topic", "show", "--jsno", "--json"});
    CHECK(usage.exit == Exit::kUsage);
    CHECK(has(usage.out, "\"code\": \"usage\""));
    CHECK_FALSE(has(usage.out, "zbridge help"));
    CHECK(has(usage.err, "zbridge help"));

    folder.write("bridge.yaml", "mine");
    const Ran there = run({"init", folder / "bridge.yaml", "--json"});
    CHECK(there.exit == Exit::kFailed);
    CHECK(there.out ==
          "{\n  \"code\": \"failed\",\n  \"text\": \"init: " + (folder / "bridge.yaml") +
              " is there already: nothing was written\"\n}\n");
}

TEST_CASE(
    "a command that tells as JSON what is wrong is left at that, and one without JSON says none") {
    const TempFolder folder;
    folder.write("bridge.yaml", "endpoints: 7");
    const Ran check = run({"check", folder / "bridge.yaml", "--json"});
    CHECK(check.exit == Exit::kFindings);
    CHECK_FALSE(has(check.out, "\"code\""));
    CHECK(run({"completion", "--json"}).out.empty());
    CHECK(run({"version", "--json"}).exit == Exit::kOk);
}

// Values of options: what they may be, and what is said of those that they may not.
#include "bridge/cli/option_values.h"

#include <doctest/doctest.h>

#include <iterator>
#include <sstream>

#include "tests/unit/cli/ran.h"

using namespace zbridge;
using namespace zbridge::testing;
using cli::Exit;

namespace {

constexpr int64_t kNowMs = 1'700'000'000'000;

}  // namespace

TEST_CASE("a time is counted from now by its sign") {
    CHECK(cli::time_argument("-5m", kNowMs) == kNowMs - 300'000);
    CHECK(cli::time_argument("+1h", kNowMs) == kNowMs + 3'600'000);
    CHECK(cli::time_argument("2023-11-14T22:13:20Z", kNowMs) == kNowMs);
    CHECK(cli::time_argument("7", kNowMs) == 7);
    for (const char* wrong : {"", "-", "-5", "-5q", "5m", "--5m", "-1", "-60000d", "+99999999d"})
        CHECK_FALSE(cli::time_argument(wrong, kNowMs));
    CHECK_FALSE(cli::time_from_now("7", kNowMs));
}

TEST_CASE("a value that begins with a minus and a digit belongs to the option before it") {
    CLI::App app;
    std::string from;
    bool json = false;
    app.add_option("--from", from);
    app.add_flag("--json", json);
    using Words = std::vector<std::string>;
    CHECK(cli::with_negative_values(app, {"a", "--from", "-5m", "b"}) ==
          Words{"a", "--from=-5m", "b"});
    CHECK(cli::with_negative_values(app, {"--json", "-5m"}) == Words{"--json", "-5m"});
    CHECK(cli::with_negative_values(app, {"--form", "-5m"}) == Words{"--form", "-5m"});
    CHECK(cli::with_negative_values(app, {"--from", "-f"}) == Words{"--from", "-f"});
    CHECK(cli::with_negative_values(app, {"-5m"}) == Words{"-5m"});
    CHECK(cli::with_negative_values(app, {"--", "--from", "-5m"}) == Words{"--", "--from", "-5m"});
}

TEST_CASE("a value that an option cannot have is told what it could be") {
    const auto said = [](const std::vector<std::string>& line) {
        const Ran ran = run(line);
        CHECK(ran.exit == Exit::kUsage);
        return ran.err.substr(0, ran.err.find('\n'));
    };
    CHECK(
        said({"plugin", "new", "x", "--kind", "stp"}) ==
        "zbridge: plugin new: --kind: no kind is named \"stp\": expected step, source or sink; did "
        "you mean \"step\"?");
    CHECK(said({"completion", "csh"}) ==
          "zbridge: completion: SHELL: no shell is named \"csh\": expected bash, zsh or fish; did "
          "you "
          "mean \"zsh\"?");
    CHECK(said({"get", "g", "--max", "0"}) ==
          "zbridge: get: --max: \"0\" is no whole number from 1 to 1000");
    CHECK(said({"get", "g", "--max", "1x"}) ==
          "zbridge: get: --max: \"1x\" is no whole number from 1 to 1000");
    CHECK(said({"topic", "browse", "t", "--from", "many"}) ==
          "zbridge: topic browse: --from: \"many\" is no number that it can be");
}

TEST_CASE("help on a narrow terminal is broken, and below its beginning") {
    const std::string wide = run({"help", "pub"}).out;
    CHECK(has(wide, "\n  --property NAME=VALUE  what filters see; may be said again\n"));
    CHECK(has(wide, "\n  --tag TAG              its tag\n"));
    for (const std::vector<std::string>& line :
         {std::vector<std::string>{"help"}, {"help", "topic"}, {"help", "pub"}}) {
        const std::string narrow = run(line, {.width = 72}).out;
        size_t longest = 0, begin = 0;
        for (size_t end = 0; (end = narrow.find('\n', begin)) != std::string::npos; begin = end + 1)
            longest = std::max(longest, end - begin);
        CHECK(longest > 60);
        CHECK(longest <= 72);
    }
}

TEST_CASE(
    "a number out of its range, and a word that there is not, are told alike by all commands") {
    for (const auto& [command, option] : {std::pair("tap orders", "--limit"),
                                          {"delay ls orders", "--limit"},
                                          {"dead ls logistics", "--max"},
                                          {"topic browse orders", "--max"},
                                          {"group pending logistics", "--max"},
                                          {"journal dump data", "--max"},
                                          {"bench pub in", "--messages"},
                                          {"bench pub in", "--size"},
                                          {"bench pub in", "--producers"},
                                          {"bench sub out", "--consumers"},
                                          {"bench sub out", "--messages"},
                                          {"bench rpc svc", "--clients"},
                                          {"bench rpc svc", "--workers"}}) {
        std::vector<std::string> words{option, "0"};
        std::istringstream in(command);
        std::vector<std::string> all{std::istream_iterator<std::string>(in), {}};
        all.insert(all.end(), words.begin(), words.end());
        CAPTURE(command);
        const Ran ran = run(all);
        CHECK(ran.exit == Exit::kUsage);
        CHECK(has(ran.err, std::string(": ") + option + ": \"0\" is no whole number from "));
    }
    CHECK(has(run({"top", "--view", "topcs"}).err, "no view is named \"topcs\""));
    CHECK(has(run({"tap", "orders", "--format", "xml"}).err, "no format is named \"xml\""));
    CHECK(has(run({"bench", "pub", "in", "--send-by", "psh"}).err, "did you mean \"push\"?"));
    CHECK(has(run({"bench", "sub", "out", "--take-by", "req"}).err, "no type is named \"req\""));
    CHECK(has(run({"bench", "sub", "out", "--compare", "/nowhere/x"}).err,
              "`/nowhere/x` is no file that can be read"));
}

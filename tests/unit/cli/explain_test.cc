// zbridge explain
#include <string>

#include "bridge/cli/advice.h"
#include "bridge/cli/text.h"
#include "tests/unit/cli/ran.h"

using namespace zbridge;
using namespace zbridge::testing;
using cli::Exit;

TEST_CASE("every code is listed, and explained with what to do") {
    const Ran list = run({"explain"});
    CHECK(list.exit == Exit::kOk);
    for (size_t i = 0; i < kRefusalCount; i++) {
        const auto refusal = static_cast<Refusal>(i);
        CAPTURE(name_of(refusal));
        CHECK(has(list.out, std::string(name_of(refusal)) + " "));
        CHECK(cli::advice_for(refusal).ends_with("."));
        const Ran one = run({"explain", std::string(name_of(refusal))});
        CHECK(one.exit == Exit::kOk);
        CHECK(has(one.out, std::string(name_of(refusal)) + ": " + std::string(meaning_of(refusal)) +
                               "\n\n"));
    }
}

TEST_CASE("a code is explained in lines that fit the terminal") {
    const Ran ran = run({"explain", "kicked"}, {.width = 40});
    CHECK(ran.out ==
          "kicked: somebody who runs the bridge ended the connection\n\n"
          "Nothing: `zbridge peer kick` was used. A\n"
          "ZeroMQ socket connects again by itself;\n"
          "to keep it out, end its program, or use\n"
          "the endpoint's `auth`.\n");
}

TEST_CASE("a code that is none is told what was meant") {
    const Ran ran = run({"explain", "tooo_large"});
    CHECK(ran.exit == Exit::kFailed);
    CHECK(ran.out.empty());
    CHECK(has(ran.err, "no code is named \"tooo_large\"; did you mean \"too_large\"?"));
}

TEST_CASE("explain --json is for programs") {
    CHECK(has(run({"explain", "busy", "--json"}).out, "\"code\": \"busy\",\n  \"meaning\""));
    const Ran list = run({"explain", "--json"});
    CHECK(list.out.starts_with("["));
    CHECK(has(list.out, "\"code\": \"kicked\""));
}

TEST_CASE("text is broken at blanks, and a word that is too long stands alone") {
    CHECK(cli::wrapped("one two three", 20) == "one two three");
    CHECK(cli::wrapped("", 20).empty());
    CHECK(cli::wrapped("a aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa b", 20) ==
          "a\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\nb");
}

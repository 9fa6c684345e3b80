// Values as the command line shows them.
#include "bridge/cli/text.h"

#include <doctest/doctest.h>

using namespace zbridge;

TEST_CASE("one of a thing, and several") {
    CHECK(cli::counted(0, "segment") == "0 segments");
    CHECK(cli::counted(1, "segment") == "1 segment");
    CHECK(cli::counted(2, "segment") == "2 segments");
}

TEST_CASE("rows of names stand below each other, and long texts go on below their beginning") {
    const std::vector<cli::NamedText> rows{{"--at PLACE", "where it is"},
                                           {"--property NAME=VALUE", "what filters see of it"}};
    CHECK(cli::named_rows(rows, 0) ==
          "  --at PLACE             where it is\n"
          "  --property NAME=VALUE  what filters see of it\n");
    CHECK(cli::named_rows(rows, 45) ==
          "  --at PLACE             where it is\n"
          "  --property NAME=VALUE  what filters see of\n"
          "                         it\n");
    CHECK(cli::named_rows({{"FILE", "it"}}, 0) == "  FILE         it\n");
    CHECK(cli::wrapped({"usage: zbridge pub", "REF", "[--body TEXT]"}, 28, 4) ==
          "usage: zbridge pub REF\n    [--body TEXT]");
}

TEST_CASE("a long number of milliseconds has beside it what it means") {
    telemetry::Report values = telemetry::Report::map();
    values.add("stored_ms", uint64_t{1'700'000'000'123});
    values.add("retention_age_ms", uint64_t{604'800'000});
    values.add("lease_ms", uint64_t{59'999});
    values.add("died_ms", telemetry::Report());
    values.add("its_own_ms", uint64_t{UINT64_MAX});
    values.add("text_ms", "soon");
    values.add("messages", uint64_t{1'700'000'000'123});
    CHECK(cli::values_text(values) ==
          "stored_ms                1700000000123 (2023-11-14 22:13:20.123Z)\n"
          "retention_age_ms         604800000 (7 d 0 h)\n"
          "lease_ms                 59999\n"
          "its_own_ms               18446744073709551615\n"
          "text_ms                  soon\n"
          "messages                 1700000000123\n");
}

// Messages that a tap shows, as a terminal has them.
#include "bridge/cli/tap_text.h"

#include <doctest/doctest.h>

using namespace zbridge;
using namespace zbridge::cli;
using telemetry::Report;

namespace {

Report message(const std::string& body) {
    Report its = Report::map();
    its.add("at", "orders-in");
    its.add("way", "in");
    its.add("time_us", int64_t{1'700'000'000'123'456});
    its.add("peer", uint64_t{3});
    its.add("identity", "till \x01");
    its.add("attempt", uint64_t{2});
    its.add("tag", "express");
    Report& keys = its.add("keys", Report::list());
    keys.add("a");
    keys.add("b");
    its.add("properties", Report::map()).add("vip", true);
    its.add("bytes", uint64_t{5 + body.size()});
    its.add("frame_count", uint64_t{2});
    Report& frames = its.add("frames", Report::list());
    frames.add("eu");
    frames.add(body);
    return its;
}

constexpr const char* kHead =
    "22:13:20.123 in orders-in  peer 3 \"till\\x20\\x01\"  attempt 2  tag=express  keys=a,b  "
    "vip=true  2 frames ";

}  // namespace

TEST_CASE("a tapped message is one line with its last frame, or a line a frame") {
    CHECK(tapped_text(message("{\"a\": \x02}"), {}) ==
          std::string(kHead) + "13 B  {\"a\": \\x02}\n");
    CHECK(tapped_text(message("body"), {.frames = true}) ==
          std::string(kHead) + "9 B\n  [0] eu\n  [1] body\n");
    CHECK(tapped_text(message("body"), {.colour = true}).starts_with("\x1b[2m22:13"));
}

TEST_CASE("a line of text ends where the terminal does") {
    const std::string long_body(500, 'x');
    CHECK(tapped_text(message(long_body), {}).size() > 500);
    const std::string cut = tapped_text(message(long_body), {.width = 200});
    CHECK(cut.size() == 201);
    CHECK(cut.ends_with("...\n"));
    CHECK(tapped_text(message(long_body), {.frames = true, .width = 40}).find("xxx...\n") !=
          std::string::npos);
}

TEST_CASE("a tapped message in hex, and as JSON") {
    CHECK(tapped_text(message("body"), {.format = TapFormat::kHex})
              .ends_with(
                  "  frame 0\n    0000  65 75                                            eu\n"
                  "  frame 1\n    0000  62 6f 64 79                                      body\n"));
    CHECK(hex_text(std::string(17, '\0'), "") ==
          "0000  00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00  ................\n"
          "0010  00                                               .\n");
    CHECK(tapped_text(message("body"), {.format = TapFormat::kJson})
              .ends_with(R"("frames":["eu","body"]})"
                         "\n"));
    CHECK(tapped_text(message("\xff"), {.format = TapFormat::kJson}).find("\"frames_hex\"") !=
          std::string::npos);
}

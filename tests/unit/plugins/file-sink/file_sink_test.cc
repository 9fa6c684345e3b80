#include "plugins/built_in.h"
#include "plugins/records/record.h"
#include "plugins/sdk/zbridge_fake_host.hpp"
#include "tests/unit/support/temp_folder.h"

#include <doctest/doctest.h>

#include <sys/resource.h>

#include <csignal>

using namespace zbridge::testing;
using namespace std::string_literals;

namespace {

using Answers = std::vector<uint32_t>;

struct Rig {
    explicit Rig(const std::string& format = "lines") {
        host.set("path", folder / "out");
        host.set("format", format);
    }
    Instance start() {
        auto sink = host.create(zbridge_plugin_entry_file_sink());
        sink.start();
        return sink;
    }
    TempFolder folder;
    FakeHost host;
};

}  // namespace

TEST_CASE("a message is a line") {
    Rig rig;
    auto sink = rig.start();
    CHECK(sink.batch({{{"one"}}, {{""}}, {{"tw\ro"}}}) == Answers{ZB_DONE, ZB_DONE, ZB_DONE});
    CHECK(sink.batch({{{"three"}}}) == Answers{ZB_DONE});
    CHECK(rig.folder.read("out") == "one\n\ntw\ro\nthree\n");
    CHECK(rig.host.metrics["written"] == 4);
}

TEST_CASE("what a line cannot hold is rejected, the others are written") {
    Rig rig;
    auto sink = rig.start();
    CHECK(sink.batch({{{"a"}}, {{"two\nlines"}}, {{"two", "frames"}}, {{"ze\0ro"s}}, {{"b"}}}) ==
          Answers{ZB_DONE, ZB_REJECT, ZB_REJECT, ZB_REJECT, ZB_DONE});
    CHECK(rig.folder.read("out") == "a\nb\n");
    CHECK(rig.host.metrics["rejected"] == 3);
    REQUIRE(rig.host.log.size() == 3);
    CHECK(rig.host.log[0].text ==
          "rejected a message with a line break: `format: records` holds it");
}

TEST_CASE("a record holds all bytes of all frames") {
    Rig rig("records");
    auto sink = rig.start();
    CHECK(sink.batch({{{"two\nlines", "ze\0ro"s, ""}}}) == Answers{ZB_DONE});
    const std::string bytes = rig.folder.read("out");
    size_t size = 0;
    std::vector<std::string_view> frames;
    REQUIRE(zbridge::records::cut_record(bytes, size, frames) == zbridge::records::Cut::kWhole);
    CHECK(frames == std::vector<std::string_view>{"two\nlines", std::string_view("ze\0ro", 5), ""});
}

TEST_CASE("files are rotated by size") {
    Rig rig;
    rig.host.set("rotate_size", "4B");
    rig.host.set("rotate_keep", "1");
    auto sink = rig.start();
    for (const char* body : {"1", "2", "3", "4", "5"})
        CHECK(sink.batch({{{body}}}) == Answers{ZB_DONE});
    CHECK(rig.folder.read("out") == "5\n");
    CHECK(rig.folder.read("out.1") == "3\n4\n");
    CHECK_FALSE(rig.folder.has("out.2"));
    CHECK(rig.host.metrics["rotations"] == 2);
}

TEST_CASE("a torn end is cut off at the start, and said so") {
    Rig rig;
    rig.folder.write("out", "whole\nto");
    auto sink = rig.start();
    CHECK(rig.folder.read("out") == "whole\n");
    CHECK(rig.folder.read("out.torn") == "to");
    REQUIRE(rig.host.log.size() == 1);
    CHECK(rig.host.log[0].text.find("cut 2 bytes of an unfinished write off ") == 0);
}

TEST_CASE(
    "a write that fails is retried: whole messages stay, the instance is degraded until it goes "
    "well") {
    Rig rig;
    auto sink = rig.start();
    // The kernel writes up to the limit, then says no.
    rlimit before{};
    REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
    const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit small{7, before.rlim_max};
    REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
    const Answers answers = sink.batch({{{"one"}}, {{"two"}}, {{"three"}}});
    REQUIRE(setrlimit(RLIMIT_FSIZE, &before) == 0);
    std::signal(SIGXFSZ, old_handler);

    CHECK(answers == Answers{ZB_DONE, ZB_RETRY, ZB_RETRY});
    CHECK_FALSE(rig.host.healthy);
    CHECK(rig.host.trouble.find("writing ") == 0);
    CHECK(rig.host.metrics["failures"] == 1);
    CHECK(sink.batch({{{"two"}}, {{"three"}}}) == Answers{ZB_DONE, ZB_DONE});
    CHECK(rig.host.healthy);
    CHECK(rig.folder.read("out") == "one\ntwo\nthree\n");
}

TEST_CASE("create touches nothing; a folder that is not there stops the start") {
    Rig rig;
    { auto sink = rig.host.create(zbridge_plugin_entry_file_sink()); }
    CHECK_FALSE(rig.folder.has("out"));
    rig.host.set("path", rig.folder / "none/out");
    auto sink = rig.host.create(zbridge_plugin_entry_file_sink());
    CHECK_THROWS_AS(sink.start(), std::runtime_error);
    rig.host.set("path", "");
    CHECK_THROWS_AS((void)rig.host.create(zbridge_plugin_entry_file_sink()), std::invalid_argument);
}

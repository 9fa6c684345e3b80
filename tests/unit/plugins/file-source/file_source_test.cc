#include "plugins/built_in.h"
#include "plugins/file-source/cutter.h"
#include "plugins/records/record.h"
#include "plugins/sdk/zbridge_fake_host.hpp"
#include "tests/unit/support/temp_folder.h"

#include <doctest/doctest.h>

#include <fstream>
#include <optional>

using namespace zbridge::testing;
using namespace std::string_literals;

namespace {

using Bodies = std::vector<std::string>;

// A source of the file `in`, which may be started again and again.
struct Rig {
    Rig() {
        host.set("path", folder / "in");
        host.set("position_interval", "0s");
    }
    void start() {
        source.reset();
        host.delivered.clear();
        source.emplace(host.create(zbridge_plugin_entry_file_source()));
        source->start();
    }
    // As a kill does it: nothing is saved.
    void kill() {
        const std::string position = folder.read("in.position");
        const bool was_there = folder.has("in.position");
        source.reset();
        std::filesystem::remove(folder / "in.position");
        if (was_there) folder.write("in.position", position);
    }
    // The bodies that come in one read, and the poll after it.
    Bodies read() {
        const size_t before = host.delivered.size();
        last_result = source->read();
        host.advance(200'000'000);
        Bodies bodies;
        for (size_t i = before; i < host.delivered.size(); i++)
            bodies.push_back(host.delivered[i].message.frames.at(0));
        return bodies;
    }
    void accept_all() {
        for (const Delivered& message : host.delivered)
            source->accept(message.cookie);
        (void)source->read();
        host.delivered.clear();
    }
    void refuse(uint64_t cookie) {
        source->outcomes({{cookie, ZB_REFUSED, 0, {"undecodable", 11}}});
    }
    bool logged(const std::string& words) const {
        for (const Line& line : host.log) {
            if (line.text.find(words) != std::string::npos) return true;
        }
        return false;
    }
    std::string last_position() const {
        const std::string text = folder.read("in.position");
        return text.substr(text.find("offset"));
    }

    TempFolder folder;
    FakeHost host;
    std::optional<Instance> source;
    zb_result last_result = ZB_OK;
};

}  // namespace

TEST_CASE("lines come in their order, an unfinished one when it is finished") {
    Rig rig;
    rig.folder.write("in", "one\n\ntwo\r\nthr");
    rig.start();
    CHECK(rig.read() == Bodies{"one", "", "two\r"});
    CHECK(rig.read() == Bodies{});
    rig.folder.append("in", "ee");
    CHECK(rig.read() == Bodies{});
    rig.folder.append("in", "\nfour\n");
    CHECK(rig.read() == Bodies{"three", "four"});
    CHECK(rig.host.metrics["delivered"] == 5);
}

TEST_CASE("a file that is not there yet is read from its beginning when it comes") {
    Rig rig;
    rig.host.set("from", "end");
    rig.start();
    CHECK(rig.read() == Bodies{});
    rig.folder.write("in", "one\n");
    SUBCASE("at once") {
        CHECK(rig.read() == Bodies{"one"});
    }
    SUBCASE("also if it came while nobody looked") {
        rig.kill();
        rig.start();
        CHECK(rig.read() == Bodies{"one"});
    }
}

TEST_CASE("what is accepted does not come again after a restart, what is not does") {
    Rig rig;
    rig.folder.write("in", "one\ntwo\nthree\n");
    rig.start();
    CHECK(rig.read() == Bodies{"one", "two", "three"});
    SUBCASE("nothing is accepted") {
        rig.start();
        CHECK(rig.read() == Bodies{"one", "two", "three"});
    }
    SUBCASE("the first one is") {
        rig.source->accept(rig.host.delivered[0].cookie);
        rig.start();
        CHECK(rig.read() == Bodies{"two", "three"});
    }
    SUBCASE("all but the first one are") {
        rig.source->accept(rig.host.delivered[2].cookie);
        rig.source->accept(rig.host.delivered[1].cookie);
        rig.start();
        CHECK(rig.read() == Bodies{"one", "two", "three"});
    }
    SUBCASE("all are, in any order") {
        for (const size_t i : {2, 0, 1})
            rig.source->accept(rig.host.delivered[i].cookie);
        rig.start();
        CHECK(rig.read() == Bodies{});
        CHECK(rig.last_position() == "offset 14\n");
    }
}

TEST_CASE("the position is saved in its interval, so a kill repeats only what came since") {
    Rig rig;
    rig.host.set("position_interval", "5s");
    rig.folder.write("in", "one\ntwo\n");
    rig.start();
    CHECK(rig.read() == Bodies{"one", "two"});
    rig.source->accept(rig.host.delivered[0].cookie);
    rig.host.advance(5'000'000'000);
    (void)rig.read();
    rig.source->accept(rig.host.delivered[1].cookie);
    (void)rig.read();
    CHECK(rig.last_position() == "offset 4\n");
    rig.kill();
    rig.start();
    CHECK(rig.read() == Bodies{"two"});
}

TEST_CASE("outcomes that are unknown or come twice change nothing") {
    Rig rig;
    rig.folder.write("in", "one\ntwo\n");
    rig.start();
    CHECK(rig.read().size() == 2);
    for (const uint64_t cookie : {uint64_t{0}, uint64_t{3}, ~uint64_t{0},
                                  rig.host.delivered[0].cookie, rig.host.delivered[0].cookie})
        rig.source->accept(cookie);
    rig.start();
    CHECK(rig.read() == Bodies{"two"});
}

TEST_CASE("with `from: end` only what comes from now on is delivered") {
    Rig rig;
    rig.host.set("from", "end");
    rig.folder.write("in", "old\nold\nhalf");
    rig.start();
    CHECK(rig.read() == Bodies{});
    (void)rig.read();
    CHECK(rig.last_position() == "offset 8\n");
    rig.folder.append("in", " new\nnew\n");
    CHECK(rig.read() == Bodies{"half new", "new"});
    rig.accept_all();
    rig.start();
    CHECK(rig.read() == Bodies{});
}

TEST_CASE(
    "with `from: end` the position is there at once: a kill right after the start loses nothing") {
    Rig rig;
    rig.host.set("from", "end");
    rig.folder.write("in", "old\n" + std::string(600'000, 'x') + "\nhalf");
    rig.start();
    CHECK(rig.last_position() == "offset 600005\n");
    rig.kill();
    rig.folder.append("in", " new\nnew\n");
    rig.start();
    CHECK(rig.read() == Bodies{"half new", "new"});
}

TEST_CASE("with `from: end` a last line above the limit is not begun in its middle") {
    Rig rig;
    rig.host.set("from", "end");
    rig.host.set("line_max", "10B");
    rig.folder.write("in", "old\n" + std::string(100, 'x'));
    rig.start();
    CHECK(rig.read() == Bodies{});
    rig.folder.append("in", "its end\nnew\n");
    SUBCASE("while it runs") {}
    SUBCASE("after a kill") {
        rig.kill();
        rig.start();
    }
    CHECK(rig.read() == Bodies{"new"});
}

TEST_CASE("with `from: end` and records only those that come from now on are delivered") {
    Rig rig;
    rig.host.set("from", "end");
    rig.host.set("format", "records");
    std::string old, fresh;
    REQUIRE(zbridge::records::append_record({"old\n"}, old));
    REQUIRE(zbridge::records::append_record({"new"}, fresh));
    rig.folder.write("in", old);
    rig.start();
    CHECK(rig.read() == Bodies{});
    rig.folder.append("in", fresh);
    CHECK(rig.read() == Bodies{"new"});
}

TEST_CASE("while the bridge is full nothing is lost and nothing comes twice") {
    Rig rig;
    rig.folder.write("in", "one\ntwo\nthree\n");
    rig.start();
    rig.host.deliveries_max = 1;
    CHECK(rig.read() == Bodies{"one"});
    CHECK(rig.read() == Bodies{});
    rig.host.deliveries_max = SIZE_MAX;
    CHECK(rig.read() == Bodies{"two", "three"});
}

TEST_CASE("a thousand messages a read, then outcomes have their turn") {
    Rig rig;
    std::string lines;
    for (int i = 0; i < 2500; i++)
        lines += std::to_string(i) + "\n";
    rig.folder.write("in", lines);
    rig.start();
    CHECK(rig.read().size() == 1000);
    CHECK(rig.read().size() == 1000);
    CHECK(rig.read().back() == "2499");
}

TEST_CASE("no more than 100,000 messages wait behind one that has no outcome") {
    Rig rig;
    std::string lines;
    for (int i = 0; i < 101'500; i++)
        lines += "x\n";
    rig.folder.write("in", lines);
    rig.start();
    for (int i = 0; i < 120; i++)
        (void)rig.read();
    CHECK(rig.host.delivered.size() == 100'000);
    for (size_t i = 1; i < 100'000; i++)
        rig.source->accept(rig.host.delivered[i].cookie);
    CHECK(rig.read() == Bodies{});
    rig.source->accept(rig.host.delivered[0].cookie);
    CHECK(rig.read().size() == 1000);
}

TEST_CASE("a rotated file is read to its end, then the next one, and none is forgotten") {
    Rig rig;
    rig.folder.write("in", "one\n");
    rig.start();
    CHECK(rig.read() == Bodies{"one"});
    std::filesystem::rename(rig.folder / "in", rig.folder / "in.2");
    rig.folder.append("in.2", "two\n");
    rig.folder.write("in.1", "three\n");
    rig.folder.write("in", "four\n");
    Bodies all;
    const auto read_all = [&] {
        for (int i = 0; i < 12; i++) {
            for (const std::string& body : rig.read())
                all.push_back(body);
        }
    };
    SUBCASE("while it is followed") {
        read_all();
        CHECK(all == Bodies{"two", "three", "four"});
        rig.accept_all();
        rig.start();
        CHECK(rig.read() == Bodies{});
    }
    SUBCASE("after a restart") {
        rig.source->accept(rig.host.delivered[0].cookie);
        rig.start();
        read_all();
        CHECK(all == Bodies{"two", "three", "four"});
    }
    SUBCASE("after a restart that finds the file gone") {
        rig.source->accept(rig.host.delivered[0].cookie);
        rig.source.reset();
        std::filesystem::remove(rig.folder / "in.2");
        rig.start();
        read_all();
        CHECK(all == Bodies{"three", "four"});
        CHECK(rig.logged("is gone"));
    }
}

TEST_CASE(
    "what is written to a rotated file before it is left is read, what is torn there is skipped") {
    Rig rig;
    rig.folder.write("in", "one\n");
    rig.start();
    CHECK(rig.read() == Bodies{"one"});
    std::filesystem::rename(rig.folder / "in", rig.folder / "in.1");
    rig.folder.write("in", "three\n");
    CHECK(rig.read() == Bodies{});
    rig.folder.append("in.1", "two\nto");
    CHECK(rig.read() == Bodies{"two"});
    CHECK(rig.read() == Bodies{});
    CHECK(rig.read() == Bodies{"three"});
    CHECK(rig.host.metrics["damaged"] == 1);
    CHECK(rig.logged("its last message is not whole"));
}

TEST_CASE("a file that is replaced or made empty is read from its beginning") {
    Rig rig;
    rig.folder.write("in", "one\ntwo\n");
    rig.start();
    CHECK(rig.read() == Bodies{"one", "two"});
    rig.accept_all();
    Bodies all;
    SUBCASE("made empty") {
        rig.folder.write("in", "new\n");
        CHECK(rig.read() == Bodies{});
        CHECK(rig.read() == Bodies{"new"});
        CHECK(rig.logged("was made shorter"));
    }
    SUBCASE("made empty while nobody looked") {
        rig.source.reset();
        rig.folder.write("in", "new\n");
        rig.start();
        for (int i = 0; i < 3; i++)
            for (const std::string& body : rig.read())
                all.push_back(body);
        CHECK(all == Bodies{"new"});
    }
    SUBCASE("replaced, with a name that is not followed") {
        std::filesystem::rename(rig.folder / "in", rig.folder / "moved-away");
        CHECK(rig.read() == Bodies{});
        CHECK(rig.read() == Bodies{});
        rig.folder.write("in", "new and longer\n");
        for (int i = 0; i < 3; i++)
            for (const std::string& body : rig.read())
                all.push_back(body);
        CHECK(all == Bodies{"new and longer"});
    }
}

TEST_CASE("an end that was cut off and written anew is not mixed with what was there") {
    Rig rig;
    rig.folder.write("in", "one\nhel");
    rig.start();
    CHECK(rig.read() == Bodies{"one"});
    rig.folder.write("in", "one\nworld\n");  // the same file: a writer that cut its torn end off
    CHECK(rig.read() == Bodies{"world"});
}

TEST_CASE(
    "a line above the limit is skipped, however long, and not begun in its middle after a "
    "restart") {
    Rig rig;
    rig.host.set("line_max", "10B");
    rig.folder.write("in", "0123456789\n" + std::string(1'000'000, 'x'));
    rig.start();
    CHECK(rig.read() == Bodies{"0123456789"});
    rig.accept_all();
    rig.start();
    CHECK(rig.read() == Bodies{});
    rig.folder.append("in", "rest\nshort\n");
    CHECK(rig.read() == Bodies{"short"});
    CHECK(rig.host.metrics["too_long"] == 1);
    rig.accept_all();
    rig.start();
    CHECK(rig.read() == Bodies{});
}

TEST_CASE("of an unfinished line only what is new is searched") {
    zbridge::file_source::Cutter cutter({.records = false, .line_bytes_max = 100});
    using Kind = zbridge::file_source::Cutter::Kind;
    CHECK(cutter.cut("abc").kind == Kind::kPartial);
    const auto cut = cutter.cut("a\nc\n");  // it does not look at the first three again
    CHECK(cut.kind == Kind::kMessage);
    CHECK(cut.size == 4);
    CHECK(cutter.cut("xyz").kind == Kind::kPartial);
    cutter.again();
    CHECK(cutter.cut("x\nz").size == 2);
}

TEST_CASE("an unfinished line that nobody writes to is not read again at each poll") {
    const auto bytes_read = [] {  // by this process; 0 where the kernel does not count them
        std::ifstream io("/proc/self/io");
        std::string name;
        uint64_t bytes = 0;
        io >> name >> bytes;
        return bytes;
    };
    Rig rig;
    rig.host.set("line_max", "16MiB");
    const std::string half(8 << 20, 'x');
    rig.folder.write("in", half);
    rig.start();
    for (int i = 0; i < 3; i++)
        CHECK(rig.read() == Bodies{});
    const uint64_t before = bytes_read();
    for (int i = 0; i < 10; i++)
        CHECK(rig.read() == Bodies{});
    CHECK(bytes_read() - before < half.size());
    rig.folder.append("in", "y\n");
    Bodies all;
    for (int i = 0; i < 2 && all.empty(); i++)
        all = rig.read();
    CHECK(all == Bodies{half + "y"});
}

TEST_CASE("a message that the instance may not keep is not skipped: reading fails until it may") {
    Rig rig;
    rig.host.keep_bytes = 1000;
    rig.folder.write("in", "one\n" + std::string(1001, 'x') + "\nthree\n");
    rig.start();
    CHECK(rig.read() == Bodies{"one"});
    CHECK(rig.last_result == ZB_FULL);
    CHECK(rig.host.error ==
          "the message at byte 4 of " + rig.folder / "in" +
              " has 1001 bytes, more than the instance may keep: set `limits: { max_kept }`");
    rig.accept_all();
    CHECK(rig.read() == Bodies{});
    CHECK(rig.host.metrics["refused"] == 0);
    rig.host.keep_bytes = 1001;
    rig.start();
    CHECK(rig.read() == Bodies{std::string(1001, 'x'), "three"});
}

TEST_CASE("a refused message is skipped and counted, or stops the source until the next start") {
    Rig rig;
    rig.folder.write("in", "one\ntwo\n");
    SUBCASE("skipped") {
        rig.start();
        (void)rig.read();
        rig.refuse(rig.host.delivered[0].cookie);
        rig.source->accept(rig.host.delivered[1].cookie);
        CHECK(rig.host.metrics["refused"] == 1);
        CHECK(rig.logged("undecodable"));
        rig.start();
        CHECK(rig.read() == Bodies{});
    }
    SUBCASE("stops it") {
        rig.host.set("on_refused", "stop");
        rig.start();
        (void)rig.read();
        rig.source->accept(rig.host.delivered[1].cookie);
        rig.refuse(rig.host.delivered[0].cookie);
        rig.folder.append("in", "three\n");
        CHECK(rig.read() == Bodies{});
        CHECK_FALSE(rig.host.healthy);
        CHECK(rig.host.trouble == "stopped at a message that was refused: undecodable");
        rig.start();
        CHECK(rig.read() == Bodies{"one", "two", "three"});
    }
}

TEST_CASE("records come with all their frames; half a record waits") {
    Rig rig;
    rig.host.set("format", "records");
    std::string bytes;
    REQUIRE(zbridge::records::append_record({"a\nb", "", std::string(700'000, 'x')}, bytes));
    REQUIRE(zbridge::records::append_record({"next"}, bytes));
    rig.folder.write("in", std::string_view(bytes).substr(0, bytes.size() - 1));
    rig.start();
    CHECK(rig.read() == Bodies{"a\nb"});
    REQUIRE(rig.host.delivered[0].message.frames.size() == 3);
    CHECK(rig.host.delivered[0].message.frames[2] == std::string(700'000, 'x'));
    CHECK(rig.read() == Bodies{});
    rig.folder.append("in", std::string_view(bytes).substr(bytes.size() - 1));
    CHECK(rig.read() == Bodies{"next"});
}

TEST_CASE("a damaged record stops the source until it is mended; nothing is skipped") {
    Rig rig;
    rig.host.set("format", "records");
    std::string bytes;
    REQUIRE(zbridge::records::append_record({"first"}, bytes));
    const size_t first = bytes.size();
    REQUIRE(zbridge::records::append_record({"second"}, bytes));
    std::string damaged = bytes;
    damaged[first + 13] = 'x';
    rig.folder.write("in", damaged);
    rig.start();
    CHECK(rig.read() == Bodies{"first"});
    CHECK(rig.last_result == ZB_FAILED);
    CHECK(rig.read() == Bodies{});
    CHECK_FALSE(rig.host.healthy);
    CHECK(rig.host.error.find("no record begins at byte " + std::to_string(first)) == 0);
    rig.folder.write("in", bytes);
    CHECK(rig.read() == Bodies{"second"});
    CHECK(rig.host.healthy);
}

TEST_CASE("a damaged size is no record that is not whole yet: those behind it are not hidden") {
    Rig rig;
    rig.host.set("format", "records");
    std::string bytes;
    REQUIRE(zbridge::records::append_record({"first"}, bytes));
    const size_t first = bytes.size();
    for (const char* body : {"second", "third"})
        REQUIRE(zbridge::records::append_record({body}, bytes));
    std::string damaged = bytes;
    damaged[first + 1] = 1;  // 256 more than there are
    rig.folder.write("in", damaged);
    rig.start();
    CHECK(rig.read() == Bodies{"first"});
    SUBCASE("while it grows") {}
    SUBCASE("when it is rotated") {
        std::filesystem::rename(rig.folder / "in", rig.folder / "in.1");
        std::string next;
        REQUIRE(zbridge::records::append_record({"next"}, next));
        rig.folder.write("in", next);
    }
    for (int i = 0; i < 5; i++)
        CHECK(rig.read() == Bodies{});
    CHECK(rig.last_result == ZB_FAILED);
    CHECK_FALSE(rig.host.healthy);
    CHECK(rig.host.trouble.find("no record begins at byte " + std::to_string(first)) == 0);
    CHECK(rig.host.metrics["damaged"] == 0);
    const bool rotated = rig.folder.has("in.1");
    rig.folder.write(rotated ? "in.1" : "in", bytes);
    Bodies all;
    for (int i = 0; i < 6; i++) {
        for (const std::string& body : rig.read())
            all.push_back(body);
    }
    CHECK(all == (rotated ? Bodies{"second", "third", "next"} : Bodies{"second", "third"}));
    CHECK(rig.host.healthy);
}

TEST_CASE("what is well again does not hide what is not") {
    Rig rig;
    rig.host.set("on_refused", "stop");
    rig.folder.write("in", "one\ntwo\n");
    rig.start();
    CHECK(rig.read() == Bodies{"one", "two"});
    rig.source->accept(rig.host.delivered[0].cookie);
    std::filesystem::create_directory(rig.folder / "in.position.tmp");
    (void)rig.read();
    rig.refuse(rig.host.delivered[1].cookie);
    std::filesystem::remove(rig.folder / "in.position.tmp");
    (void)rig.read();
    CHECK(rig.last_position() == "offset 4\n");
    CHECK_FALSE(rig.host.healthy);
    CHECK(rig.host.trouble == "stopped at a message that was refused: undecodable");
}

TEST_CASE("what cannot be followed stops the start") {
    Rig rig;
    rig.folder.write("in.position", "something else");
    CHECK_THROWS_WITH_AS(rig.start(), doctest::Contains("is no position of a file-source"),
                         std::runtime_error);
    std::filesystem::remove(rig.folder / "in.position");
    std::filesystem::create_directory(rig.folder / "in");
    CHECK_THROWS_WITH_AS(rig.start(), doctest::Contains("is no plain file"), std::runtime_error);
    rig.host.set("position", rig.folder / "in");
    CHECK_THROWS_AS(rig.start(), std::invalid_argument);
}

TEST_CASE("create touches nothing") {
    Rig rig;
    rig.folder.write("in", "one\n");
    { auto source = rig.host.create(zbridge_plugin_entry_file_source()); }
    CHECK_FALSE(rig.folder.has("in.position"));
}

TEST_CASE("a position that cannot be saved degrades the source, and it goes on") {
    Rig rig;
    rig.folder.write("in", "one\n");
    rig.start();
    CHECK(rig.read() == Bodies{"one"});
    rig.source->accept(rig.host.delivered[0].cookie);
    std::filesystem::create_directory(rig.folder / "in.position.tmp");
    (void)rig.read();
    CHECK_FALSE(rig.host.healthy);
    rig.folder.append("in", "two\n");
    CHECK(rig.read() == Bodies{"two"});
    std::filesystem::remove(rig.folder / "in.position.tmp");
    (void)rig.read();
    CHECK(rig.host.healthy);
    CHECK(rig.last_position() == "offset 4\n");
}

TEST_CASE("instances keep one message at most, and give it back") {
    Rig rig;
    rig.host.keep_messages = 1;
    rig.folder.write("in", "one\ntwo\n");
    rig.start();
    CHECK(rig.read() == Bodies{"one", "two"});
    rig.source.reset();
    CHECK(rig.host.kept_messages() == 0);
}

// A sink writes what a source reads, while both are killed and the file is rotated: at least once.
#include <doctest/doctest.h>

#include <deque>
#include <optional>
#include <set>

#include "bridge/base/random.h"
#include "plugins/built_in.h"
#include "plugins/records/record.h"
#include "plugins/sdk/zbridge_fake_host.hpp"
#include "tests/unit/support/temp_folder.h"

using namespace zbridge::testing;

namespace {

struct World {
    World(uint64_t seed, bool in_records) : random(seed), records(in_records) {
        sink_host.set("path", folder / "file");
        sink_host.set("format", records ? "records" : "lines");
        sink_host.set("sync", "never");  // kills alone: the kernel keeps what it has
        sink_host.set("rotate_size", "2000B");
        sink_host.set("rotate_keep", "1000");
        source_host.set("path", folder / "file");
        source_host.set("format", records ? "records" : "lines");
        source_host.set("position_interval", "300ms");
        start_sink();
        start_source();
    }
    void start_sink() {
        sink.reset();
        sink.emplace(sink_host.create(zbridge_plugin_entry_file_sink()));
        sink->start();
    }
    void start_source() {
        source.reset();
        source_host.delivered.clear();
        source.emplace(source_host.create(zbridge_plugin_entry_file_source()));
        source->start();
    }

    void write() {
        std::vector<Content> batch;
        for (uint64_t i = random.below(5) + 1; i > 0; i--)
            batch.push_back({{std::to_string(number++) + std::string(random.below(60), '.')}});
        const auto answers = sink->batch(batch);
        for (size_t i = 0; i < batch.size(); i++) {
            REQUIRE(answers[i] == ZB_DONE);
            written.insert(batch[i].frames[0]);
        }
    }
    // What a killed writer has left behind it: a piece of a message that was never done.
    void kill_sink() {
        sink.reset();
        if (random.below(2) == 0) {
            std::string whole(20, 'x');
            if (records) {
                whole.clear();
                REQUIRE(zbridge::records::append_record({"xxxxxxxx"}, whole));
            }
            folder.append("file", whole.substr(0, random.below(whole.size() - 1) + 1));
            if (random.below(2) == 0) read();
        }
        start_sink();
    }
    void read() {
        REQUIRE(source->read() == ZB_OK);
        source_host.advance(random.below(150) * 1'000'000);
    }
    void settle() {
        auto& delivered = source_host.delivered;
        while (!delivered.empty() && random.below(8) != 0) {
            const auto at =
                delivered.begin() + static_cast<ptrdiff_t>(random.below(delivered.size()));
            REQUIRE(written.count(at->message.frames[0]) == 1);  // no garbage
            received.insert(at->message.frames[0]);
            source->accept(at->cookie);
            delivered.erase(at);
        }
    }
    void kill_source() {
        const std::string position = folder.read("file.position");
        source.reset();
        folder.write("file.position", position);
        start_source();
    }

    zbridge::SeededRandom random;
    bool records;
    TempFolder folder;
    FakeHost sink_host, source_host;
    std::optional<Instance> sink, source;
    std::set<std::string> written, received;
    uint64_t number = 0;
};

}  // namespace

TEST_CASE(
    "whatever is killed between a sink and a source, all that is written is received, and nothing "
    "else") {
    for (uint64_t seed = 1; seed <= 10; seed++) {
        CAPTURE(seed);
        World world(seed, seed % 2 == 0);
        for (int step = 0; step < 200; step++) {
            switch (world.random.below(20)) {
                case 0:
                    world.kill_sink();
                    break;
                case 1:
                    world.kill_source();
                    break;
                case 2:
                    world.start_source();
                    break;
                default:
                    world.write();
                    world.read();
                    world.settle();
                    break;
            }
        }
        for (int i = 0; i < 2000 && world.received.size() < world.written.size(); i++) {
            world.source_host.advance(200'000'000);
            world.read();
            world.settle();
        }
        CHECK(world.received == world.written);
    }
}

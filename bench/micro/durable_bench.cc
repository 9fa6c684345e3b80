// Topics on this machine's disk, as fast as they take messages: published, written, synced, visible.
// Processor time of all threads. Run it from a release build:
//
//   durable_bench [FOLDER]     a new folder inside it is used, and removed; this one if left out
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <string>

#include "bench/micro/idle_reactor.h"
#include "plugins/durable/journal/journal.h"
#include "plugins/durable/topics/short_body.h"
#include "plugins/durable/topics/topics.h"

using namespace zbridge;
using bench::IdleReactor;
using namespace zbridge::durable;

namespace {

constexpr uint64_t kBytes = 1ULL << 30;  // of messages, in each measurement
constexpr int kTurn = 256;               // messages between two turns' ends

struct Told final : TopicsListener {
    void on_committed(uint64_t) override { commits++; }
    void on_failed(const std::string& sentence) override { ZB_CHECK(false, sentence); }
    void on_room() override {}
    void on_visible(TopicId, const zb_run* runs, uint32_t count) override {
        for (uint32_t i = 0; i < count; i++)
            messages += runs[i].count;
    }
    void on_loaded(TopicId) override {}
    void on_note(uint64_t, RecordType, std::string_view) override {}
    void on_answer(uint64_t, bool, const std::string&) override {}
    void on_settled(uint64_t, bool, const std::string&) override {}
    void warn(const std::string&) override {}
    uint64_t messages = 0, commits = 0;
};

double seconds(clockid_t clock) {
    timespec now{};
    clock_gettime(clock, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

void measure(const std::string& folder, size_t body_bytes) {
    IdleReactor reactor;
    PosixDisk disk;
    OsRandom random;
    MemoryBudget memory(1 << 30);
    Told told;
    TopicsOptions options;
    options.topics.push_back({"bench", {}});
    options.topics.back().options.retention.bytes = 256 << 20;
    Topics topics(options, {&reactor.clock, &random, &memory, 1}, told);
    auto journal =
        Journal::open({.folder = folder, .shorten = shorten},
                      {disk, reactor.clock, random, reactor.timers,
                       [&](ExecutorOptions its) { return reactor.make(std::move(its)); }},
                      [&](const ReplayedBatch& batch) {
                          return topics.replay({batch.seq, batch.place, batch.body});
                      });
    ZB_CHECK(journal.ok());
    ZB_CHECK(topics.serve(**journal, true).ok());

    std::string wire = body_bytes < 256 ? std::string{'\0', static_cast<char>(body_bytes)}
                                        : std::string("\2\0\0\0\0\0\0\0\0", 9);
    if (body_bytes >= 256) {
        wire[7] = static_cast<char>(body_bytes >> 8);
        wire[8] = static_cast<char>(body_bytes);
    }
    wire.append(body_bytes, 'x');
    const uint64_t messages = kBytes / wire.size();
    const zb_publication publication{0, 1, {wire.data(), wire.size()}, nullptr};
    zb_receipt receipt{};
    const double begin = seconds(CLOCK_MONOTONIC), worked = seconds(CLOCK_PROCESS_CPUTIME_ID);
    uint64_t published = 0, waits = 0;
    while (told.messages < messages) {
        for (int i = 0; i < kTurn && published < messages && topics.has_room(); i++, published++)
            ZB_CHECK(topics.publish(&publication, 1, receipt) == ZB_TAKEN);
        if (published == messages || !topics.has_room()) {
            waits++;
            reactor.wait();
        }
        (void)(*journal)->run_done();
        reactor.timers.run_due(reactor.clock.now());
        topics.turn_end();
    }
    const double took = seconds(CLOCK_MONOTONIC) - begin;
    const double work = seconds(CLOCK_PROCESS_CPUTIME_ID) - worked;
    const auto& stats = (*journal)->stats();
    std::printf(
        "%5zu B: %6.0f k messages/s, %5.0f MB/s, %5.0f ns of processor time a message; %.0f a "
        "batch,"
        " a sync %.0f us, %llu waits for room, %llu for a segment\n",
        body_bytes, static_cast<double>(messages) / took / 1e3,
        static_cast<double>(kBytes) / took / 1e6, 1e9 * work / static_cast<double>(messages),
        static_cast<double>(messages) / static_cast<double>(told.commits),
        static_cast<double>(stats.syncs.sum.count()) / 1e3 / static_cast<double>(stats.syncs.count),
        static_cast<unsigned long long>(waits),
        static_cast<unsigned long long>(stats.waits_for_spare));
    ZB_CHECK((*journal)->close().ok());
}

}  // namespace

int main(int count, char** arguments) {
    const std::string within = count > 1 ? arguments[1] : ".";
    for (const size_t bytes : {size_t{100}, size_t{1024}, size_t{16384}}) {
        const std::string folder = within + "/durable_bench." + std::to_string(getpid());
        measure(folder, bytes);
        std::filesystem::remove_all(folder);
    }
    return 0;
}

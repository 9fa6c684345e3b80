// What the journal costs on this machine's disk, against the bare calls that it makes, in one run
// and in turns: a batch of one sector against pwrite and fdatasync of a sector of a zero-filled
// file (half of them and ninety-nine of a hundred take no longer than that), batches of 1 MiB
// likewise, and an opening that reads them all again. Run it from a release build:
//
//   journal_bench [FOLDER]     a new folder inside it is used, and removed; this one if left out
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "bench/micro/idle_reactor.h"
#include "plugins/durable/journal/journal.h"

using namespace zbridge;
using bench::IdleReactor;
using namespace zbridge::durable;

namespace {

constexpr int kSmall = 4000;     // batches of a sector, of each kind
constexpr int kSmallTurn = 100;  // of one kind before the other has its turn
constexpr int kLarge = 768;      // batches of 1 MiB
constexpr int kLargeTurn = 64;
constexpr size_t kSmallBody = 512 - BatchMemory::kHeadBytes;
constexpr size_t kLargeBody = (1 << 20) - BatchMemory::kHeadBytes;

double us(Duration time) {
    return std::chrono::duration<double, std::micro>(time).count();
}

double quantile(std::vector<double>& values, double part) {
    std::sort(values.begin(), values.end());
    return values[static_cast<size_t>(part * static_cast<double>(values.size() - 1))];
}

class Bench {
 public:
    explicit Bench(std::string folder) : folder_(std::move(folder)) {
        auto file = disk_.open(folder_ + "/bare", OpenMode::kTruncate);
        ZB_CHECK(file.ok());
        bare_ = *std::move(file);
        zero_bare();
    }

    // Gives the bare file zeros again, that are on the disk.
    void zero_bare() {
        const std::string zeros(1 << 20, '\0');
        for (uint64_t at = 0; at < JournalOptions::kSegmentBytes; at += zeros.size())
            ZB_CHECK(bare_->write_at(at, zeros).ok());
        ZB_CHECK(bare_->sync_data().ok());
        bare_at_ = 0;
    }
    Duration open() {
        JournalOptions options{.folder = folder_ + "/journal"};
        options.epoch = ++epoch_;
        replayed_ = 0;
        const Instant start = reactor_.clock.now();
        auto journal =
            Journal::open(options,
                          {disk_, reactor_.clock, random_, reactor_.timers,
                           [this](ExecutorOptions executor) { return reactor_.make(executor); }},
                          [this](const ReplayedBatch& batch) {
                              replayed_ += batch.body.size();
                              return Status();
                          });
        const Duration took = reactor_.clock.now() - start;
        ZB_CHECK(journal.ok(), journal.ok() ? "" : journal.error().message());
        journal_ = *std::move(journal);
        return took;
    }
    void end() { journal_.reset(); }
    Duration append(std::string& memory, size_t body) {
        BatchMemory batch;
        batch.data = memory.data();
        batch.body_bytes = body;
        bool done = false;
        const Instant start = reactor_.clock.now();
        (void)journal_->append(batch, [&](const Status& status) {
            ZB_CHECK(status.ok(), status.message());
            done = true;
        });
        while (!done) {
            reactor_.wait();
            reactor_.timers.run_due(reactor_.clock.now());
            journal_->run_done();
        }
        return reactor_.clock.now() - start;
    }
    Duration bare(std::string_view bytes) {
        if (bare_at_ + bytes.size() > JournalOptions::kSegmentBytes) zero_bare();
        const Instant start = reactor_.clock.now();
        ZB_CHECK(bare_->write_at(bare_at_, bytes).ok());
        ZB_CHECK(bare_->sync_data().ok());
        bare_at_ += bytes.size();
        return reactor_.clock.now() - start;
    }
    // What is read next comes from the disk.
    void forget_pages() const {
        for (const auto& entry : std::filesystem::directory_iterator(folder_ + "/journal")) {
            const int file = ::open(entry.path().c_str(), O_RDONLY | O_CLOEXEC);
            ZB_CHECK(file >= 0 && ::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED) == 0);
            (void)::close(file);
        }
    }
    const Journal& journal() const { return *journal_; }
    uint64_t replayed() const { return replayed_; }

 private:
    std::string folder_;
    PosixDisk disk_;
    OsRandom random_;
    IdleReactor reactor_;
    std::unique_ptr<File> bare_;
    uint64_t bare_at_ = 0;
    std::unique_ptr<Journal> journal_;
    uint64_t epoch_ = 0;
    uint64_t replayed_ = 0;
};

void small_batches(Bench& bench) {
    std::string memory(512, 'x');
    const std::string bytes(512, 'y');
    std::vector<double> journal_us, bare_us;
    for (int i = 0; i < kSmall; i += kSmallTurn) {
        for (int k = 0; k < kSmallTurn; k++)
            journal_us.push_back(us(bench.append(memory, kSmallBody)));
        for (int k = 0; k < kSmallTurn; k++)
            bare_us.push_back(us(bench.bare(bytes)));
    }
    std::printf("a sector: journal p50 %6.1f us, p99 %7.1f us; bare p50 %6.1f us, p99 %7.1f us\n",
                quantile(journal_us, 0.5), quantile(journal_us, 0.99), quantile(bare_us, 0.5),
                quantile(bare_us, 0.99));
}

void large_batches(Bench& bench) {
    std::string memory(1 << 20, 'x');
    for (size_t i = 0; i < memory.size(); i++)
        memory[i] = static_cast<char>(i * 31 >> 3);
    const std::string bytes = memory;
    Duration journal{}, bare{};
    for (int i = 0; i < kLarge; i += kLargeTurn) {
        for (int k = 0; k < kLargeTurn; k++)
            journal += bench.append(memory, kLargeBody);
        bench.zero_bare();
        for (int k = 0; k < kLargeTurn; k++)
            bare += bench.bare(bytes);
    }
    const double megabytes = kLarge * 1.048576;
    std::printf(
        "1 MiB:    journal %6.0f MB/s; bare %6.0f MB/s  (%llu rollovers, %llu waited for a file)\n",
        1e6 * megabytes / us(journal), 1e6 * megabytes / us(bare),
        static_cast<unsigned long long>(bench.journal().stats().rollovers),
        static_cast<unsigned long long>(bench.journal().stats().waits_for_spare));
}

void recovery(Bench& bench, const char* how) {
    const Duration took = bench.open();
    std::printf("recovery: %6.0f MB/s %s: %.0f MB in %.0f ms\n",
                static_cast<double>(bench.replayed()) / us(took), how,
                static_cast<double>(bench.replayed()) / 1e6, us(took) / 1e3);
    bench.end();
}

}  // namespace

int main(int argc, char** argv) {
    std::string folder = std::string(argc > 1 ? argv[1] : ".") + "/journal-bench-XXXXXX";
    if (::mkdtemp(folder.data()) == nullptr) {
        std::fprintf(stderr, "journal_bench: no folder can be made at %s\n", folder.c_str());
        return 1;
    }
    {
        Bench bench(folder);
        std::printf("opening:  %.1f ms, a new journal\n", us(bench.open()) / 1e3);
        small_batches(bench);
        large_batches(bench);
        bench.end();
        recovery(bench, "from memory");
        bench.forget_pages();
        recovery(bench, "from the disk");
    }
    std::filesystem::remove_all(folder);
    return 0;
}

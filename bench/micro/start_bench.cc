// How long a start takes on a store that is there: with the digests of its segments, and without.
// From memory, and from the disk. Run it from a release build:
//
//   start_bench [FOLDER [GIB]]     a new folder inside it is used, and removed; this one, and 4
#include <fcntl.h>
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

struct Shape {
    const char* name;
    size_t body_bytes;
    int turn;          // messages between two turns' ends
    bool key;          // each has one of its own
    uint64_t per_gib;  // bytes of messages, for each GiB that is asked for
};

constexpr Shape kShapes[] = {
    {"100 B, 256 a turn", 100, 256, false, 1 << 30},
    {"1 KiB, 256 a turn", 1024, 256, false, 1 << 30},
    {"1 KiB with a key, 256 a turn", 1024, 256, true, 1 << 30},
    {"100 B, one a batch", 100, 1, false, 25 << 20},  // 128 MiB of batches
};

struct Told final : TopicsListener {
    void on_committed(uint64_t) override {}
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
    uint64_t messages = 0;
};

double processor_ms() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return 1e3 * static_cast<double>(now.tv_sec) + 1e-6 * static_cast<double>(now.tv_nsec);
}

class Life {
 public:
    Life(const std::string& folder, uint64_t epoch, bool digests) {
        TopicsOptions its;
        its.topics.push_back({"bench", {}});
        its.topics.back().options.durability = Durability::kOs;
        topics_ = std::make_unique<Topics>(
            its, TopicsWorld{&reactor_.clock, &random_, &memory_, epoch}, told_);
        JournalOptions options{.folder = folder};
        options.epoch = epoch;
        if (digests) options.shorten = shorten;
        const Instant begin = reactor_.clock.now();
        auto journal =
            Journal::open(options,
                          {disk_, reactor_.clock, random_, reactor_.timers,
                           [&](ExecutorOptions each) { return reactor_.make(std::move(each)); }},
                          [&](const ReplayedBatch& batch) {
                              return topics_->replay({batch.seq, batch.place, batch.body});
                          });
        ZB_CHECK(journal.ok(), journal.ok() ? "" : journal.error().message());
        journal_ = *std::move(journal);
        ZB_CHECK(topics_->serve(*journal_, true).ok());
        took_ms_ = std::chrono::duration<double, std::milli>(reactor_.clock.now() - begin).count();
    }
    ~Life() {
        journal_.reset();
        topics_.reset();
    }
    Life(const Life&) = delete;
    Life& operator=(const Life&) = delete;

    void fill(const Shape& shape, uint64_t bytes) {
        std::string wire = shape.body_bytes < 256
                               ? std::string{'\0', static_cast<char>(shape.body_bytes)}
                               : std::string("\2\0\0\0\0\0\0\0\0", 9);
        if (shape.body_bytes >= 256) {
            wire[7] = static_cast<char>(shape.body_bytes >> 8);
            wire[8] = static_cast<char>(shape.body_bytes);
        }
        wire.append(shape.body_bytes, 'x');
        const uint64_t messages = bytes / wire.size();
        zb_receipt receipt{};
        uint64_t published = 0;
        while (told_.messages < messages) {
            for (int i = 0; i < shape.turn && published < messages && topics_->has_room(); i++) {
                const std::string key = "customer-" + std::to_string(published);
                const zb_view view{key.data(), key.size()};
                zb_attributes attributes{};
                attributes.size = sizeof(attributes);
                attributes.keys = &view;
                attributes.key_count = 1;
                const zb_publication publication{
                    0, 1, {wire.data(), wire.size()}, shape.key ? &attributes : nullptr};
                ZB_CHECK(topics_->publish(&publication, 1, receipt) == ZB_TAKEN);
                published++;
            }
            topics_->turn_end();
            if (shape.turn == 1 || published == messages || !topics_->has_room()) reactor_.wait();
            (void)journal_->run_done();
            reactor_.timers.run_due(reactor_.clock.now());
        }
        ZB_CHECK(journal_->close().ok());
    }
    // Until all digests are there; processor time.
    double make_digests_ms() {
        const double before = processor_ms();
        while (journal_->digests().made() < journal_->found().digests.wanted.size()) {
            reactor_.timers.run_due(reactor_.clock.now());
            (void)journal_->run_done();
            ::usleep(1000);
        }
        ZB_CHECK(journal_->close().ok());
        return processor_ms() - before;
    }
    double took_ms() const { return took_ms_; }
    const Journal& journal() const { return *journal_; }
    uint64_t messages() const { return topics_->table().find("bench")->messages; }

 private:
    IdleReactor reactor_;
    PosixDisk disk_;
    OsRandom random_;
    MemoryBudget memory_{1 << 30};
    Told told_;
    std::unique_ptr<Topics> topics_;
    std::unique_ptr<Journal> journal_;
    double took_ms_ = 0;
};

void forget_pages(const std::string& folder) {
    ::sync();
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        const int file = ::open(entry.path().c_str(), O_RDONLY | O_CLOEXEC);
        ZB_CHECK(file >= 0 && ::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED) == 0);
        (void)::close(file);
    }
}

uint64_t bytes_of(const std::string& folder, const char* extension) {
    uint64_t bytes = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() == extension) bytes += entry.file_size();
    }
    return bytes;
}

void measure(const std::string& folder, const Shape& shape, uint64_t gib) {
    uint64_t epoch = 1;
    Life(folder, epoch++, false).fill(shape, gib * shape.per_gib);
    const double made_ms = Life(folder, epoch++, true).make_digests_ms();
    const double segments = static_cast<double>(bytes_of(folder, ".seg")) / 1048576;
    const double digests = static_cast<double>(bytes_of(folder, ".idx")) / 1048576;
    std::printf("%-28s %6.0f MiB, digests %6.2f MiB, made in %.0f ms of processor time\n",
                shape.name, segments, digests, made_ms);
    for (const bool from_disk : {false, true}) {
        double took[2];
        for (const bool with : {false, true}) {
            if (from_disk) forget_pages(folder);
            const Life life(folder, epoch++, with);
            took[with ? 1 : 0] = life.took_ms();
            ZB_CHECK(!with || life.journal().found().digests.used > 0);
        }
        std::printf("    a start from %s: %7.1f ms without, %6.1f ms with: %.1fx\n",
                    from_disk ? "the disk" : "memory  ", took[0], took[1], took[0] / took[1]);
        std::fflush(stdout);
    }
}

}  // namespace

int main(int count, char** arguments) {
    const std::string within = count > 1 ? arguments[1] : ".";
    const uint64_t gib = count > 2 ? std::strtoull(arguments[2], nullptr, 10) : 4;
    for (const Shape& shape : kShapes) {
        const std::string folder = within + "/start_bench." + std::to_string(getpid());
        measure(folder, shape, gib);
        std::filesystem::remove_all(folder);
    }
    return 0;
}

// Messages that are due in an order by chance, within a while, from a journal on this machine's disk:
// whether they come in the order of their times, and how late. Run it from a release build:
//
//   delays_bench [FOLDER [MESSAGES [SECONDS]]]     a million, within a minute
#include <unistd.h>

#include <filesystem>

#include "bench/micro/groups_world.h"
#include "bench/micro/idle_reactor.h"
#include "plugins/durable/journal/journal.h"
#include "plugins/durable/topics/short_body.h"

using namespace zbridge;
using namespace zbridge::durable;
using bench::IdleReactor;
using std::chrono::milliseconds, std::chrono::seconds;

namespace {

constexpr int kTurn = 256;

// A message's body begins with when it is due.
class Lateness final : public TopicsListener, public GroupsListener {
 public:
    explicit Lateness(const Clock& clock) : clock_(clock) {}
    void on_visible(TopicId topic, const zb_run* runs, uint32_t count) override {
        groups->on_visible(topic);
        if (topic.number() != 0) return;
        const int64_t now_ms = clock_.wall_us() / 1000;
        for (uint32_t i = 0; i < count; i++) {
            const char* at = runs[i].wire;
            for (uint32_t n = 0; n < runs[i].count; n++, at += 102) {
                int64_t due_ms = 0;
                std::memcpy(&due_ms, at + 2, sizeof(due_ms));
                out_of_order += due_ms < last_ms_ ? 1 : 0;
                early += now_ms < due_ms ? 1 : 0;
                last_ms_ = due_ms;
                late_ms.push_back(now_ms - due_ms);
            }
        }
    }
    void on_committed(uint64_t) override {}
    void on_failed(const std::string& sentence) override { ZB_CHECK(false, sentence); }
    void on_room() override {}
    void on_loaded(TopicId topic) override { groups->on_loaded(topic); }
    void on_note(uint64_t, RecordType, std::string_view) override {}
    void on_answer(uint64_t, bool, const std::string&) override {}
    void on_settled(uint64_t, bool, const std::string&) override {}
    void on_ready(GroupId) override {}
    void on_not_settled(uint64_t, const std::string&) override {}
    void warn(const std::string&) override {}

    Groups* groups = nullptr;
    std::vector<int64_t> late_ms;
    uint64_t out_of_order = 0, early = 0;

 private:
    const Clock& clock_;
    int64_t last_ms_ = 0;
};

void measure(const std::string& folder, uint64_t messages, uint64_t within_s) {
    IdleReactor reactor;
    PosixDisk disk;
    OsRandom random;
    SeededRandom chance(1);
    MemoryBudget memory(1 << 30);
    Lateness told(reactor.clock);
    TopicsOptions options;
    options.topics.push_back({"t", {}});
    Topics topics(options, {&reactor.clock, &random, &memory, 1}, told);
    Groups groups({}, topics, reactor.clock, told);
    told.groups = &groups;
    topics.attach(groups, groups);
    auto journal =
        Journal::open({.folder = folder, .shorten = shorten},
                      {disk, reactor.clock, random, reactor.timers,
                       [&](ExecutorOptions its) { return reactor.make(std::move(its)); }},
                      [&](const ReplayedBatch& batch) {
                          return topics.replay({batch.seq, batch.place, batch.body});
                      });
    ZB_CHECK(journal.ok() && topics.serve(**journal, true).ok());
    const auto turn = [&] {
        (void)(*journal)->run_done();
        reactor.timers.run_due(reactor.clock.now());
        groups.turn_end();
        topics.turn_end();
        if (groups.next_due()) groups.run_due();
    };

    std::string wire = bench::wire_of(100);
    zb_attributes attributes{};
    attributes.size = sizeof(attributes);
    const double filling = bench::processor_seconds();
    // All are there before the first one is due.
    const int64_t begin_ms =
        reactor.clock.wall_us() / 1000 + 5'000 + static_cast<int64_t>(messages / 100);
    for (uint64_t i = 0; i < messages; i++) {
        attributes.deliver_at_ms = begin_ms + static_cast<int64_t>(chance.below(within_s * 1000));
        std::memcpy(wire.data() + 2, &attributes.deliver_at_ms, sizeof(int64_t));
        while (!topics.has_room())
            turn();
        const zb_publication publication{0, 1, {wire.data(), wire.size()}, &attributes};
        zb_receipt receipt{};
        ZB_CHECK(topics.publish(&publication, 1, receipt) == ZB_TAKEN);
        if (i % kTurn == kTurn - 1) turn();
    }
    turn();
    const int64_t spare_ms = begin_ms - reactor.clock.wall_us() / 1000;
    const double begin = bench::processor_seconds(), memory_mib = bench::resident_mib();
    double most_mib = memory_mib;
    while (told.late_ms.size() < messages) {
        turn();
        ::usleep(500);
        if (told.late_ms.size() % 1000 == 0) most_mib = std::max(most_mib, bench::resident_mib());
    }
    const double took = bench::processor_seconds() - begin;
    std::sort(told.late_ms.begin(), told.late_ms.end());
    const auto at = [&](double part) {
        return static_cast<long long>(
            told.late_ms[static_cast<size_t>(part * static_cast<double>(messages - 1))]);
    };
    std::printf(
        "%llu messages due within %llu s (all there %lld ms before): late p50 %lld ms, p99 %lld "
        "ms, "
        "at most %lld ms; %llu out of order, %llu early; %.2f us of processor time each to "
        "deliver, "
        "%.2f to publish; %llu passes; %.0f MiB, at most %.0f\n",
        static_cast<unsigned long long>(messages), static_cast<unsigned long long>(within_s),
        static_cast<long long>(spare_ms), at(0.5), at(0.99), at(1),
        static_cast<unsigned long long>(told.out_of_order),
        static_cast<unsigned long long>(told.early), 1e6 * took / static_cast<double>(messages),
        1e6 * (begin - filling) / static_cast<double>(messages),
        static_cast<unsigned long long>(groups.delayed()->group().soon().passes()), memory_mib,
        most_mib);
    ZB_CHECK((*journal)->close().ok());
}

}  // namespace

int main(int count, char** arguments) {
    const std::string within = count > 1 ? arguments[1] : ".";
    const uint64_t messages = count > 2 ? std::strtoull(arguments[2], nullptr, 10) : 1'000'000;
    const uint64_t within_s = count > 3 ? std::strtoull(arguments[3], nullptr, 10) : 60;
    const std::string folder = within + "/delays_bench." + std::to_string(getpid());
    measure(folder, messages, within_s);
    std::filesystem::remove_all(folder);
    return 0;
}

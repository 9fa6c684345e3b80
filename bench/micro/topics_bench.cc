// What a published message costs the reactor, beyond the copy of its bytes: from publish() to
// on_visible(), on a log that is done at once. Run it from a release build; an argument: only lines
// that have it in their name.
#include <malloc.h>

#include <cstdio>
#include <cstring>
#include <ctime>
#include <functional>
#include <string>
#include <vector>

#include "bridge/base/clock.h"
#include "plugins/durable/topics/topics.h"

using namespace zbridge;
using namespace zbridge::durable;

namespace {

constexpr int kMessages = 4'000'000;
constexpr int kTurn = 200;  // messages between two turns' ends

// Appends are done when asked for.
class InstantStore final : public Store {
 public:
    size_t body_bytes_max() const override { return 16 << 20; }
    Seq next_seq() const override { return Seq{1}; }
    bool busy() const override { return done_ != nullptr; }
    Place append(BatchMemory batch, Done done) override {
        done_ = std::move(done);
        bytes_ += batch.body_bytes;
        position_ += 1;
        return {1, position_, static_cast<uint32_t>(batch.body_bytes)};
    }
    bool read(Place, char*, Done) override { return false; }
    std::vector<SegmentInfo> segments() const override { return {}; }
    void drop(uint64_t) override {}
    bool takes(size_t) const override { return true; }
    void at_room(std::function<void()>) override {}
    bool full() const override { return false; }
    const Status& failure() const override { return failure_; }
    Status close() override { return {}; }

    void finish() {
        if (done_) std::exchange(done_, nullptr)({});
    }
    uint64_t bytes() const { return bytes_; }

 private:
    Done done_;
    uint32_t position_ = 0;
    uint64_t bytes_ = 0;
    Status failure_;
};

struct Counts final : TopicsListener {
    void on_committed(uint64_t) override {}
    void on_failed(const std::string&) override {}
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

double ns_since(std::clock_t start) {
    return 1e9 * static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC / kMessages;
}

TopicsOptions options_of(int topics) {
    TopicsOptions options;
    for (int i = 0; i < topics; i++) {
        options.topics.push_back({"topic-" + std::to_string(i), {}});
        options.topics.back().options.retention.bytes = 1 << 30;
    }
    return options;
}

// What a topic that nobody uses costs: with its name, its options, its place among the others.
void measure_idle(int topics) {
    const RealClock clock;
    SeededRandom random(1);
    MemoryBudget memory(1 << 30);
    InstantStore store;
    Counts told;
    const size_t before = mallinfo2().uordblks;
    Topics all(options_of(topics), {&clock, &random, &memory, 1}, told);
    ZB_CHECK(all.serve(store, true).ok());
    all.turn_end();
    store.finish();
    const size_t bytes = mallinfo2().uordblks - before;
    std::printf("%d topics that nobody uses: %zu bytes each\n", topics,
                bytes / static_cast<size_t>(topics));
}

// Which topic a message goes to.
std::vector<uint32_t> in_turn(int topics, int messages_each = 1) {
    std::vector<uint32_t> order;
    for (int i = 0; i < topics; i++)
        order.insert(order.end(), static_cast<size_t>(messages_each), static_cast<uint32_t>(i));
    return order;
}
std::vector<uint32_t> by_chance(int topics) {
    SeededRandom random(7);
    std::vector<uint32_t> order(1 << 16);
    for (uint32_t& each : order)
        each = static_cast<uint32_t>(random.below(static_cast<uint64_t>(topics)));
    return order;
}

const char* wanted = "";

void measure(const char* name, size_t body_bytes, int topics, const std::vector<uint32_t>& order,
             const std::function<const zb_attributes*(int)>& attributes_of) {
    if (std::strstr(name, wanted) == nullptr) return;
    const RealClock clock;
    SeededRandom random(1);
    MemoryBudget memory(1 << 30);
    InstantStore store;
    Counts told;
    Topics all(options_of(topics), {&clock, &random, &memory, 1}, told);
    ZB_CHECK(all.serve(store, true).ok());
    std::string wire(body_bytes + 2, 'x');
    wire[0] = 0;
    wire[1] = static_cast<char>(body_bytes);

    // The copy alone, into memory as cold as that of a batch.
    std::vector<char> memory_of_batches(20 << 20);
    size_t at = 0;
    std::clock_t start = std::clock();
    for (int i = 0; i < kMessages; i++) {
        if (at + wire.size() > memory_of_batches.size()) at = 0;
        std::memcpy(memory_of_batches.data() + at, wire.data(), wire.size());
        at += wire.size();
    }
    const double copy = ns_since(start);

    zb_receipt receipt{};
    start = std::clock();
    for (int i = 0; i < kMessages; i++) {
        const zb_publication publication{order[static_cast<size_t>(i) % order.size()],
                                         1,
                                         {wire.data(), wire.size()},
                                         attributes_of(i)};
        ZB_CHECK(all.has_room());
        ZB_CHECK(all.publish(&publication, 1, receipt) == ZB_TAKEN);
        if (i % kTurn == kTurn - 1) {
            store.finish();
            all.turn_end();
        }
    }
    const double whole = ns_since(start);
    store.finish();
    std::printf("%-44s %6.1f ns a message (%.1f of them the copy), %5.1f B beside it\n", name,
                whole, copy,
                static_cast<double>(store.bytes()) / static_cast<double>(told.messages) -
                    static_cast<double>(wire.size()));
}

}  // namespace

int main(int argc, char** argv) {
    if (argc > 1) wanted = argv[1];
    const auto none = [](int) { return nullptr; };
    measure("100 B, one topic", 100, 1, {0}, none);
    measure("100 B, one topic beside 1,000 idle ones", 100, 1001, {0}, none);
    measure("100 B, 4 topics in turn", 100, 4, in_turn(4), none);
    measure("100 B, 1,000 topics in turn", 100, 1000, in_turn(1000), none);
    measure("100 B, 1,000 topics by chance", 100, 1000, by_chance(1000), none);
    measure("100 B, 1,000 topics, 10 of each in turn", 100, 1000, in_turn(1000, 10), none);
    measure("240 B, one topic", 240, 1, {0}, none);
    std::string id = "o-2026-00000000";
    zb_attributes attributes{};
    attributes.size = sizeof(attributes);
    measure("100 B, one topic, an id each", 100, 1, {0}, [&](int i) {
        std::snprintf(id.data() + 7, 9, "%08d", i);
        attributes.id = {id.data(), id.size()};
        return &attributes;
    });
    if (*wanted != 0) return 0;
    measure_idle(1'000);
    measure_idle(10'000);
    return 0;
}

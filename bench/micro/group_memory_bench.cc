// What groups keep in memory: ten million acks out of order, a million retries that wait, ten thousand
// groups that do nothing. Resident memory above that of the same without; each beside its budget, and
// the program fails above it. Run it from a release build.
#include <malloc.h>

#include "bench/micro/groups_world.h"

using namespace zbridge;
using namespace zbridge::durable;
using namespace zbridge::bench;

namespace {

constexpr int kTurn = 1000;
bool kept = true;

DeclaredGroup group_of(const std::string& name) {
    DeclaredGroup group{name, "t", {}};
    group.options.start = ZB_START_EARLIEST;
    group.options.in_flight_max = 100'000;
    group.options.dead_letter = name + "-dead";
    return group;
}

void judge(const char* name, double mib, double budget_mib) {
    std::printf("%-60s %7.1f MiB, at most %.0f\n", name, mib, budget_mib);
    std::fflush(stdout);
    kept = kept && mib <= budget_mib;
}

// Of so many the oldest one stays open, and the others are acked in an order by chance.
void measure_acks(uint64_t messages, bool every_second_first) {
    GroupsWorld world({group_of("g")}, 64 << 20);
    const GroupId id = world.id("g");
    const std::string wire = wire_of(100);
    SeededRandom chance(1);
    std::vector<zb_token> open;
    double idle = 0, most = 0;
    uint64_t acked = 0;
    for (uint64_t published = 0; published < messages; published += kTurn) {
        for (int i = 0; i < kTurn; i++)
            world.publish(wire);
        world.turn();
        for (const zb_delivery& each : world.receive(id, kTurn, 3'600'000)) {
            for (uint32_t i = 0; i < each.run.count; i++) {
                open.push_back(each.token);
                open.back().low += i;
            }
        }
        // What the engine keeps anyway is there by then: batches, chunks.
        if (published == 200 * kTurn) idle = resident_mib();
        const size_t stay = every_second_first ? 90'000 : 1;
        while (open.size() > stay) {
            const size_t at = 1 + chance.below(open.size() - 1);
            world.settle(id, ZB_SETTLE_ACK, open[at], 1);
            open[at] = open.back();
            open.pop_back();
            acked++;
        }
        world.clock.advance(std::chrono::milliseconds(10));
        world.groups().turn_end();
        most = std::max(most, resident_mib());
    }
    ZB_CHECK(acked + 90'001 >= messages, acked);
    judge(every_second_first ? "10 million acks out of order, 90,000 always open"
                             : "10 million acks out of order, the oldest one never",
          most - idle, 64);
}

void measure_retries(uint64_t messages) {
    GroupsWorld world({group_of("g")}, 64 << 20);
    const GroupId id = world.id("g");
    const std::string wire = wire_of(100);
    double idle = 0;
    for (uint64_t published = 0; published < messages + 200 * kTurn; published += kTurn) {
        const bool before = published < 200 * kTurn;
        for (int i = 0; i < kTurn; i++)
            world.publish(wire);
        world.turn();
        for (const zb_delivery& each : world.receive(id, kTurn)) {
            world.settle(id, before ? ZB_SETTLE_ACK : ZB_SETTLE_RETRY, each.token, each.run.count,
                         before ? -1 : 3'600'000);
        }
        if (before) idle = resident_mib();
        world.clock.advance(std::chrono::milliseconds(10));
    }
    world.turn();
    const size_t waiting = world.groups().find(id)->exceptions().size();
    ZB_CHECK(waiting + kTurn >= messages, waiting);
    judge("a million retries that wait", resident_mib() - idle, 64);
}

void measure_idle(size_t groups) {
    const auto heap_mib = [] {
        const auto its = mallinfo2();
        return static_cast<double>(its.uordblks + its.hblkhd) / (1 << 20);
    };
    double heap[2];
    size_t at = 0;
    for (const size_t each : {size_t{1}, groups}) {
        std::vector<DeclaredGroup> declared;
        for (size_t i = 0; i < each; i++) {
            declared.push_back(group_of("group-" + std::to_string(i)));
            for (int minutes = 1; minutes <= 16; minutes++)
                declared.back().options.backoff.emplace_back(std::chrono::minutes(minutes));
        }
        const double before = heap_mib();
        const GroupsWorld world(std::move(declared));
        heap[at++] = heap_mib() - before;
    }
    judge("10,000 groups that do nothing (the heap)", heap[1] - heap[0], 20);
}

}  // namespace

int main() {
    measure_idle(10'000);
    measure_retries(1'000'000);
    measure_acks(10'000'000, false);
    measure_acks(10'000'000, true);
    return kept ? 0 : 1;
}

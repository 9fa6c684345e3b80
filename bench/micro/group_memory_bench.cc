// What groups keep in memory: ten million acks out of order, a million messages that wait (for a retry,
// for their key, for their time), ten thousand groups that do nothing. Resident memory above that of
// the same without; each beside its budget, and the program fails above it. Run it from a release
// build.
#include <malloc.h>

#include "bench/micro/groups_world.h"

using namespace zbridge;
using namespace zbridge::durable;
using namespace zbridge::bench;

namespace {

constexpr int kTurn = 1000;
// What the engine keeps anyway, and the log below it, is there after so many: chunks, batches.
constexpr uint64_t kFirst = 200 * kTurn;
constexpr uint64_t kWaiting = 1'000'000;
constexpr size_t kLogBytes = 8 << 20;
constexpr double kBudgetMib = 64e6 / (1 << 20);
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
    malloc_trim(0);
    GroupsWorld world({group_of("g")}, kLogBytes);
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
        if (published == kFirst) idle = resident_mib();
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
          most - idle, kBudgetMib);
}

// Above what it was without them.
void judge_waiting(const char* name, GroupsWorld& world, const Exceptions& its, double idle) {
    world.turn();
    ZB_CHECK(its.size() >= kWaiting, its.size());
    judge(name, resident_mib() - idle, kBudgetMib);
}

// `mixed`: in no order, and due in none.
void measure_retries(bool mixed) {
    malloc_trim(0);
    DeclaredGroup group = group_of("g");
    group.options.exceptions_max = 2 * kWaiting;
    GroupsWorld world({group}, kLogBytes);
    const GroupId id = world.id("g");
    const std::string wire = wire_of(100);
    SeededRandom chance(1);
    std::vector<zb_token> out;
    double idle = 0;
    for (uint64_t published = 0; published < kFirst + kWaiting + 2 * kTurn; published += kTurn) {
        const bool before = published < kFirst;
        for (int i = 0; i < kTurn; i++)
            world.publish(wire);
        world.turn();
        out.clear();
        for (const zb_delivery& each : world.receive(id, kTurn)) {
            for (uint32_t i = 0; i < each.run.count; i++) {
                out.push_back(each.token);
                out.back().low += i;
            }
        }
        for (size_t left = out.size(); left > 0; left--) {
            if (mixed) std::swap(out[chance.below(left)], out[left - 1]);
            const int64_t delay_ms =
                mixed ? static_cast<int64_t>(3'600'000 + chance.below(7'200'000)) : 3'600'000;
            world.settle(id, before ? ZB_SETTLE_ACK : ZB_SETTLE_RETRY, out[left - 1], 1,
                         before ? -1 : delay_ms);
        }
        if (before) idle = resident_mib();
        world.clock.advance(std::chrono::milliseconds(10));
    }
    judge_waiting(
        mixed ? "a million retries that wait, in no order" : "a million retries that wait", world,
        world.groups().find(id)->exceptions(), idle);
}

// The first message of each key stays in its consumer's hands.
void measure_parked(uint64_t keys) {
    malloc_trim(0);
    DeclaredGroup group = group_of("g");
    group.options.ordered = true;
    group.options.exceptions_max = group.options.parked_max = 2 * kWaiting;
    group.options.in_flight_max = 2 * kWaiting;
    GroupsWorld world({group}, kLogBytes);
    const GroupId id = world.id("g");
    const std::string wire = wire_of(100);
    zb_attributes attributes{};
    attributes.size = sizeof(attributes);
    double idle = 0;
    for (uint64_t published = 0; published < kFirst + kWaiting + keys; published += kTurn) {
        const bool before = published < kFirst;
        for (uint64_t i = 0; i < kTurn; i++) {
            const std::string key =
                before ? std::string() : "key-" + std::to_string((published + i) % keys);
            attributes.order_key = {key.data(), key.size()};
            world.publish(wire, &attributes);
        }
        world.turn();
        for (bool more = true; more;) {
            const std::span<const zb_delivery> given = world.receive(id, kTurn, 3'600'000);
            more = !given.empty();
            for (size_t i = 0; before && i < given.size(); i++)
                world.settle(id, ZB_SETTLE_ACK, given[i].token, given[i].run.count);
        }
        if (before) idle = resident_mib();
        world.clock.advance(std::chrono::milliseconds(10));
    }
    const std::string name = "a million that wait for " + std::to_string(keys) + " keys";
    judge_waiting(name.c_str(), world, world.groups().find(id)->exceptions(), idle);
}

void measure_delayed() {
    malloc_trim(0);
    GroupsWorld world({group_of("g")}, kLogBytes);
    const std::string wire = wire_of(100);
    SeededRandom chance(1);
    zb_attributes attributes{};
    attributes.size = sizeof(attributes);
    double idle = 0;
    for (uint64_t published = 0; published < kFirst + kWaiting; published += kTurn) {
        const bool before = published < kFirst;
        for (int i = 0; i < kTurn; i++) {
            const auto in_ms = static_cast<int64_t>(3'600'000 + chance.below(7'200'000));
            attributes.deliver_at_ms = before ? 0 : world.clock.wall_us() / 1000 + in_ms;
            world.publish(wire, &attributes);
        }
        world.turn();
        if (before) idle = resident_mib();
    }
    judge_waiting("a million that wait for their time", world,
                  world.groups().delayed()->group().exceptions(), idle);
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
    for (const bool mixed : {false, true})
        measure_retries(mixed);
    for (const uint64_t keys : {1'000, 10'000})
        measure_parked(keys);
    measure_delayed();
    measure_acks(10'000'000, false);
    measure_acks(10'000'000, true);
    return kept ? 0 : 1;
}

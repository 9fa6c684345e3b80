// What a group costs beside the topic that it reads, in processor time a message; how fast a filter
// that lets one in a hundred through is; and one message that is retried while others flow.
// Run it from a release build:
//
//   groups_bench                            what a message costs
//   groups_bench retry [SECONDS [A_SECOND]] of virtual time (two hours), and messages in each (10,000)
#include "bench/micro/groups_world.h"

using namespace zbridge;
using namespace zbridge::durable;
using namespace zbridge::bench;

namespace {

constexpr uint64_t kMessages = 4'000'000;
constexpr int kTurn = 256;  // messages between two turns' ends

DeclaredGroup group_of(const std::string& name) {
    DeclaredGroup group{name, "t", {}};
    group.options.start = ZB_START_EARLIEST;
    group.options.dead_letter = name + "-dead";
    return group;
}

void show(const char* name, double seconds, uint64_t messages) {
    std::printf("%-56s %7.1f ns a message, %6.2f M messages/s\n", name,
                1e9 * seconds / static_cast<double>(messages),
                1e-6 * static_cast<double>(messages) / seconds);
}

// Published, made visible; given to `groups` groups and acked in them, as they are given.
double measure_flow(size_t groups) {
    std::vector<DeclaredGroup> declared;
    for (size_t i = 0; i < groups; i++)
        declared.push_back(group_of("g" + std::to_string(i)));
    GroupsWorld world(declared);
    const std::string wire = wire_of(100);
    uint64_t acked = 0;
    const double begin = processor_seconds();
    for (uint64_t published = 0; published < kMessages; published += kTurn) {
        for (int i = 0; i < kTurn; i++)
            world.publish(wire);
        world.turn();
        for (size_t i = 0; i < groups; i++) {
            const GroupId id = world.id("g" + std::to_string(i));
            for (const zb_delivery& each : world.receive(id, 1000)) {
                world.settle(id, ZB_SETTLE_ACK, each.token, each.run.count);
                acked += each.run.count;
            }
        }
    }
    const double took = processor_seconds() - begin;
    ZB_CHECK(acked >= groups * (kMessages - 2 * kTurn), acked);
    return took;
}

// Likewise, one delivery and one ack a message: as REP workers have it.
double measure_single() {
    GroupsWorld world({group_of("g")});
    const std::string wire = wire_of(100);
    const GroupId id = world.id("g");
    const double begin = processor_seconds();
    for (uint64_t published = 0; published < kMessages; published += kTurn) {
        for (int i = 0; i < kTurn; i++)
            world.publish(wire);
        world.turn();
        for (int i = 0; i < kTurn; i++) {
            for (const zb_delivery& each : world.receive(id, 1))
                world.settle(id, ZB_SETTLE_ACK, each.token, 1);
        }
    }
    return processor_seconds() - begin;
}

// A backlog of messages with tags, of which the group wants one in a hundred; only the reading counts.
void measure_filter(const char* name, const char* text) {
    DeclaredGroup group = group_of("g");
    auto filter = GroupFilter::compile(text);
    ZB_CHECK(filter.ok());
    group.options.filter = std::make_shared<const GroupFilter>(std::move(*filter));
    GroupsWorld world({group}, 256 << 20);
    const std::string wire = wire_of(100);
    const GroupId id = world.id("g");
    const char number[] = "region";
    zb_property property{{number, sizeof(number) - 1}, {}};
    property.value.kind = ZB_INTEGER;
    zb_attributes attributes{};
    attributes.size = sizeof(attributes);
    attributes.properties = &property;
    attributes.property_count = 1;
    double took = 0;
    uint64_t passed = 0;
    for (uint64_t published = 0; published < kMessages; published += kTurn) {
        for (int i = 0; i < kTurn; i++) {
            const bool wanted = (published + static_cast<uint64_t>(i)) % 100 == 0;
            const std::string_view tag = wanted ? "express" : "normal";
            attributes.tag = {tag.data(), tag.size()};
            property.value.integer = wanted ? 7 : 8;
            world.publish(wire, &attributes);
        }
        world.turn();
        const double begin = processor_seconds();
        for (const zb_delivery& each : world.receive(id, 1000)) {
            world.settle(id, ZB_SETTLE_ACK, each.token, each.run.count);
            passed += each.run.count;
        }
        took += processor_seconds() - begin;
    }
    ZB_CHECK(passed >= kMessages / 100 - kTurn && passed <= kMessages / 100, passed);
    show(name, took, kMessages);
}

// It is never acked before the end; the floor has to go on, with next to nothing in memory.
void measure_retry(uint64_t seconds, uint64_t a_second) {
    DeclaredGroup group = group_of("g");
    group.options.retries = 254;
    group.options.backoff = {std::chrono::seconds(30), std::chrono::minutes(1)};
    GroupsWorld world({group}, 1 << 20);
    const std::string wire = wire_of(100);
    const GroupId id = world.id("g");
    const Group& its = *world.groups().find(id);
    uint64_t acked = 0, retried = 0, behind_max = 0, pages_max = 0, ranges = 0;
    const double begin = processor_seconds(), memory = resident_mib();
    for (uint64_t second = 0; second < seconds; second++) {
        for (uint64_t i = 0; i < a_second; i++) {
            world.publish(wire);
            if (i % kTurn != kTurn - 1 && i != a_second - 1) continue;
            world.turn();
            for (const zb_delivery& each : world.receive(id, 1000)) {
                const bool first = each.run.first_offset == 0;
                // It alone is message 0: what was given with it is acked.
                if (first) world.settle(id, ZB_SETTLE_RETRY, each.token, 1), retried++;
                zb_token token = each.token;
                token.low += first ? 1 : 0;
                const uint32_t rest = each.run.count - (first ? 1 : 0);
                if (rest > 0) world.settle(id, ZB_SETTLE_ACK, token, rest);
                acked += rest;
            }
            behind_max = std::max(behind_max, world.told().messages - its.floor().number);
            pages_max = std::max<uint64_t>(pages_max, its.settled().pages());
            ranges = std::max<uint64_t>(ranges, its.exceptions().size());
        }
        world.clock.advance(std::chrono::seconds(1));
        world.groups().run_due();
    }
    std::printf(
        "%llu s of virtual time, %llu messages a second: %llu acked, one retried %llu times; the "
        "floor at most %llu behind the newest, %llu exceptions, %llu pages; %.1f MiB more memory, "
        "%.0f s of processor time\n",
        static_cast<unsigned long long>(seconds), static_cast<unsigned long long>(a_second),
        static_cast<unsigned long long>(acked), static_cast<unsigned long long>(retried),
        static_cast<unsigned long long>(behind_max), static_cast<unsigned long long>(ranges),
        static_cast<unsigned long long>(pages_max), resident_mib() - memory,
        processor_seconds() - begin);
    ZB_CHECK(retried >= seconds / 61 && its.counters().missing == 0, retried);
    ZB_CHECK(its.counters().lost_to_retention == 0 && behind_max <= 2 * kTurn + 1, behind_max);
}

}  // namespace

int main(int count, char** arguments) {
    if (count > 1 && std::strcmp(arguments[1], "retry") == 0) {
        const auto number = [&](int at, uint64_t otherwise) {
            return count > at ? std::strtoull(arguments[at], nullptr, 10) : otherwise;
        };
        measure_retry(number(2, 7200), number(3, 10'000));
        return 0;
    }
    measure_filter("a filter by tag, 1 in 100 passes", "express || night");
    measure_filter("a filter by SQL92, 1 in 100 passes", "region = 7");
    const double bare = measure_flow(0), one = measure_flow(1), two = measure_flow(2);
    show("100 B through a topic", bare, kMessages);
    show("given to one group and acked: added", one - bare, kMessages);
    show("given to two groups and acked: added for each", (two - bare) / 2, kMessages);
    show("given and acked one by one: added", measure_single() - bare, kMessages);
    return 0;
}

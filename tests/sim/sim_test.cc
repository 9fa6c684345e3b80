// Runs whole bridges in simulated worlds, each from a seed, and compares what they do with the
// reference model.
//
// usage: sim_test [--topics] [--seeds N] [--first S] [--script] [--trace] [--twice]
//   --topics     bridges with a topic on a simulated disk, that lose power
//   --seeds N    so many seeds (100), beginning with --first S (1)
//   --script     prints what happens to the applications
//   --trace      prints everything that happens on the simulated network too
//   --twice      runs each seed twice and compares the two runs
#include <unistd.h>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "tests/sim/sim_world.h"
#include "tests/sim/topic_world.h"

namespace {

using zbridge::sim::Statistics;
using zbridge::sim::TopicStatistics;
using zbridge::sim::TopicWorld;
using zbridge::sim::World;

char g_command[512];

constexpr unsigned kSeedSecondsMax = 120;  // a run takes milliseconds; beyond this something loops

// A failed ZB_CHECK aborts, and a loop without an end is aborted: the seed must still be told.
void on_abort(int signal) {
    (void)!write(2, g_command, std::strlen(g_command));
    std::signal(SIGABRT, SIG_DFL);
    if (signal == SIGALRM) std::abort();
}

struct Options {
    uint64_t seeds = 100, first = 1;
    bool script = false, trace = false, twice = false, topics = false;
};

unsigned long long n(uint64_t number) {
    return number;
}

bool parse(int argc, char** argv, Options& options) {
    for (int i = 1; i < argc; i++) {
        const std::string word = argv[i];
        if (word == "--script")
            options.script = true;
        else if (word == "--trace")
            options.script = options.trace = true;
        else if (word == "--twice")
            options.twice = true;
        else if (word == "--topics")
            options.topics = true;
        else if ((word == "--seeds" || word == "--first") && i + 1 < argc) {
            (word == "--seeds" ? options.seeds : options.first) =
                std::strtoull(argv[++i], nullptr, 10);
        } else {
            std::fprintf(stderr, "%s: unknown: %s\n", argv[0], word.c_str());
            return false;
        }
    }
    return true;
}

// Runs them all; returns how many failed. `make(seed, trace, script)`: a world.
template <class Statistics, class Make>
uint64_t run_seeds(const Options& options, const std::string& program, Statistics& all,
                   const Make& make) {
    uint64_t failed = 0;
    for (uint64_t seed = options.first; seed < options.first + options.seeds; seed++) {
        const std::string command =
            program + " --seeds 1 --first " + std::to_string(seed) + " --script";
        std::snprintf(g_command, sizeof(g_command),
                      "seed %llu aborts or does not end; repeat it with:\n  %s\n", n(seed),
                      command.c_str());
        alarm(kSeedSecondsMax);
        auto world = make(seed, options.trace, options.script);
        world->run();
        std::string failure = world->failure();
        if (failure.empty() && options.twice) {
            auto again = make(seed, false, false);
            again->run();
            if (again->hash() != world->hash()) failure = "two runs of the seed are not the same";
        }
        all.add(world->statistics());
        if (failure.empty()) continue;
        failed++;
        std::printf("seed %llu FAILED: %s\nrepeat it with:\n  %s\n", n(seed), failure.c_str(),
                    command.c_str());
        if (!options.script && failed == 1) {
            std::printf("what happened:\n");
            make(seed, false, true)->run();
        }
        std::fflush(stdout);
        if (failed >= 10) break;
    }
    return failed;
}

uint64_t run_topics(const Options& options, const std::string& program) {
    TopicStatistics all;
    const uint64_t failed =
        run_seeds(options, program + " --topics", all, [](uint64_t seed, bool, bool script) {
            return std::make_unique<TopicWorld>(seed, script);
        });
    std::printf(
        "%llu seeds, %llu failed: %llu messages, %llu receipted, %llu kept, %llu given to readers; "
        "%llu times without power, %llu ends in order, %llu turns\n",
        n(options.seeds), n(failed), n(all.published), n(all.receipted), n(all.kept), n(all.read),
        n(all.power_losses), n(all.stops), n(all.turns));
    return failed;
}

uint64_t run_worlds(const Options& options, const std::string& program) {
    Statistics all;
    const uint64_t failed =
        run_seeds(options, program, all, [](uint64_t seed, bool trace, bool script) {
            return std::make_unique<World>(seed, trace, script);
        });
    std::printf(
        "%llu seeds, %llu failed: %llu peers, %llu stalls, %llu deaths, %llu leavings, %llu "
        "refused; messages: %llu taken in, "
        "%llu received, requests: %llu, %llu done, %llu answered; %llu given back, %llu dropped; "
        "%llu holds, %llu kills, %llu late replies, %llu turns, at most %llu KiB, %llu over the "
        "limit\n",
        n(options.seeds), n(failed), n(all.peers), n(all.stalls), n(all.deaths), n(all.leavings),
        n(all.refusals), n(all.accepted), n(all.received), n(all.requests), n(all.executions),
        n(all.answers), n(all.returned), n(all.dropped), n(all.holds), n(all.kills), n(all.late),
        n(all.turns), n(all.memory_most / 1024), n(all.memory_over / 1024));
    return failed;
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    if (!parse(argc, argv, options)) return 64;
    std::signal(SIGABRT, on_abort);
    std::signal(SIGALRM, on_abort);
    const uint64_t failed =
        options.topics ? run_topics(options, argv[0]) : run_worlds(options, argv[0]);
    return failed == 0 ? 0 : 1;
}

// Runs whole bridges in simulated worlds, each from a seed, and compares what they do with the
// reference model.
//
// usage: sim_test [--seeds N] [--first S] [--script] [--trace] [--twice]
//   --seeds N    so many seeds (100), beginning with --first S (1)
//   --script     prints what happens to the applications
//   --trace      prints everything that happens on the simulated network too
//   --twice      runs each seed twice and compares the two runs
#include <unistd.h>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "tests/sim/sim_world.h"

namespace {

using zbridge::sim::Statistics;
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
    bool script = false, trace = false, twice = false;
};

bool parse(int argc, char** argv, Options& options) {
    for (int i = 1; i < argc; i++) {
        const std::string word = argv[i];
        if (word == "--script")
            options.script = true;
        else if (word == "--trace")
            options.script = options.trace = true;
        else if (word == "--twice")
            options.twice = true;
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

}  // namespace

int main(int argc, char** argv) {
    Options options;
    if (!parse(argc, argv, options)) return 64;
    std::signal(SIGABRT, on_abort);
    std::signal(SIGALRM, on_abort);

    Statistics all;
    uint64_t failed = 0;
    for (uint64_t seed = options.first; seed < options.first + options.seeds; seed++) {
        const std::string command =
            std::string(argv[0]) + " --seeds 1 --first " + std::to_string(seed) + " --script";
        std::snprintf(g_command, sizeof(g_command),
                      "seed %llu aborts or does not end; repeat it with:\n  %s\n",
                      static_cast<unsigned long long>(seed), command.c_str());
        alarm(kSeedSecondsMax);
        World world(seed, options.trace, options.script);
        world.run();
        std::string failure = world.failure();
        if (failure.empty() && options.twice) {
            World again(seed, false, false);
            again.run();
            if (again.hash() != world.hash()) failure = "two runs of the seed are not the same";
        }
        all.add(world.statistics());
        if (failure.empty()) continue;
        failed++;
        std::printf("seed %llu FAILED: %s\nrepeat it with:\n  %s\n",
                    static_cast<unsigned long long>(seed), failure.c_str(), command.c_str());
        if (!options.script && failed == 1) {
            std::printf("what happened:\n");
            World again(seed, false, true);
            again.run();
        }
        std::fflush(stdout);
        if (failed >= 10) break;
    }
    const auto n = [](uint64_t number) { return static_cast<unsigned long long>(number); };
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
    return failed == 0 ? 0 : 1;
}

// Runs lives of journals, each row of them from a seed, and checks what journal_run.h promises.
//
// usage: journal_lives [--seeds N] [--first S] [--script]
//   --seeds N    so many seeds (100), beginning with --first S (1)
//   --script     prints what happens
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "tests/recovery/journal_run.h"

namespace {

using zbridge::durable::JournalRun;
using zbridge::durable::LivesStatistics;

char g_command[512];

constexpr unsigned kSeedSecondsMax = 120;  // a run takes milliseconds; beyond this something loops
constexpr uint64_t kFailuresMax = 10;

// A failed ZB_CHECK aborts, and a loop without an end is aborted: the seed must still be told.
void on_abort(int signal) {
    (void)!write(2, g_command, std::strlen(g_command));
    std::signal(SIGABRT, SIG_DFL);
    if (signal == SIGALRM) std::abort();
}

unsigned long long n(uint64_t number) {
    return number;
}

// False: this seed has failed.
bool run_seed(const char* program, uint64_t seed, bool script, bool first, LivesStatistics& all) {
    const std::string command =
        std::string(program) + " --seeds 1 --first " + std::to_string(seed) + " --script";
    std::snprintf(g_command, sizeof(g_command),
                  "seed %llu aborts or does not end; repeat it with:\n  %s\n", n(seed),
                  command.c_str());
    alarm(kSeedSecondsMax);
    JournalRun run(seed, script);
    run.run();
    all.add(run.statistics());
    if (run.failure().empty()) return true;
    std::printf("seed %llu FAILED: %s\nrepeat it with:\n  %s\n", n(seed), run.failure().c_str(),
                command.c_str());
    if (!script && first) {
        std::printf("what happened:\n");
        JournalRun again(seed, true);
        again.run();
    }
    std::fflush(stdout);
    return false;
}

}  // namespace

int main(int argc, char** argv) {
    uint64_t seeds = 100, first = 1;
    bool script = false;
    for (int i = 1; i < argc; i++) {
        const std::string word = argv[i];
        if (word == "--script") {
            script = true;
        } else if ((word == "--seeds" || word == "--first") && i + 1 < argc) {
            (word == "--seeds" ? seeds : first) = std::strtoull(argv[++i], nullptr, 10);
        } else {
            std::fprintf(stderr, "%s: unknown: %s\n", argv[0], word.c_str());
            return 64;
        }
    }
    std::signal(SIGABRT, on_abort);
    std::signal(SIGALRM, on_abort);

    LivesStatistics all;
    uint64_t failed = 0;
    for (uint64_t seed = first; seed < first + seeds && failed < kFailuresMax; seed++)
        failed += run_seed(argv[0], seed, script, failed == 0, all) ? 0 : 1;
    std::printf(
        "%llu seeds, %llu failed: %llu batches tried, %llu receipted, %llu there without a "
        "receipt, "
        "%llu lost without one; %llu openings, %llu of them failed; %llu power cuts, %llu more "
        "while "
        "opening, %llu kills, %llu ended in order; %llu faults, %llu lives whose appends failed; "
        "%llu torn tails, %llu batches written again, %llu rollovers, %llu segments dropped, %llu "
        "reads, %llu waits for a file; %llu digests made, %llu used, %llu spoiled; %llu changed "
        "afterwards: %llu refused as damage, %llu cut, %llu not read for a digest\n",
        n(seeds), n(failed), n(all.tried), n(all.receipted), n(all.seen_unreceipted), n(all.lost),
        n(all.openings), n(all.openings_failed), n(all.crashes), n(all.crashes_in_opening),
        n(all.kills), n(all.closings), n(all.faults), n(all.failures), n(all.torn),
        n(all.rewritten), n(all.rollovers), n(all.drops), n(all.reads), n(all.waits_for_room),
        n(all.digests_made), n(all.digests_used), n(all.digests_spoiled), n(all.rotten),
        n(all.rot_refused), n(all.rot_cut), n(all.rot_digested));
    return failed == 0 ? 0 : 1;
}

// A few lives of one journal, decided by a seed: appends, reads and drops, ended by a power cut, a
// kill or in order, in the middle of anything; faults of the disk, and a full one. What each
// opening shows is compared with what was appended:
//
//   a batch that was receipted is there, with its bytes, unless no sync has followed it and the
//   power went; one that was not is there whole or not at all; none stands in another's place; sequence numbers have no gap but where segments were
//   dropped; what an opening has shown is there at the next one; no damage is ever found.
//
// Three of four seeds have digests, which are lost or spoiled between lives: no answer changes.
//
// At last a bit, or a sector, of what was written is changed: what is missing then is said, or a
// digest has it.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/unit/plugins/durable/journal_life.h"

namespace zbridge::durable {

struct LivesStatistics {
    uint64_t tried = 0;      // batches
    uint64_t receipted = 0;  // of these
    uint64_t seen_unreceipted = 0;
    uint64_t lost = 0;  // of those that were not receipted, or that the system was allowed to lose
    uint64_t openings = 0, openings_failed = 0;
    uint64_t crashes = 0, crashes_in_opening = 0, kills = 0, closings = 0;
    uint64_t faults = 0, failures = 0;  // faults given; lives in which appends failed of them
    uint64_t torn = 0, rewritten = 0, rollovers = 0, drops = 0, reads = 0;
    uint64_t waits_for_room = 0;
    uint64_t digests_used = 0, digests_made = 0, digests_spoiled = 0;
    uint64_t rotten = 0, rot_refused = 0, rot_cut = 0;  // at the end: said to be damage, or cut
    uint64_t rot_digested = 0;                          // ... or in a segment that was not read
    void add(const LivesStatistics& other);
};

class JournalRun {
 public:
    JournalRun(uint64_t seed, bool script);
    void run();

    const std::string& failure() const { return failure_; }  // empty: none
    const LivesStatistics& statistics() const { return statistics_; }

 private:
    struct Appended {
        Seq seq{};
        Place place;
        std::string body;
        bool receipted = false;
        bool durable = false;  // it must be there
    };

    void live();
    void open();
    void check_opened();
    void append();
    void on_done(const Status& status);
    void drop();
    void read();
    void fault();
    void turn();
    void close();
    void spoil_digest();
    void rot();
    void check_rotten();
    void cut_power();
    void fail(const std::string& why);
    void say(const std::string& what);
    bool chance(uint64_t one_in) { return choice_.below(one_in) == 0; }
    std::string some_body();

    SeededRandom choice_;
    JournalLife life_;
    bool script_;
    std::vector<Appended> log_;  // what may be there, in order
    bool in_flight_ = false;     // the last one of it
    bool in_flight_sync_ = false;
    bool faulty_ = false;         // a fault was given in this life: appends may fail
    bool failed_ = false;         // ... and have
    bool has_power_ = true;       // none was lost since the last opening
    bool was_clean_ = false;      // the life before ended in order
    std::set<uint64_t> dropped_;  // segments, in this life
    std::string failure_;
    LivesStatistics statistics_;
};

}  // namespace zbridge::durable

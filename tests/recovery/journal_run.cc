#include "tests/recovery/journal_run.h"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace zbridge::durable {

namespace {

constexpr uint64_t kLivesMax = 12;
constexpr uint64_t kTurnsMax = 60;
constexpr uint64_t kSegmentBytes = 32 << 10;
constexpr uint64_t kCapacityTight = 5 * kSegmentBytes;

bool power_is_cut(const Status& status) {
    return status.message().find("the power is cut") != std::string::npos;
}

}  // namespace

void LivesStatistics::add(const LivesStatistics& other) {
    constexpr uint64_t LivesStatistics::*kFields[] = {&LivesStatistics::tried,
                                                      &LivesStatistics::receipted,
                                                      &LivesStatistics::seen_unreceipted,
                                                      &LivesStatistics::lost,
                                                      &LivesStatistics::openings,
                                                      &LivesStatistics::openings_failed,
                                                      &LivesStatistics::crashes,
                                                      &LivesStatistics::crashes_in_opening,
                                                      &LivesStatistics::kills,
                                                      &LivesStatistics::closings,
                                                      &LivesStatistics::faults,
                                                      &LivesStatistics::failures,
                                                      &LivesStatistics::torn,
                                                      &LivesStatistics::rewritten,
                                                      &LivesStatistics::rollovers,
                                                      &LivesStatistics::drops,
                                                      &LivesStatistics::reads,
                                                      &LivesStatistics::waits_for_room,
                                                      &LivesStatistics::digests_used,
                                                      &LivesStatistics::digests_made,
                                                      &LivesStatistics::digests_spoiled,
                                                      &LivesStatistics::rot_digested,
                                                      &LivesStatistics::rotten,
                                                      &LivesStatistics::rot_refused,
                                                      &LivesStatistics::rot_cut};
    for (const auto field : kFields)
        this->*field += other.*field;
}

JournalRun::JournalRun(uint64_t seed, bool script)
    : choice_(seed * 2 + 1), life_(seed), script_(script) {
    life_.options.segment_bytes = kSegmentBytes;
    if (seed % 4 != 0)  // all of it: so it can be compared
        life_.options.shorten = [](std::string_view body, std::string& into) { into += body; };
}

void JournalRun::run() {
    const uint64_t lives = 2 + choice_.below(kLivesMax - 1);
    for (uint64_t i = 0; i < lives && failure_.empty(); i++)
        live();
    // At last on a disk that does what it should.
    life_.disk.set_capacity(~uint64_t{0});
    if (failure_.empty()) open();
    if (failure_.empty() && life_.journal) rot();
    life_.end();
}

// Between two lives: the next opening has to do without it.
void JournalRun::spoil_digest() {
    life_.disk.heal();
    const auto names = life_.disk.list(life_.options.folder);
    std::vector<std::string> digests;
    for (const std::string& name : names.ok() ? *names : std::vector<std::string>()) {
        if (parse_digest_name(name)) digests.push_back(name);
    }
    if (digests.empty()) return;
    const std::string& name = digests[choice_.below(digests.size())];
    const size_t size = life_.file_bytes(name).size();
    say("spoil " + name);
    statistics_.digests_spoiled++;
    if (size == 0 || chance(3))
        (void)life_.disk.remove(life_.options.folder + "/" + name);
    else if (chance(2))
        life_.truncate(name, choice_.below(size));
    else
        life_.flip(name, choice_.below(size), static_cast<int>(choice_.below(8)));
}

// Changes something in a batch that is there; then an opening, and one that accepts what is lost.
void JournalRun::rot() {
    life_.disk.heal();
    faulty_ = failed_ = false;
    for (int i = 0; i < 3; i++)
        append();
    life_.settle();
    if (chance(2)) life_.pass(Journal::kIdleAfter);
    if (chance(3)) (void)life_.journal->close();
    life_.end();
    if (log_.empty() || in_flight_) return;
    const Appended& chosen = log_[chance(2) ? log_.size() - 1 : choice_.below(log_.size())];
    const std::string name = segment_name(chosen.place.segment);
    const uint64_t size = kBatchHeadBytes + chosen.body.size();
    const uint64_t at = chosen.place.position + choice_.below(size);
    if (chance(3)) {
        std::string noise(kSectorBytes, '\0');
        for (char& c : noise)
            c = static_cast<char>(choice_.next());
        life_.overwrite(name, at / kSectorBytes * kSectorBytes, noise);
    } else {
        life_.flip(name, at, static_cast<int>(choice_.below(8)));
    }
    say("rot in " + name + " at " + std::to_string(at));
    statistics_.rotten++;
    life_.options.replay.clean_epoch.reset();
    std::string answer = life_.open();
    say("open: " + answer);
    if (answer != "yes") {
        statistics_.rot_refused++;
        if (answer.find(name + ", offset ") == answer.npos || answer.find("lost") == answer.npos)
            return fail("refused, but not for the damage: " + answer);
        life_.options.replay.accept_loss = true;
        answer = life_.open();
        say("open, losses accepted: " + answer);
        if (answer != "yes") return fail("refused, though losses are accepted: " + answer);
    }
    for (const Damage& damage : life_.journal->found().damage) {
        if (damage.messages_only) return fail("a digest is used for a file that ends early");
    }
    if (answer == "yes" && life_.journal->found().damage.empty() && !life_.journal->found().cut)
        statistics_.rot_digested++;
    check_rotten();
}

// What is missing is said: as damage, or as the cut at the end.
void JournalRun::check_rotten() {
    const Found& found = life_.journal->found();
    size_t at = 0;
    for (const Appended& each : log_) {
        while (at < life_.seen.size() && life_.seen[at].flags != 0)
            at++;
        if (at < life_.seen.size() && life_.seen[at].seq == each.seq) {
            if (life_.seen[at].body != each.body) return fail("a batch reads as another");
            at++;
            continue;
        }
        bool said = false;
        for (const Damage& damage : found.damage)
            said = said || (each.seq >= damage.first && damage.last && each.seq <= *damage.last);
        if (!said && found.cut) {
            statistics_.rot_cut++;
            said = found.cut->position == each.place.position &&
                   found.cut->file == life_.options.folder + "/" + segment_name(each.place.segment);
        }
        if (!said)
            return fail("batch " + std::to_string(number(each.seq)) + " is missing in silence");
    }
}

void JournalRun::live() {
    faulty_ = failed_ = false;
    if (chance(3)) spoil_digest();
    life_.disk.set_capacity(chance(4) ? kCapacityTight : ~uint64_t{0});
    open();
    if (!failure_.empty() || !life_.journal) return;
    if (chance(6)) {  // what one opening shows the next one shows too
        life_.end();
        open();
        if (!failure_.empty() || !life_.journal) return;
    }
    const uint64_t turns = choice_.below(kTurnsMax);
    if (chance(2)) life_.disk.cut_power_at(life_.disk.operations() + choice_.below(turns * 4 + 4));
    for (uint64_t i = 0; i < turns && failure_.empty(); i++)
        turn();
    if (!failure_.empty()) return;
    statistics_.rollovers += life_.journal->stats().rollovers;
    statistics_.waits_for_room += life_.journal->stats().waits_for_spare;
    statistics_.digests_made += life_.journal->digests().made();
    if (failed_) statistics_.failures++;
    was_clean_ = false;
    switch (choice_.below(3)) {
        case 0:
            close();
            break;
        case 1:
            say("kill");
            statistics_.kills++;
            life_.end();
            // What a failed sync has lost shows until the power goes; the opening must not trust it.
            life_.disk.cut_power_at(~uint64_t{0});
            break;
        default:
            cut_power();
    }
    in_flight_ = false;
}

void JournalRun::cut_power() {
    say("power cut");
    statistics_.crashes++;
    has_power_ = false;
    life_.crash();
}

// Opens until it succeeds; power cuts and faults may come in between.
void JournalRun::open() {
    in_flight_ = false;
    for (int attempt = 0;; attempt++) {
        const bool disturbed = attempt < 3 && chance(3);
        life_.disk.heal();
        if (disturbed && chance(2)) {
            life_.disk.cut_power_at(life_.disk.operations() + choice_.below(40));
        } else if (disturbed) {
            fault();
        }
        life_.options.replay.clean_epoch.reset();
        if (was_clean_ && chance(2)) life_.options.replay.clean_epoch = life_.options.epoch - 1;
        const std::string answer = life_.open();
        statistics_.openings++;
        say("open: " + answer);
        if (answer == "yes") {
            if (disturbed) {
                // It may yet be cut off at the next call; the faults go with it.
                life_.disk.cut_power_at(~uint64_t{0});
                faulty_ = true;
            }
            break;
        }
        statistics_.openings_failed++;
        // A full disk may refuse a start; then it is given room.
        const bool full = answer.find("no space") != answer.npos;
        if (!disturbed && !full) return fail("the opening was refused: " + answer);
        if (full) life_.disk.set_capacity(~uint64_t{0});
        if (chance(2)) {
            statistics_.crashes_in_opening++;
            has_power_ = false;
            life_.crash();
        } else {
            life_.give_power_back();
        }
        was_clean_ = false;
    }
    check_opened();
    was_clean_ = false;
}

void JournalRun::check_opened() {
    const Found& found = life_.journal->found();
    if (!found.damage.empty()) return fail("damage: " + found.damage[0].sentence());
    if (!found.remarks.empty()) return fail("a remark: " + found.remarks[0]);
    if (found.end == Found::End::kTorn) statistics_.torn++;
    statistics_.rewritten += found.rewritten;
    statistics_.digests_used += found.digests.used;

    // A drop that a crash came upon may not have happened.
    std::set<uint64_t> there;
    for (const SegmentInfo& segment : life_.journal->segments())
        there.insert(segment.segment);
    std::erase_if(log_, [&](const Appended& each) {
        return dropped_.contains(each.place.segment) && !there.contains(each.place.segment);
    });
    dropped_.clear();

    std::vector<SeenBatch> seen;
    for (size_t i = 0; i < life_.seen.size(); i++) {
        const SeenBatch& batch = life_.seen[i];
        if (batch.flags == 0) seen.push_back(batch);
        if (i == 0) continue;
        const SeenBatch& before = life_.seen[i - 1];
        if (batch.seq == next(before.seq)) continue;
        bool dropped = false;
        for (uint64_t gap = before.place.segment + 1; gap < batch.place.segment; gap++)
            dropped = dropped || !there.contains(gap);
        if (batch.seq < before.seq || !dropped)
            return fail("batch " + std::to_string(number(batch.seq)) + " follows " +
                        std::to_string(number(before.seq)));
    }
    for (size_t i = 0; i < seen.size(); i++) {
        if (i == log_.size()) return fail("a batch that was never appended");
        const Appended& expected = log_[i];
        if (!(seen[i] == SeenBatch{expected.seq, expected.place, 0, expected.body}))
            return fail("batch " + std::to_string(number(expected.seq)) + " reads as another");
        if (!expected.durable) statistics_.seen_unreceipted++;
    }
    for (size_t i = seen.size(); i < log_.size(); i++) {
        if (log_[i].durable || (has_power_ && log_[i].receipted))
            return fail("batch " + std::to_string(number(log_[i].seq)) + " is lost");
        statistics_.lost++;
    }
    has_power_ = true;
    log_.resize(seen.size());
    // It was shown: from now on it must stay.
    for (Appended& each : log_)
        each.durable = true;
    if (!log_.empty() && number(life_.journal->next_seq()) <= number(log_.back().seq))
        fail("a sequence number is given again");
}

void JournalRun::turn() {
    switch (choice_.below(10)) {
        case 0:
            if (chance(6)) fault();
            break;
        case 1:
            drop();
            break;
        case 2:
            read();
            break;
        case 3:
            if (chance(4)) life_.disk.set_capacity(chance(2) ? kCapacityTight : ~uint64_t{0});
            break;
        default:
            append();
            break;
    }
    if (chance(3)) {
        life_.clock.advance(std::chrono::milliseconds(choice_.below(60)));
        life_.timers.run_due(life_.clock.now());
    }
    for (SimExecutor* executor : life_.executors) {
        if (chance(2)) executor->run_some();
        if (chance(2)) executor->run_done();
    }
    if (chance(3)) life_.settle();
}

std::string JournalRun::some_body() {
    size_t size = choice_.below(400);
    if (chance(3)) size = choice_.below(6000);
    if (chance(20)) size = choice_.below(life_.journal->body_bytes_max() + 1);
    if (chance(20)) size = BatchMemory::kSectorBytes - BatchMemory::kHeadBytes;
    std::string body(size, '\0');
    const uint64_t first = choice_.next();
    for (size_t i = 0; i < size; i++)
        body[i] = static_cast<char>(first >> i % 57);
    return body;
}

void JournalRun::append() {
    if (life_.journal->busy()) return;
    Appended appended;
    appended.seq = life_.journal->next_seq();
    appended.body = some_body();
    in_flight_ = true;
    in_flight_sync_ = !chance(5);
    statistics_.tried++;
    life_.memory.assign(BatchMemory::capacity_for(appended.body.size()), '\xee');
    BatchMemory batch;
    batch.data = life_.memory.data();
    std::copy(appended.body.begin(), appended.body.end(), batch.body());
    batch.body_bytes = appended.body.size();
    batch.sync = in_flight_sync_;
    appended.place =
        life_.journal->append(batch, [this](const Status& status) { on_done(status); });
    say("append " + std::to_string(number(appended.seq)) + ": " +
        std::to_string(appended.body.size()) + " bytes in segment " +
        std::to_string(appended.place.segment) + " at " + std::to_string(appended.place.position));
    log_.push_back(std::move(appended));
}

void JournalRun::on_done(const Status& status) {
    if (!in_flight_) return fail("a done that nobody waits for");
    in_flight_ = false;
    say(status.ok() ? "done" : "failed: " + status.message());
    if (status.ok()) {
        if (failed_) return fail("an append after one that failed says yes");
        statistics_.receipted++;
        log_.back().receipted = true;
        // One sync makes durable what stands before it too.
        for (auto each = log_.rbegin(); in_flight_sync_ && each != log_.rend() && !each->durable;
             ++each)
            each->durable = true;
        return;
    }
    if (!faulty_ && !power_is_cut(status))
        return fail("an append failed without a fault: " + status.message());
    failed_ = true;
}

void JournalRun::drop() {
    const auto segments = life_.journal->segments();
    if (segments.size() < 3 || chance(2)) return;
    const SegmentInfo& chosen = segments[choice_.below(segments.size() - 1)];
    if (!chosen.sealed) return;
    say("drop " + std::to_string(chosen.segment));
    statistics_.drops++;
    dropped_.insert(chosen.segment);
    life_.journal->drop(chosen.segment);
    // Of what it held nothing is asked for any more: it may be gone, or come back.
    for (Appended& each : log_) {
        if (each.place.segment == chosen.segment) each.durable = true;
    }
}

void JournalRun::read() {
    if (log_.empty() || in_flight_) return;
    const Appended& chosen = log_[choice_.below(log_.size())];
    if (dropped_.contains(chosen.place.segment) || failed_) return;
    statistics_.reads++;
    const size_t bytes = BatchMemory::capacity_for(chosen.place.body_bytes);
    auto batch = std::make_shared<std::string>(bytes, '\0');
    (void)life_.journal->read(
        chosen.place, batch->data(),
        [this, batch, expected = chosen.body,
         segment = chosen.place.segment](const Status& status) {
            const bool may_fail = faulty_ || dropped_.contains(segment) || power_is_cut(status);
            if (status.ok() && batch->substr(BatchMemory::kHeadBytes, expected.size()) != expected)
                fail("a read gave other bytes");
            if (!status.ok() && !may_fail) fail("a read failed: " + status.message());
        });
}

void JournalRun::fault() {
    using Operation = SimDisk::Operation;
    constexpr Operation kOperations[] = {
        Operation::kWrite,  Operation::kSyncData, Operation::kRead,
        Operation::kRename, Operation::kSyncDir,  Operation::kOpen,
        Operation::kResize, Operation::kReserve,  Operation::kRemove};
    const Operation operation = kOperations[choice_.below(std::size(kOperations))];
    const Code code = chance(3) ? Code::kNoSpace : Code::kIo;
    const uint64_t skip = choice_.below(12);
    say("a fault of kind " + std::to_string(static_cast<int>(operation)) + " after " +
        std::to_string(skip));
    life_.disk.fail(operation, code, 1 + choice_.below(2), skip);
    statistics_.faults++;
    faulty_ = true;
}

void JournalRun::close() {
    for (int i = 0; i < 200 && life_.journal->busy() && !life_.journal->full(); i++)
        life_.pass(std::chrono::milliseconds(50));
    const auto status = life_.journal->close();
    say("close: " + (status.ok() ? std::string("yes") : status.message()));
    statistics_.closings++;
    if (status.ok()) {
        was_clean_ = true;
        // Also what the system was allowed to lose is on the disk.
        for (Appended& each : log_)
            each.durable = true;
    }
    life_.end();
    if (chance(2)) cut_power();
    life_.disk.cut_power_at(~uint64_t{0});
}

void JournalRun::fail(const std::string& why) {
    if (failure_.empty()) failure_ = why;
    say("FAILED: " + why);
}

void JournalRun::say(const std::string& what) {
    if (script_) std::printf("  %s\n", what.c_str());
}

}  // namespace zbridge::durable

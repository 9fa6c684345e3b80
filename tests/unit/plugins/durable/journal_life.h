// Lives of a journal on a SimDisk: opened, appended to, ended in order or by a power cut, opened
// again. What is seen at each opening is kept.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bridge/base/sim_disk.h"
#include "plugins/durable/journal/journal.h"
#include "plugins/durable/journal/replay_guard.h"

namespace zbridge::durable {

struct SeenBatch {
    Seq seq{};
    Place place;
    uint16_t flags = 0;
    std::string body;
};

inline bool operator==(const Place& a, const Place& b) {
    return a.segment == b.segment && a.position == b.position && a.body_bytes == b.body_bytes;
}
inline bool operator==(const SeenBatch& a, const SeenBatch& b) {
    return a.seq == b.seq && a.place == b.place && a.flags == b.flags && a.body == b.body;
}

class JournalLife {
 public:
    static constexpr const char* kFolder = "/journal";

    explicit JournalLife(uint64_t seed = 1) : random(seed) { options.segment_bytes = 64 << 10; }
    // What is in flight must not reach a disk that goes before it.
    ~JournalLife() { end(); }

    // Says yes, or what the refusal says.
    std::string open() {
        end();
        seen.clear();
        auto opened = Journal::open(options, world(), [this](const ReplayedBatch& batch) {
            seen.push_back({batch.seq, batch.place, batch.flags, std::string(batch.body)});
            return Status();
        });
        if (!opened.ok()) {
            executors.clear();
            return opened.error().message();
        }
        options.epoch++;
        journal = *std::move(opened);
        return "yes";
    }
    JournalWorld world() {
        return {disk, clock, random, timers, [this](ExecutorOptions executor) {
                    auto made = std::make_unique<SimExecutor>(std::move(executor), random);
                    executors.push_back(made.get());
                    return made;
                }};
    }

    // Begins to append; `done` says how it ended.
    Place begin_append(const std::string& body, bool sync = true) {
        memory.assign(BatchMemory::capacity_for(body.size()), '\xee');
        BatchMemory batch;
        batch.data = memory.data();
        std::copy(body.begin(), body.end(), batch.body());
        batch.body_bytes = body.size();
        batch.records = 1;
        batch.sync = sync;
        done.reset();
        return journal->append(batch, [this](const Status& status) { done = status; });
    }
    // Runs what waits, until nothing does.
    void settle() {
        for (bool any = true; any;) {
            any = false;
            for (SimExecutor* executor : executors) {
                any = any || executor->tasks() > 0;
                executor->run_all();
            }
        }
    }
    void pass(Duration time) {
        clock.advance(time);
        timers.run_due(clock.now());
        settle();
    }
    // Appends, to the end.
    Status append(const std::string& body, bool sync = true) {
        place = begin_append(body, sync);
        settle();
        for (int i = 0; !done && i < 1000; i++)
            pass(std::chrono::milliseconds(50));
        return done.value_or(Status(Code::kUnavailable, "it still waits"));
    }
    std::string read(const Place& at) {
        std::string batch(BatchMemory::capacity_for(at.body_bytes), '\0');
        std::optional<Status> read;
        if (!journal->read(at, batch.data(), [&](const Status& status) { read = status; }))
            return "refused";
        settle();
        return read && read->ok() ? batch.substr(BatchMemory::kHeadBytes, at.body_bytes)
                                  : "!" + (read ? read->message() : "");
    }

    // kill -9: the disk keeps what it was given.
    void end() {
        if (!journal) return;
        journal.reset();
        executors.clear();
    }
    // The power goes, now.
    void crash() {
        disk.cut_power_at(disk.operations());
        end();
        disk.crash(random);
    }
    // It was cut for a while, and nothing is lost: as if no call had gone through.
    void give_power_back() {
        disk.cut_power_at(~uint64_t{0});
        // Nor could an opening say that it came to its end.
        (void)disk.remove(std::string(kFolder) + "/" + std::string(ReplayGuard::kName));
    }

    std::string file_bytes(const std::string& name) {
        auto bytes = read_file(disk, std::string(kFolder) + "/" + name);
        return bytes.ok() ? *bytes : "!" + bytes.error().message();
    }
    void overwrite(const std::string& name, uint64_t offset, const std::string& bytes) {
        auto file = disk.open(std::string(kFolder) + "/" + name, OpenMode::kWrite);
        if (!(*file)->write_at(offset, bytes).ok() || !(*file)->sync_data().ok()) std::abort();
    }
    void flip(const std::string& name, uint64_t offset, int bit) {
        std::string byte = file_bytes(name).substr(offset, 1);
        byte[0] = static_cast<char>(byte[0] ^ 1 << bit);
        overwrite(name, offset, byte);
    }
    void truncate(const std::string& name, uint64_t size) {
        auto file = disk.open(std::string(kFolder) + "/" + name, OpenMode::kWrite);
        if (!(*file)->resize(size).ok() || !(*file)->sync_data().ok()) std::abort();
    }
    bool has(const std::string& name) {
        const auto names = disk.list(kFolder);
        return names.ok() && std::find(names->begin(), names->end(), name) != names->end();
    }

    SimDisk disk;
    SeededRandom random;
    ManualClock clock;
    Timers timers;
    JournalOptions options = {.folder = kFolder};
    std::vector<SimExecutor*> executors;
    std::unique_ptr<Journal> journal;
    std::vector<SeenBatch> seen;  // at the last opening
    std::string memory;
    std::optional<Status> done;  // of the last append
    Place place;                 // of the last append
};

// The bodies of batches that were appended, without the journal's own.
inline std::vector<std::string> bodies(const std::vector<SeenBatch>& seen) {
    std::vector<std::string> bodies;
    for (const SeenBatch& batch : seen) {
        if (batch.flags == 0) bodies.push_back(batch.body);
    }
    return bodies;
}

}  // namespace zbridge::durable

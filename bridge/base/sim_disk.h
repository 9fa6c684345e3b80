// The Disk's twin in memory, which is as unkind as a real one may be: crash() loses what was not
// synced, tears it by chance, and faults are given on demand.
//
// Thread:  one, but its calls may come from an Executor's (simulated) threads.
// Promise: the same calls and the same Random give the same disk. Model: of bytes written since the
//          last sync_data(), each sector of kSectorBytes reaches the disk or not, by chance. Of the
//          changes of a directory's names since its sync_dir(), a prefix does. A sync_data() that
//          was given a fault loses what it should have kept, for good, though reads go on showing
//          it until the crash.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bridge/base/disk.h"
#include "bridge/base/random.h"

namespace zbridge {

class SimDisk final : public Disk {
 public:
    static constexpr size_t kSectorBytes = 512;

    enum class Operation : uint8_t {
        kOpen,
        kWrite,
        kSyncData,
        kResize,
        kRename,
        kRemove,
        kMakeDir,
        kSyncDir,
        kLock,
        kRead,
        kReserve
    };

    // Empty, but for the directory "/", which is also ".".
    SimDisk();
    ~SimDisk() override;

    Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
    Status rename(const std::string& from, const std::string& to) override;  // within one directory
    Status remove(const std::string& path) override;
    Status make_dir(const std::string& path) override;
    Status sync_dir(const std::string& path) override;
    Result<std::vector<std::string>> list(const std::string& path) override;
    Result<std::unique_ptr<FileLock>> lock(const std::string& path) override;
    std::string boot() const override { return "life " + std::to_string(life_); }

    // The power goes: what was not synced is lost or torn, locks are free, files and locks that are
    // open are dead (kIo). Calls work again at once: this is the disk after the restart.
    void crash(Random& random);

    // Calls so far that change something, sync or lock; those that only read do not count.
    uint64_t operations() const { return operations_; }
    // All calls fail from the time that operations() has reached `count` on, until crash(): the
    // moment of a power cut.
    void cut_power_at(uint64_t count) { power_until_ = count; }
    // The next `times` calls of this kind fail with this code, after `skip` that do not.
    void fail(Operation operation, Code code, uint64_t times = 1, uint64_t skip = 0);
    // Faults that are still to come do not.
    void heal() { faults_.clear(); }
    // The bytes that all files may have together, and what is reserved for them; beyond it:
    // kNoSpace.
    void set_capacity(uint64_t bytes) { capacity_ = bytes; }
    uint64_t used() const;

 private:
    struct Content;
    struct Directory;
    struct Node;
    class SimFile;
    class SimLock;
    struct Fault {
        Operation operation;
        Code code;
        uint64_t skip, times;
    };
    struct Place {  // of a name in its directory
        Directory* directory = nullptr;
        std::string name;
    };

    Status begin(Operation operation,
                 const std::string& path);  // counts, and gives the fault that is due
    Status check_power(const std::string& path) const;
    Directory* directory(const std::string& path);
    Result<Place> place(const std::string& path);

    std::shared_ptr<Directory> root_;
    std::map<std::string, uint64_t> locks_;  // path -> the life it was taken in
    std::vector<Fault> faults_;
    uint64_t operations_ = 0;
    uint64_t power_until_ = ~uint64_t{0};
    uint64_t capacity_ = ~uint64_t{0};
    uint64_t life_ = 0;  // rises with each crash
};

}  // namespace zbridge

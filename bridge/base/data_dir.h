// The data directory: one bridge at a time has it, and each of its lives has a number of its own,
// the epoch.
//
//   lock   held while the bridge lives (flock)
//   epoch  "zbridge data 1 epoch 7 crc 1a2b3c4d\n": the last life's number; replaced at once, and
//   synced, at each start clean  the same for the life that ended in order; counts only if it is
//   the last one's
//
// Beside them `epoch.tmp` and `clean.tmp`: room for the next ones, so that a bridge starts and ends in
// order on a disk that is full to the last byte.
//
// Thread:  start and end of the process: it blocks.
// Promise: an epoch that open() has given is never given again on this directory, whatever crashes
//          when. It rises by one.
// Failure: kBusy: another bridge has it. kInvalid: its files are damaged, or of a newer zbridge, or
//          it is no directory: nothing is changed then. Messages are whole sentences that name the
//          path.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "bridge/base/disk.h"
#include "bridge/base/result.h"

namespace zbridge {

class DataDir {
 public:
    static constexpr uint32_t kFormat = 1;  // the `zbridge data 1` of its files

    // Makes the directory if it is not there (mode 0700; its parent must be). `first_epoch`, above
    // 0, is that of a new directory: one by chance, so that no life on a directory that was lost
    // had the same. `disk` outlives it.
    static Result<std::unique_ptr<DataDir>> open(Disk& disk, const std::string& path,
                                                 uint32_t first_epoch = 1);
    DataDir(const DataDir&) = delete;
    DataDir& operator=(const DataDir&) = delete;

    const std::string& path() const { return path_; }
    uint32_t epoch() const { return epoch_; }  // of this life
    // The life before ended with mark_clean(); also true for the first one.
    bool was_clean() const { return was_clean_; }
    // Called as the last thing: all that was accepted is on the disk.
    Status mark_clean();

 private:
    DataDir(Disk& disk, std::string path, std::unique_ptr<FileLock> lock)
        : disk_(disk), path_(std::move(path)), lock_(std::move(lock)) {}
    Status begin_life(uint32_t first_epoch);
    void reserve_next();

    Disk& disk_;
    std::string path_;
    std::unique_ptr<FileLock> lock_;
    uint32_t epoch_ = 0;
    bool was_clean_ = false;
};

}  // namespace zbridge

// Appends batches to a file that is never left with half a message in it.
//
// Flow:    open() -> append() ... -> close()
// Thread:  one at a time. Blocks.
// Promise: with sync_each, what append() says is done survives kill -9 and power loss. Before the
//          first append, and after a failed one, what a killed process or a failed write has left
//          unfinished is cut off: whoever reads the file sees whole messages. open() cuts off no
//          more than one batch can be, and keeps it in PATH.torn, PATH.torn.2 and so on: none is
//          written over.
// Failure: Status of the disk; kBusy: another process appends to this file; kInvalid: the file is
//          damaged in a way that no torn write explains: farther from its end than a batch is long,
//          or with whole messages behind it. It is left as it is. Likewise with kTornFilesMax files
//          of what was cut off.
// Limits:  one batch of one message, up to kTornBytesMax bytes, or of several, up to
//          kSeveralBytesMax. A file is rotated before the batch that would make it larger than
//          rotate_bytes: PATH becomes PATH.1, PATH.1 becomes PATH.2, and so on;
//          PATH.<rotate_keep> is removed, and what is above it, up to kRotateKeepMax.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/disk.h"
#include "bridge/base/result.h"

namespace zbridge::file_sink {

inline constexpr size_t kTornBytesMax = 66 << 20;
inline constexpr size_t kSeveralBytesMax = (5 << 18) + (1 << 10);
inline constexpr uint32_t kTornFilesMax = 100;
inline constexpr uint32_t kRotateKeepMax = 1000;

struct AppenderOptions {
    std::string path;
    bool records = false;       // else lines
    bool sync_each = true;      // batch; else when it is closed and before it is rotated
    uint64_t rotate_bytes = 0;  // 0: never
    uint32_t rotate_keep = 5;   // 1 to kRotateKeepMax
};

class Appender {
 public:
    Appender(const AppenderOptions& options, Disk& disk) : options_(options), disk_(disk) {}

    // Makes the file if it is not there.
    Status open();
    // How many bytes at the end of the file open() has cut off.
    uint64_t torn_bytes() const { return torn_bytes_; }
    // Where they are kept.
    const std::string& torn_path() const { return torn_path_; }

    struct Appended {
        size_t done = 0;  // messages, from the first
        Status status;    // why not all
    };
    // `ends` says where in `bytes` each message ends.
    // REQUIRES: no more than kSeveralBytesMax, but for a single message.
    Appended append(std::string_view bytes, const std::vector<size_t>& ends);
    Status close();

    uint64_t size() const { return size_; }
    uint64_t rotations() const { return rotations_; }

 private:
    Status open_file();
    Status cut_tail();
    Result<uint64_t> whole_lines(uint64_t size) const;
    Result<uint64_t> whole_records(uint64_t size) const;
    bool has_whole_message(std::string_view torn) const;
    Status keep_torn(std::string_view torn);
    Status write_torn(std::string_view torn) const;
    // After a failed call: the file is again what we know of it.
    Status mend();
    Status rotate();
    Status remove_surplus();
    size_t keep_whole(const std::vector<size_t>& ends);
    bool is_there(const std::string& path) const;
    std::string rotated(uint32_t number) const {
        return options_.path + "." + std::to_string(number);
    }

    AppenderOptions options_;
    Disk& disk_;
    std::unique_ptr<FileLock> lock_;
    std::unique_ptr<File> file_;
    uint64_t size_ = 0;        // of what is whole, and done
    bool needs_mend_ = false;  // the file may have more than that
    bool has_surplus_ = true;  // perhaps: another rotate_keep has left them
    uint64_t torn_bytes_ = 0;
    std::string torn_path_;
    uint64_t rotations_ = 0;
};

}  // namespace zbridge::file_sink

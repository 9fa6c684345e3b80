// The Disk seam: files and directories, and what it takes to make them last. PosixDisk is the
// kernel's; SimDisk (sim_disk.h) is its twin in memory that loses what was not synced.
//
// Thread:  any; one file is used by one thread at a time. Calls block: never on the reactor thread,
//          but at start and end.
// Promise: bytes last after sync_data() of their file; a file's name, its new name or its absence
//          lasts after sync_dir() of its directory.
// Failure: Code::kNotFound, kBusy (a lock), kNoSpace, kInvalid (not a directory, not a file), else
//          kIo. Messages name the path and what was tried. After a failed sync_data() the bytes
//          before it must be taken for lost: the next one may say they are well (Linux).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/result.h"

namespace zbridge {

// An open file; closed at its end. Offsets and sizes are bytes.
class File {
 public:
    static constexpr uint64_t kDirectAlignBytes = 512;

    virtual ~File() = default;

    // All of it, or an error; a part may have been written then.
    virtual Status write_at(uint64_t offset, std::string_view bytes) = 0;
    // The same out of the caller's memory, past the system's cache: where the disk can do that, and
    // where offset, address and size are multiples of kDirectAlignBytes.
    virtual Status write_direct(uint64_t offset, std::string_view bytes) {
        return write_at(offset, bytes);
    }
    // Up to `size` bytes into `into`; fewer only at the file's end. How many.
    virtual Result<size_t> read_into(uint64_t offset, char* into, size_t size) const = 0;
    // The same, past the system's cache, where that can be: as write_direct().
    virtual Result<size_t> read_direct(uint64_t offset, char* into, size_t size) const {
        return read_into(offset, into, size);
    }
    // read_into(), as a string.
    Result<std::string> read_at(uint64_t offset, size_t size) const;
    virtual Status sync_data() = 0;            // fdatasync: bytes and size
    virtual Status resize(uint64_t size) = 0;  // grown parts read as zeros
    // At least so large, with room on the disk for all of it: later writes below `size` find it.
    // kNoSpace: there is none. Where a file system knows no reserving, zeros are written.
    virtual Status reserve(uint64_t size) = 0;
    // Begins to write what was written there, and waits for it, so that the next sync_data() has
    // less to do. Promises nothing: a hint.
    virtual void write_out(uint64_t offset, uint64_t size) = 0;
    // What is read there next comes from the disk, not from memory, where that can be. A hint.
    virtual void forget_cached(uint64_t offset, uint64_t size) = 0;
    virtual Result<uint64_t> size() const = 0;
};

// Holds a lock on a file; gives it back at its end. The lock of a process that dies is free.
class FileLock {
 public:
    virtual ~FileLock() = default;
};

enum class OpenMode : uint8_t {
    kRead,      // must be there
    kWrite,     // read and write; made (mode 0600) if it is not there
    kTruncate,  // likewise, and empty
};

class Disk {
 public:
    virtual ~Disk() = default;

    virtual Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) = 0;
    virtual Status rename(const std::string& from,
                          const std::string& to) = 0;      // replaces `to`, at once
    virtual Status remove(const std::string& path) = 0;    // a file, or an empty directory
    virtual Status make_dir(const std::string& path) = 0;  // mode 0700; kBusy when it is there
    virtual Status sync_dir(const std::string& path) = 0;
    virtual Result<std::vector<std::string>> list(const std::string& path) = 0;  // names, sorted
    // Makes the file if it is not there. kBusy: someone else has it.
    virtual Result<std::unique_ptr<FileLock>> lock(const std::string& path) = 0;
    // The same until the machine is started again: what was written before may be gone since then,
    // where it was not synced. Empty: not known.
    virtual std::string boot() const = 0;
};

class PosixDisk final : public Disk {
 public:
    Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
    Status rename(const std::string& from, const std::string& to) override;
    Status remove(const std::string& path) override;
    Status make_dir(const std::string& path) override;
    Status sync_dir(const std::string& path) override;
    Result<std::vector<std::string>> list(const std::string& path) override;
    Result<std::unique_ptr<FileLock>> lock(const std::string& path) override;
    std::string boot() const override;
};

// Above this a whole file is not read into memory: kInvalid.
inline constexpr uint64_t kWholeFileBytesMax = 64 << 20;
Result<std::string> read_file(Disk& disk, const std::string& path);
// After a crash at any moment the file has either its old bytes or these, and these for certain
// once this has returned. Writes `path`.tmp, syncs it, renames it, syncs the directory.
Status replace_file(Disk& disk, const std::string& path, std::string_view bytes);
// "a/b" -> "a", "/a" -> "/", "a" -> ".", "a/b/" -> "a".
std::string parent_of(std::string_view path);

}  // namespace zbridge

// Up to where in which file all messages have been accepted, kept in a file of its own.
//
//   zbridge file-source position 1
//   file 1835023 1700000000123456789
//   offset 4711
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "bridge/base/disk.h"
#include "bridge/base/result.h"

namespace zbridge::file_source {

// Which file it is, whatever its name is now. A new file may get the inode of one that is gone; it
// is then born later. Where the file system does not say when a file was born: 0.
struct FileId {
    uint64_t inode = 0;  // 0: no file yet, the one that comes is read from its beginning
    uint64_t born_ns = 0;
    bool operator==(const FileId&) const = default;
};

struct Position {
    FileId file;
    uint64_t offset = 0;
    bool operator==(const Position&) const = default;
};

// None: there is no such file. An error also if it holds something else.
Result<std::optional<Position>> load_position(Disk& disk, const std::string& path);
// At once and for certain: after a kill there is the old one or this one.
Status save_position(Disk& disk, const std::string& path, const Position& position);

}  // namespace zbridge::file_source

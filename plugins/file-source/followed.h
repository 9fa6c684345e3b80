// A file that grows, and its rotation: PATH becomes PATH.1, PATH.1 becomes PATH.2, and so on, and
// PATH begins anew; or PATH is replaced by another file, or made empty.
//
// Promise: an open file stays the same one whatever becomes of its name; next() leads to the one
//          that was begun right after it, if that can be known.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "bridge/base/result.h"
#include "plugins/file-source/position.h"

namespace zbridge::file_source {

class OpenFile {
 public:
    // kNotFound; kInvalid: it is no file.
    static Result<std::unique_ptr<OpenFile>> open(const std::string& path);
    ~OpenFile();
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;

    const FileId& id() const { return id_; }
    struct State {
        uint64_t size = 0;
        int64_t changed_ns = 0;  // when somebody wrote to it last, or gave it another name
        bool operator==(const State&) const = default;
    };
    Result<State> state() const;
    // Appends up to `bytes` bytes from `offset` on; none at the end.
    Status read(uint64_t offset, size_t bytes, std::string& out) const;

 private:
    OpenFile(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}

    int descriptor_;
    std::string path_;
    FileId id_;
};

// Whether `path` is (now) the name of this file.
bool is_named(const std::string& path, const FileId& id);

// The file that is called PATH, or was before it was rotated. Null: it is gone, or unknown.
Result<std::unique_ptr<OpenFile>> find(const std::string& path, const FileId& id);

// The file that was begun after `id`: of the rotated ones the next younger one, or PATH. If `id` is
// gone: the oldest one there is. Null: there is none yet.
Result<std::unique_ptr<OpenFile>> next(const std::string& path, const FileId& id);

}  // namespace zbridge::file_source

// Reads batches back, and checks them before a byte is handed out.
//
// Thread:  the readers'.
// Failure: kIo: the disk does not have the batch, or not as it was written.
// Limits:  kOpenFilesMax files are kept open; the one that was not used for the longest goes.
#pragma once

#include <list>
#include <memory>
#include <optional>
#include <string>

#include "bridge/base/disk.h"
#include "plugins/durable/journal/batch_header.h"
#include "plugins/durable/journal/segment_header.h"

namespace zbridge::durable {

class ColdReader {
 public:
    static constexpr size_t kOpenFilesMax = 16;
    // Batches from this size on are read past the system's cache, which costs a copy. Of smaller ones it
    // reads some ahead.
    static constexpr size_t kDirectBytesMin = 256 * 1024;

    ColdReader(Disk& disk, std::string folder, const StoreId& store)
        : disk_(disk), folder_(std::move(folder)), store_(store) {}

    // What stands before the batch's body; none: it is not there, or not any more.
    std::optional<BatchHeader> head_of(const Place& place);
    // The batch into BatchMemory::capacity_for(place.body_bytes) bytes at `into`: header, body, padding.
    Status read(const Place& place, char* into);
    // It was dropped: its file is something else by now, or nothing.
    void forget(uint64_t segment);

 private:
    struct Open {
        uint64_t segment;
        std::unique_ptr<File> file;
    };
    Result<File*> file_of(uint64_t segment);

    Disk& disk_;
    std::string folder_;
    StoreId store_;
    std::list<Open> open_;  // the last one used first
};

}  // namespace zbridge::durable

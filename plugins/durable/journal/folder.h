// What lies in the journal's folder:
//
//   0000000000000007.seg      a segment
//   spare-0000000000000004    ready to become one; it was segment 4
//   fresh-0000000000000001    likewise, and it was none
//   filling                   a spare that is being written with zeros; worth nothing after a crash
//   replaying                 there while an opening reads (replay_guard.h)
//   store                     whose it is, what is missing on purpose (store_file.h)
//   0000000000000007.idx      the digest of a segment (segment_digest.h); .idx.tmp: one that is being made
//
// Failure: look() changes nothing. kNotFound: no such folder. kInvalid: a file that does not belong
//          here, of another store, or of a newer version; the sentence names it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bridge/base/disk.h"
#include "plugins/durable/journal/segment_digest.h"
#include "plugins/durable/journal/segment_header.h"
#include "plugins/durable/journal/store_file.h"

namespace zbridge::durable {

constexpr std::string_view kFillingName = "filling";
std::string spare_name(uint64_t segment);
std::string fresh_name(uint64_t number);

struct FolderSegment {
    uint64_t number = 0;
    uint64_t bytes = 0;
    std::optional<SegmentHeader> header;  // none: damaged
};

struct Spare {
    std::string name;
    uint64_t reused_from = 0;  // 0: fresh
    uint64_t bytes = 0;
};

struct Folder {
    // `store`: whose segments are expected, if that is known.
    static Result<Folder> look(Disk& disk, const std::string& path,
                               const std::optional<StoreId>& store);

    std::string file(std::string_view name) const { return path + "/" + std::string(name); }
    std::string segment_file(uint64_t segment) const { return file(segment_name(segment)); }
    std::string digest_file(uint64_t segment) const { return file(digest_name(segment)); }
    bool has_digest(uint64_t segment) const;
    // Above every segment that has ever been here, as far as the folder shows.
    uint64_t next_segment() const;
    // Where this segment begins, be it here or dropped. None: not known.
    std::optional<Bound> bound_of(uint64_t segment) const;
    // The digest of this segment, if it fits the segment's header and that of the one behind it.
    // kNotFound: it has none; kInvalid: the sentence says what is wrong with it.
    Result<SegmentDigest> digest_of(Disk& disk, const FolderSegment& segment) const;

    std::string path;
    std::optional<StoreId> store;         // none: nothing here tells
    std::vector<FolderSegment> segments;  // the oldest first
    std::vector<Spare> spares;
    std::vector<uint64_t> leftovers;     // segments that were dropped, and are still there
    std::vector<uint64_t> digests;       // the lowest first; also of segments that are not there
    std::vector<std::string> scraps;     // of digests that were not made to their end
    StoreFile store_file;                // made from the segments where there is no whole one
    std::optional<StoreFile> as_stored;  // the whole one
    bool store_file_damaged = false;
    bool filling = false;
    uint64_t next_fresh = 1;
};

}  // namespace zbridge::durable

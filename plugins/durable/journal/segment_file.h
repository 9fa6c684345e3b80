// How a segment comes to be: room is reserved and written with zeros, ahead of time; it gets its
// header, and then its name.
//
// Thread:  one; it blocks.
// Promise: a file that has a segment's name has its header, whatever crashes when; a batch is
//          written only after that.
#pragma once

#include <memory>
#include <string>

#include "bridge/base/disk.h"
#include "plugins/durable/journal/segment_header.h"

namespace zbridge::durable {

constexpr uint64_t kFillStepBytes = 1 << 20;

// Writes zeros to [from, from + kFillStepBytes), at most up to `size`, and sees them onto the disk.
Status fill_step(File& file, uint64_t from, uint64_t size);
// Gives the file `source` of the folder this header, and the segment's name.
Result<std::unique_ptr<File>> begin_segment(Disk& disk, const std::string& folder,
                                            const std::string& source, const SegmentHeader& header);
// The file `filling`, of `size` bytes, all of it written. kNoSpace: nothing is left of it.
Status make_filled(Disk& disk, const std::string& folder, uint64_t size);

}  // namespace zbridge::durable

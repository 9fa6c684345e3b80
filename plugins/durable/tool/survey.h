// A journal that no bridge runs on, read as an opening reads it, with every loss accepted; nothing
// is changed.
//
// Thread:  any; it blocks.
// Failure: kNotFound: there is no such folder. kInvalid: an opening would refuse it, whatever its
//          options: a foreign file, a newer format. kIo.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "bridge/base/disk.h"
#include "plugins/durable/journal/replay.h"
#include "plugins/durable/tool/lost_offsets.h"

namespace zbridge::durable {

struct SurveyedSegment {
    std::string file;
    uint64_t number = 0;
    uint64_t bytes = 0;  // on the disk
    uint64_t batches = 0, records = 0, used_bytes = 0;
    Seq first{}, last{};
    int64_t first_us = 0, last_us = 0;
    std::string digest;  // "whole", or what is wrong with it; empty: it is not sealed
};

struct Survey {
    using Visit = std::function<Status(const ReplayedBatch&)>;
    // `visit`: told each batch too.
    static Result<Survey> of(Disk& disk, const std::string& folder, const Visit& visit = nullptr);

    // Something is lost that nobody has accepted, or not as it was written.
    bool is_damaged() const;

    StoreId store;
    Found found;
    std::vector<SurveyedSegment> segments;
    LostOffsets topics;
};

}  // namespace zbridge::durable

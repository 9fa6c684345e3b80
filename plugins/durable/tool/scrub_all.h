// Reads every segment by itself, from the disk, and checks each batch: also where an opening would
// not come to it, since one before it is missing.
//
// Thread:  any; it blocks. Nothing is changed.
// Failure: as Folder::look() says.
#pragma once

#include "plugins/durable/tool/survey.h"

namespace zbridge::durable {

struct ScrubbedAll {
    std::vector<SurveyedSegment> segments;
    std::vector<Damage> damage;  // what stands between whole batches, and should be one
};

Result<ScrubbedAll> scrub_all(Disk& disk, const std::string& folder);

}  // namespace zbridge::durable

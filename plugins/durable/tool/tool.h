// What `zbridge journal` asks: of files alone, without a bridge. Answers are msgpack.
//
//   journal check    {folder, store, segments, batches, bytes, end, cut, damage: [...],
//                     remarks: [...], lost: [{topic, from, to, messages}, ...], ok}
//   journal stat     the same, and {segment_files: [...], topics: [...]}
//   journal scrub    each segment by itself, to its end: {segment_files: [...], damage: [...], ok}
//   journal dump     {from?: number of a batch, max?}: a piece for each batch
//
// Thread:  any; it blocks.
// Failure: as Survey has them. check: what no opening would take is an answer too, `refused`.
#pragma once

#include <functional>
#include <string_view>

#include "bridge/base/disk.h"
#include "bridge/base/result.h"

namespace zbridge::durable {

using Tell = std::function<void(std::string_view piece)>;

Status ask_journal(Disk& disk, const std::string& folder, std::string_view verb,
                   std::string_view body, const Tell& tell);

}  // namespace zbridge::durable

// A message as one line of JSON, for `pub --json-lines`:
//
//   {"body": "order 7", "keys": ["c-4711"], "properties": {"region": "EU", "amount": 120}}
//
// Failure: kInvalid, and a sentence: "byte 9: ':' is expected", "no key is named ...".
// Limits:  document::kBytesMax (2 MiB) a line.
#pragma once

#include <cstdint>
#include <string_view>

#include "bridge/base/result.h"
#include "bridge/cli/message_frames.h"
#include "bridge/cli/publishing.h"

namespace zbridge::cli {

struct MessageLine {
    MessageFrames frames;
    Attributed its;
};

// What the line does not say is as `common` has it; a property of a line stands for one of that name.
// `delay` is counted from `now_ms`.
Result<MessageLine> read_message_line(std::string_view line, const Attributed& common,
                                      int64_t now_ms);

}  // namespace zbridge::cli

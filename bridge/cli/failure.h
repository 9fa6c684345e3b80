// What a command that fails says as JSON, beside its sentences on standard error.
//
// Limits: kFailureTextBytesMax of its sentences.
#pragma once

#include <cstddef>

#include "bridge/base/result.h"
#include "bridge/cli/command.h"

namespace zbridge::cli {

inline constexpr size_t kFailureTextBytesMax = 64 * 1024;

// Says what went wrong, and keeps its code for run_for_json().
void say(const Status& why, Terminal& terminal);

// Runs it as it is asked for JSON: one that fails and has printed nothing prints {"code": "not_found",
// "text": "there is no topic ..."}.
Exit run_for_json(const Body& body, Terminal& terminal);

}  // namespace zbridge::cli

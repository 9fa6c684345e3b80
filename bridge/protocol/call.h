// One call of the admin endpoint and its answer, as frames: what the command line sends and the
// bridge understands.
//
//   call:   [envelope][""][msgpack {"call": "status", "args": {...}}]
//   answer: [envelope][""][msgpack {"ok": true, "result": {...}}]  or  {"ok": false, "code":
//   "not_found", "text": "..."}
#pragma once

#include <string>
#include <string_view>

#include "bridge/base/result.h"
#include "bridge/telemetry/report.h"

namespace zbridge::protocol {

struct Call {
    std::string name;
    telemetry::Report args;
};

std::string pack_call(const Call& call);
Result<Call> unpack_call(std::string_view bytes);

std::string pack_answer(const Result<telemetry::Report>& answer);
// The result, or the error that the bridge answered, or why its bytes are no answer.
Result<telemetry::Report> unpack_answer(std::string_view bytes);

}  // namespace zbridge::protocol

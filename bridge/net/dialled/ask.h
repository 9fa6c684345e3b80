// One question to a REP or ROUTER, and its answer: for the command line, which has no reactor.
#pragma once

#include <string>

#include "bridge/base/clock.h"
#include "bridge/base/result.h"

namespace zbridge::net {

// Blocks. kUnavailable: nobody answered within `timeout`. kInvalid: libzmq does not take the
// address.
Result<std::string> ask(const std::string& address, const std::string& question, Duration timeout);

}  // namespace zbridge::net

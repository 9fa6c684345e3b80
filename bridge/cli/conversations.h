// A session of the bridge's own protocol, the way of all commands that have
// one: found by --at, opened, and what is wrong told to the user.
#pragma once

#include <memory>
#include <string>

#include "bridge/base/clock.h"
#include "bridge/cli/command.h"
#include "bridge/cli/conversation.h"

namespace zbridge::cli {

// Null: what is wrong stands on terminal.err.
struct Opened {
    std::unique_ptr<Conversation> session;
    Exit exit = Exit::kOk;
};
// `needs`: a feature that WELCOME has to list, and how the user is told that it
// does not.
struct Needed {
    const char* feature;
    const char* otherwise;
};
Opened open_session(const std::string& at, Needed needs, Terminal& terminal);

// Says what went wrong in it, and how the command ends.
Exit failed(const Status& why, Terminal& terminal);

}  // namespace zbridge::cli

// Names of what a bridge has, as commands take them, and what is said where nothing has that name.
#pragma once

#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "bridge/base/result.h"
#include "bridge/cli/conversation.h"

namespace zbridge::cli {

// Declares an argument that names a `kind` of thing, "topic": as NAME, or as routes write it, topic/NAME.
// What goes into `name` is NAME.
CLI::Option* add_name(CLI::App& app, const char* argument, std::string& name,
                      const std::string& kind, const std::string& help);

// "topic/orders" -> "orders", if it is of this kind.
std::optional<std::string> name_in(const std::string& reference, const std::string& kind);

// What the bridge has refused about what is called `name`. If it is not there: in the words of the other
// commands, with what may be meant.
Status refused_name(Status why, const char* kind, const std::string& name, Conversation& bridge);

}  // namespace zbridge::cli

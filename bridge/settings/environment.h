// ${VAR} and ${VAR:-default} in a scalar, replaced before it is typed. $${ is a literal ${.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "bridge/base/result.h"

namespace zbridge::settings {

// The value of an environment variable. Injected: nothing in this folder asks the process itself.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

// Limits: kExpandedBytesMax of the result, beyond which it is an error.
inline constexpr size_t kExpandedBytesMax = 64 * 1024;

// The text with its variables replaced, once: what a variable holds is not looked into. An empty
// variable takes the default as an unset one does, as in a shell. The error says what is wrong.
Result<std::string> expand(std::string_view text, const Environment& environment);

}  // namespace zbridge::settings

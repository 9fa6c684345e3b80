// Lets the user change bytes in an editor: a temporary file, which goes again.
//
// Thread:  any; it blocks until the editor has ended.
// Failure: kIo: no file could be made or read; kInvalid: the editor did not end well.
#pragma once

#include <string>

#include "bridge/base/result.h"

namespace zbridge::cli {

// `editor`: a command of the shell, as EDITOR has it: `vi`, `code --wait`.
Result<std::string> edit(const std::string& editor, const std::string& bytes);

}  // namespace zbridge::cli

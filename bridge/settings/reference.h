// The option table as people read it: config/reference.yaml and docs/REFERENCE.md are what these
// return.
#pragma once

#include <string>

#include "bridge/settings/option.h"

namespace zbridge::settings {

// A file with every key, its default or an example, and its help; what would not fit beside the
// rest is a comment. `check` passes it.
std::string reference_yaml(const Table& table);

// The same as tables, one for each section.
std::string reference_markdown(const Table& table);

}  // namespace zbridge::settings

// The JSON Schema of an option table (draft 2020-12): editors check and complete a YAML file with
// it.
#pragma once

#include <string>

#include "bridge/settings/option.h"

namespace zbridge::settings {

// What it accepts, `check` may still refuse: roles and references are beyond a schema. What it
// refuses, `check` does too.
std::string json_schema(const Table& table);

}  // namespace zbridge::settings

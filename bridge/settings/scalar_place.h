// Where in the file a byte of a scalar's value stands: for findings about a part of a text.
#pragma once

#include <optional>
#include <string_view>

#include "bridge/settings/source.h"

namespace zbridge::settings {

// `scalar` is where the scalar begins in the file, its quote or `|` included; `byte` counts from 0,
// in `value`. None where the file says something else there: an alias, or a variable or an escape
// before that byte.
std::optional<Place> place_in_scalar(const Source& source, Place scalar, std::string_view value,
                                     size_t byte);

}  // namespace zbridge::settings

// What to do about each refusal: what `explain` adds to the one table of codes.
#pragma once

#include <string_view>

#include "bridge/model/refusal.h"

namespace zbridge::cli {

// Sentences for whoever runs the bridge, or wrote the program that was refused.
std::string_view advice_for(Refusal refusal);

}  // namespace zbridge::cli

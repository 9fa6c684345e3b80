// Waiting, for a program that has no reactor: the command line.
#pragma once

#include "bridge/base/clock.h"

namespace zbridge {

// Blocks so long.
void wait_for(Duration time);

}  // namespace zbridge

// The plugins of the tree that are linked in: each enters through its entry function alone.
#pragma once

#include <vector>

#include "plugins/sdk/zbridge_plugin.h"

namespace zbridge::app {

std::vector<zb_entry> linked_in_plugins();

}  // namespace zbridge::app

// The entries of the plugins of this tree, as they are named when they are linked in.
#pragma once

#include "plugins/sdk/zbridge_plugin.h"

extern "C" {
const zb_plugin* zbridge_plugin_entry_filter(void);
}

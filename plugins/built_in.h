// The entries of the plugins of this tree, as they are named when they are linked in.
#pragma once

#include "plugins/sdk/zbridge_plugin.h"

extern "C" {
const zb_plugin* zbridge_plugin_entry_filter(void);
const zb_plugin* zbridge_plugin_entry_mask(void);
const zb_plugin* zbridge_plugin_entry_transform(void);
const zb_plugin* zbridge_plugin_entry_throttle(void);
const zb_plugin* zbridge_plugin_entry_file_source(void);
const zb_plugin* zbridge_plugin_entry_file_sink(void);
const zb_plugin* zbridge_plugin_entry_durable(void);
}

#include "bridge/app/linked_in.h"

#include "plugins/built_in.h"

namespace zbridge::app {

std::vector<zb_entry> linked_in_plugins() {
    return {zbridge_plugin_entry_filter,      zbridge_plugin_entry_mask,
            zbridge_plugin_entry_transform,   zbridge_plugin_entry_throttle,
            zbridge_plugin_entry_file_source, zbridge_plugin_entry_file_sink,
            zbridge_plugin_entry_durable};
}

}  // namespace zbridge::app

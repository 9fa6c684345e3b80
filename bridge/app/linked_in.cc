#include "bridge/app/linked_in.h"

namespace zbridge::app {

std::vector<zb_entry> linked_in_plugins() {
    return {};
}

}  // namespace zbridge::app

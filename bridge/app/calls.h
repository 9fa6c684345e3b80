// The admin calls of this bridge, on an ipc endpoint in its data directory (mode 0600).
#pragma once

#include <string>

#include "bridge/admin/admin.h"
#include "bridge/app/bridge.h"

namespace zbridge::app {

class Calls {
 public:
    Calls(Bridge& bridge, const Clock& clock);
    // Listens at this path.
    Status serve(const std::string& path);

 private:
    Bridge& bridge_;
    const Clock& clock_;
    admin::Admin admin_;
};

}  // namespace zbridge::app

#include "bridge/base/wait.h"

#include <thread>

namespace zbridge {

void wait_for(Duration time) {
    std::this_thread::sleep_for(time);
}

}  // namespace zbridge

// Who was refused for want of room, each once: told when it is worth another try.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "bridge/model/room_listener.h"

namespace zbridge::plugin {

class RoomWaiters {
 public:
    void add(RoomListener& waiting) {
        if (std::find(waiting_.begin(), waiting_.end(), &waiting) == waiting_.end())
            waiting_.push_back(&waiting);
    }
    // Those that are refused meanwhile wait for the next time.
    void tell() {
        for (RoomListener* listener : std::exchange(waiting_, {}))
            listener->on_room();
    }

 private:
    std::vector<RoomListener*> waiting_;
};

}  // namespace zbridge::plugin

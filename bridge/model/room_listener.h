// Who was told that a message cannot be taken, and waits until it is worth another try.
#pragma once

namespace zbridge {

class RoomListener {
 public:
    virtual ~RoomListener() = default;
    virtual void on_room() = 0;
};

}  // namespace zbridge

#include "bridge/net/peer.h"

#include <utility>

namespace zbridge::net {

void Peer::show_if_new(const Message& message) {
    if (std::exchange(shown_, true)) return;
    show(Passing::Way::kIn, {}, message.wire(), 1);
}

void Peer::show(Passing::Way way, const Slice& head, const Slice& wire, uint32_t messages) const {
    Passing passing;
    passing.way = way;
    passing.head = head;
    passing.wire = wire;
    passing.messages = messages;
    passing.peer = info_.id;
    passing.address = info_.address;
    passing.identity = info_.identity;
    passing.user = info_.user;
    watch_->on_passing(passing);
}

}  // namespace zbridge::net

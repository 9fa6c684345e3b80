#include "bridge/net/dialled/link.h"

#include <utility>

namespace zbridge::net {

bool Link::push(std::string& bytes) {
    const std::lock_guard guard(lock_);
    if (outgoing_.size() >= kMailboxItems || outgoing_bytes_ >= kMailboxBytes) {
        wants_room_ = true;
        return false;
    }
    outgoing_bytes_ += bytes.size();
    outgoing_.push_back(std::move(bytes));
    return true;
}

bool Link::pop(Incoming& into) {
    const std::lock_guard guard(lock_);
    if (incoming_.empty()) return false;
    into = std::move(incoming_.front());
    incoming_.pop_front();
    incoming_bytes_ -= into.bytes.size();
    return true;
}

size_t Link::waiting_bytes() const {
    const std::lock_guard guard(lock_);
    return outgoing_bytes_;
}

void Link::renew() {
    const std::lock_guard guard(lock_);
    renewal_ = true;
}

void Link::put(Incoming incoming) {
    const std::lock_guard guard(lock_);
    incoming_bytes_ += incoming.bytes.size();
    incoming_.push_back(std::move(incoming));
}

bool Link::has_room() const {
    const std::lock_guard guard(lock_);
    return incoming_bytes_ < kMailboxBytes && incoming_.size() < kMailboxItems;
}

bool Link::has_outgoing() const {
    const std::lock_guard guard(lock_);
    return !outgoing_.empty();
}

bool Link::take_outgoing(std::string& into, bool& made_room) {
    const std::lock_guard guard(lock_);
    if (outgoing_.empty()) return false;
    into = std::move(outgoing_.front());
    outgoing_.pop_front();
    outgoing_bytes_ -= into.size();
    made_room |= std::exchange(wants_room_, false);
    return true;
}

bool Link::take_renewal() {
    const std::lock_guard guard(lock_);
    return std::exchange(renewal_, false);
}

}  // namespace zbridge::net

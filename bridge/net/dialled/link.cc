#include "bridge/net/dialled/link.h"

#include <utility>

namespace zbridge::net {

bool Link::push(std::string& bytes, uint64_t messages) {
    const std::lock_guard guard(lock_);
    if (outgoing_.size() >= kMailboxItems || outgoing_bytes_ >= kMailboxBytes) {
        wants_room_ = true;
        return false;
    }
    outgoing_bytes_ += bytes.size();
    waiting_.outgoing += messages;
    if (ends_untold_ > 0 && !keeps_outgoing())
        lose_locked(bytes.size(), messages);
    else
        outgoing_.push_back({std::move(bytes), messages});
    return true;
}

bool Link::pop(Incoming& into) {
    const std::lock_guard guard(lock_);
    if (incoming_.empty()) return false;
    into = std::move(incoming_.front());
    incoming_.pop_front();
    incoming_bytes_ -= into.bytes.size();
    waiting_.incoming -= into.messages;
    if (into.kind == Incoming::Kind::kClosed) ends_untold_--;
    return true;
}

bool Link::has_incoming() const {
    const std::lock_guard guard(lock_);
    return !incoming_.empty();
}

Link::Waiting Link::waiting() const {
    const std::lock_guard guard(lock_);
    return waiting_;
}

void Link::renew() {
    const std::lock_guard guard(lock_);
    renewal_ = true;
}

void Link::drain(bool stop_reading) {
    const std::lock_guard guard(lock_);
    draining_ = true;
    stops_reading_ = stop_reading;
}

bool Link::read_out() const {
    const std::lock_guard guard(lock_);
    return read_out_;
}

uint64_t Link::lost() const {
    const std::lock_guard guard(lock_);
    return lost_;
}

std::string Link::trouble() const {
    const std::lock_guard guard(lock_);
    return trouble_;
}

RefusalCounts Link::refusals() const {
    const std::lock_guard guard(lock_);
    return refusals_;
}

void Link::refuse(Refusal why) {
    const std::lock_guard guard(lock_);
    refusals_.add(why);
}

void Link::set_trouble(std::string what) {
    const std::lock_guard guard(lock_);
    trouble_ = std::move(what);
}

void Link::put(Incoming incoming) {
    const std::lock_guard guard(lock_);
    if (incoming.kind == Incoming::Kind::kClosed) {
        ends_untold_++;
        while (!keeps_outgoing() && !outgoing_.empty()) {
            lose_locked(outgoing_.front().bytes.size(), outgoing_.front().messages);
            outgoing_.pop_front();
        }
    }
    incoming_bytes_ += incoming.bytes.size();
    waiting_.incoming += incoming.messages;
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

bool Link::take_outgoing(std::string& into) {
    const std::lock_guard guard(lock_);
    if (outgoing_.empty()) return false;
    into = std::move(outgoing_.front().bytes);
    outgoing_.pop_front();
    return true;
}

bool Link::sent(size_t bytes, uint64_t messages) {
    const std::lock_guard guard(lock_);
    outgoing_bytes_ -= bytes;
    waiting_.outgoing -= messages;
    const bool room = outgoing_.size() < kMailboxItems && outgoing_bytes_ < kMailboxBytes;
    if (room && std::exchange(wants_room_, false)) return true;
    return draining_ && outgoing_bytes_ == 0;
}

void Link::lose(size_t bytes, uint64_t messages) {
    const std::lock_guard guard(lock_);
    lose_locked(bytes, messages);
}

void Link::lose_locked(size_t bytes, uint64_t messages) {
    outgoing_bytes_ -= bytes;
    waiting_.outgoing -= messages;
    // A subscription is no message: the next connection is told anew what is wanted.
    if (socket_ != SocketType::kSub && socket_ != SocketType::kXsub) lost_ += messages;
}

bool Link::stops_reading() const {
    const std::lock_guard guard(lock_);
    return stops_reading_;
}

void Link::set_read_out() {
    const std::lock_guard guard(lock_);
    read_out_ = true;
}

bool Link::take_renewal() {
    const std::lock_guard guard(lock_);
    return std::exchange(renewal_, false);
}

}  // namespace zbridge::net

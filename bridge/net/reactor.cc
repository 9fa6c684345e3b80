#include "bridge/net/reactor.h"

#include <algorithm>
#include <array>
#include <utility>

namespace zbridge::net {

Status Reactor::add(Socket socket, Ready& ready) {
    uint32_t slot = 0;
    if (free_slots_.empty()) {
        slot = static_cast<uint32_t>(slots_.size());
        slots_.emplace_back();
    } else {
        slot = free_slots_.back();
        free_slots_.pop_back();
    }
    slots_[slot].ready = &ready;
    ready.token_ = static_cast<uint64_t>(slots_[slot].generation) << 32 | slot;
    Status status = net_.watch(socket, ready.token_);
    if (!status.ok()) forget(ready);
    return status;
}

void Reactor::forget(Ready& ready) {
    const auto slot = static_cast<uint32_t>(ready.token_);
    ZB_CHECK(slot < slots_.size() && slots_[slot].ready == &ready, slot);
    slots_[slot].ready = nullptr;
    slots_[slot].generation =
        (slots_[slot].generation + 1) & 0x7fffffff;  // ~0 is the wakeup's token
    free_slots_.push_back(slot);
    drop(ready);
}

void Reactor::drop(Ready& ready) {
    const auto leave = [&](std::vector<Ready*>& list) {
        std::replace(list.begin(), list.end(), &ready, static_cast<Ready*>(nullptr));
    };
    if (ready.queued_) {
        leave(ready_);
        leave(running_);
        ready.queued_ = false;
    }
    if (ready.dirty_) {
        leave(dirty_);
        leave(flushing_);
        ready.dirty_ = false;
    }
}

void Reactor::make_ready(Ready& ready) {
    if (ready.queued_) return;
    ready.queued_ = true;
    ready_.push_back(&ready);
}

void Reactor::make_dirty(Ready& ready) {
    if (ready.dirty_) return;
    ready.dirty_ = true;
    dirty_.push_back(&ready);
}

ChunkRef& Reactor::read_chunk(size_t bytes) {
    if (read_chunk_.unique() && read_chunk_->live() == 0)
        read_chunk_->rewind();  // still warm in the cache
    if (!read_chunk_ || read_chunk_->free_space() < bytes) {
        read_chunk_ = memory_.allocate(MemoryBudget::kChunkBytes);
    }
    return read_chunk_;
}

void Reactor::run() {
    while (!stopping_)
        turn(true);
}

void Reactor::turn(bool may_wait) {
    take_events(may_wait);
    now_ = clock_.now();
    turn_++;

    running_.swap(ready_);
    for (size_t i = 0; i < running_.size(); i++) {
        Ready* ready = running_[i];
        if (ready == nullptr) continue;
        running_[i] = nullptr;
        ready->queued_ = false;
        ready->on_turn();
    }
    running_.clear();

    timers_.run_due(now_);
    for (const auto& then : before_writing_)
        then();

    flushing_.swap(dirty_);
    for (size_t i = 0; i < flushing_.size(); i++) {
        Ready* ready = flushing_[i];
        if (ready == nullptr) continue;
        flushing_[i] = nullptr;
        ready->dirty_ = false;
        ready->on_flush();
    }
    flushing_.clear();
    // After the writing: what it has made room for can be told to those who wait.
    for (const auto& then : turn_ends_)
        then();
    graveyard_.clear();
}

void Reactor::take_events(bool may_wait) {
    std::optional<Duration> timeout = Duration{};
    if (may_wait && ready_.empty() && dirty_.empty()) {
        const auto due = timers_.next_due();
        if (due)
            timeout = std::max(*due - clock_.now(), Duration{});
        else
            timeout = std::nullopt;
    }
    std::array<NetEvent, kEventsMax> events;
    const Duration look = std::exchange(look_, Duration{});
    const bool looks = look > Duration{} && (!timeout || *timeout > look);
    const size_t got = looks ? net_.look(events, look) : net_.wait(events, timeout);
    for (size_t i = 0; i < got; i++) {
        const auto slot = static_cast<uint32_t>(events[i].token);
        const auto generation = static_cast<uint32_t>(events[i].token >> 32);
        if (slot >= slots_.size() || slots_[slot].generation != generation) continue;
        Ready* ready = slots_[slot].ready;
        if (ready == nullptr) continue;
        ready->readable_ |= events[i].readable;
        ready->writable_ |= events[i].writable;
        ready->ended_ |= events[i].ended;
        make_ready(*ready);
    }
}

}  // namespace zbridge::net

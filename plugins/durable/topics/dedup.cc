#include "plugins/durable/topics/dedup.h"

#include <utility>

#include "bridge/base/check.h"

namespace zbridge::durable {

Dedup::Dedup(const DedupOptions& options, const HashKey& key, MemoryBudget& memory)
    : options_(options), key_(key), memory_(memory) {
    ZB_CHECK(options.max > 0 && options.max < kFree / 2, options.max);
}

Dedup::~Dedup() {
    memory_.take_back(counted_);
}

std::optional<MessageId> Dedup::find(std::string_view producer_id, int64_t now_ms) {
    forget_old(now_ms);
    if (size_ == 0) return std::nullopt;
    const uint32_t place = slots_[slot_of(siphash(key_, producer_id))];
    // One that was moved may stand behind newer ones.
    if (place == kFree || ring_[place].stored_ms + options_.window_ms <= now_ms)
        return std::nullopt;
    return ring_[place].message;
}

void Dedup::add(std::string_view producer_id, MessageId message, int64_t now_ms) {
    if (size_ == options_.max) forget_oldest();
    if (size_ == ring_.size()) grow();
    const Digest digest = siphash(key_, producer_id);
    const size_t place = (first_ + size_) & (ring_.size() - 1);
    // Not free: one that is too old, and whose turn to be forgotten has not come.
    const size_t slot = slot_of(digest);
    ring_[place] = {digest, message, now_ms};
    slots_[slot] = static_cast<uint32_t>(place);
    size_++;
}

void Dedup::change(const DedupOptions& options) {
    options_ = options;
    while (size_ > options_.max)
        forget_oldest();
}

// Where it is, or would be.
size_t Dedup::slot_of(const Digest& digest) const {
    const size_t mask = slots_.size() - 1;
    size_t slot = digest.first & mask;
    while (slots_[slot] != kFree && ring_[slots_[slot]].digest != digest)
        slot = (slot + 1) & mask;
    return slot;
}

void Dedup::forget_old(int64_t now_ms) {
    while (size_ > 0 && ring_[first_].stored_ms + options_.window_ms <= now_ms)
        forget_oldest();
}

void Dedup::forget_oldest() {
    const size_t mask = slots_.size() - 1;
    size_t hole = slot_of(ring_[first_].digest);
    const bool replaced = slots_[hole] != first_;  // by a newer one with its id
    first_ = (first_ + 1) & (ring_.size() - 1);
    size_--;
    if (replaced) return;
    // What stands behind it, and would rather stand in the hole, moves there.
    for (size_t next = (hole + 1) & mask; slots_[next] != kFree; next = (next + 1) & mask) {
        const size_t home = ring_[slots_[next]].digest.first & mask;
        if (((next - home) & mask) < ((next - hole) & mask)) continue;
        slots_[hole] = slots_[next];
        hole = next;
    }
    slots_[hole] = kFree;
}

void Dedup::grow() {
    std::vector<Seen> old = std::exchange(ring_, {});
    ring_.resize(old.empty() ? 64 : 2 * old.size());
    slots_.assign(2 * ring_.size(), kFree);
    for (size_t i = 0; i < size_; i++) {
        ring_[i] = old[(first_ + i) & (old.size() - 1)];
        slots_[slot_of(ring_[i].digest)] = static_cast<uint32_t>(i);
    }
    first_ = 0;
    memory_.take_back(counted_);
    counted_ = ring_.size() * sizeof(Seen) + slots_.size() * sizeof(uint32_t);
    memory_.add(counted_);
}

}  // namespace zbridge::durable

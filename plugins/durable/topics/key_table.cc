#include "plugins/durable/topics/key_table.h"

#include <algorithm>
#include <utility>

namespace zbridge::durable {

namespace {

constexpr size_t kSlotsMin = 64;
// Of keys_max: so many messages have to find no room before old keys are looked for again.
constexpr uint32_t kSweepEvery = 8;

}  // namespace

std::optional<KeyTable::Newest> KeyTable::note(std::string_view key, const Newest& message,
                                               Offset floor) {
    const Digest digest = siphash(key_, key);
    size_t slot = slots_.empty() ? 0 : slot_of(digest);
    if (slots_.empty() || slots_[slot].place == 0) {
        if (!make_room(floor)) {
            not_remembered_++;
            return std::nullopt;
        }
        slots_[slot_of(digest)] = {digest, message.offset.number + 1, message.bytes};
        size_++;
        return std::nullopt;
    }
    Slot& known = slots_[slot];
    const Newest before{{known.place - 1}, known.bytes};
    if (message.offset < before.offset) return message;
    known.place = message.offset.number + 1;
    known.bytes = message.bytes;
    // The same one, told again.
    if (message.offset == before.offset) return std::nullopt;
    return before;
}

std::optional<Offset> KeyTable::newest(std::string_view key) const {
    if (slots_.empty()) return std::nullopt;
    const Slot& slot = slots_[slot_of(siphash(key_, key))];
    if (slot.place == 0) return std::nullopt;
    return Offset{slot.place - 1};
}

// Where it is, or would be.
size_t KeyTable::slot_of(const Digest& digest) const {
    const size_t mask = slots_.size() - 1;
    size_t slot = digest.first & mask;
    while (slots_[slot].place != 0 && slots_[slot].digest != digest)
        slot = (slot + 1) & mask;
    return slot;
}

bool KeyTable::make_room(Offset floor) {
    if (size_ >= keys_max_ && floor > swept_ && not_remembered_ >= next_sweep_) {
        rebuild(slots_.size(), floor);
        swept_ = floor;
        next_sweep_ = not_remembered_ + keys_max_ / kSweepEvery;
    }
    if (size_ >= keys_max_) return false;
    if (4 * (size_ + 1) > 3 * slots_.size()) rebuild(std::max(kSlotsMin, 2 * slots_.size()), {});
    return true;
}

void KeyTable::rebuild(size_t slots, Offset floor) {
    std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(slots));
    size_ = 0;
    for (const Slot& each : old) {
        if (each.place == 0 || Offset{each.place - 1} < floor) continue;
        slots_[slot_of(each.digest)] = each;
        size_++;
    }
    memory_.take_back(counted_);
    counted_ = slots_.size() * sizeof(Slot);
    memory_.add(counted_);
}

}  // namespace zbridge::durable

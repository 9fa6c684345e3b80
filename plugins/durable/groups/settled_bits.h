// Which offsets between a group's floor and its cursor are settled, a bit each.
//
// Limits:  kPageBits a page; a page with all of its bits set costs no memory but its entry, nor does
//          one with none.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string_view>

#include "plugins/durable/groups/range_set.h"

namespace zbridge::durable {

class SettledBits {
 public:
    static constexpr uint64_t kPageBits = 32'768;
    static constexpr size_t kPageBytes = kPageBits / 8;

    // Returns how many of them were not.
    uint64_t set(OffsetRange range);
    bool has(Offset offset) const;
    // The first one from `from` on that is not set.
    Offset first_unset(Offset from) const;
    // How many of a range, from its beginning on, are not set.
    uint64_t unset_at(OffsetRange range) const;
    // How many are set, from `from` on.
    uint64_t count_from(Offset from) const;
    // Nobody asks for those below it any more.
    void forget_below(Offset offset);
    // From there on none is set.
    void clear_from(Offset offset);
    void clear() { pages_.clear(); }

    // Pages that have set bits; of a full one the bytes are none.
    using Visit = std::function<void(uint64_t page, std::string_view bytes)>;
    void each_page(const Visit& visit) const;
    // False: it is no such page.
    [[nodiscard]] bool restore_page(uint64_t page, std::string_view bytes);

    // Of those that cost memory.
    size_t pages() const;
    // Setting a bit of it costs none.
    bool has_page(Offset offset) const { return pages_.contains(offset.number / kPageBits); }

 private:
    using Words = std::array<uint64_t, kPageBits / 64>;
    struct Page {
        std::unique_ptr<Words> words;  // null: all are set
        uint64_t count = 0;
    };

    uint64_t set_in_page(uint64_t page, uint64_t from, uint64_t to);

    std::map<uint64_t, Page> pages_;
};

}  // namespace zbridge::durable

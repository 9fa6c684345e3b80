#include "plugins/durable/groups/settled_bits.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace zbridge::durable {

namespace {

static_assert(std::endian::native == std::endian::little, "pages go to the disk as they are");

// Bits `from` to `to` of a word.
uint64_t mask_of(uint64_t from, uint64_t to) {
    const uint64_t below_to = to == 64 ? ~uint64_t{0} : (uint64_t{1} << to) - 1;
    return below_to & ~((uint64_t{1} << from) - 1);
}

}  // namespace

uint64_t SettledBits::set(OffsetRange range) {
    uint64_t newly = 0;
    for (uint64_t at = range.first.number; at < range.end().number;) {
        const uint64_t page = at / kPageBits;
        const uint64_t end = std::min(range.end().number, (page + 1) * kPageBits);
        newly += set_in_page(page, at % kPageBits, end - page * kPageBits);
        at = end;
    }
    return newly;
}

uint64_t SettledBits::set_in_page(uint64_t number, uint64_t from, uint64_t to) {
    Page& page = pages_[number];
    if (page.count == kPageBits) return 0;
    if (!page.words) page.words = std::make_unique<Words>();
    const uint64_t before = page.count;
    for (uint64_t at = from; at < to;) {
        const uint64_t end = std::min(to, (at / 64 + 1) * 64);
        uint64_t& word = (*page.words)[at / 64];
        const uint64_t added = mask_of(at % 64, end - at / 64 * 64) & ~word;
        word |= added;
        page.count += static_cast<uint64_t>(std::popcount(added));
        at = end;
    }
    const uint64_t newly = page.count - before;
    if (page.count == kPageBits) page.words.reset();
    return newly;
}

bool SettledBits::has(Offset offset) const {
    const auto found = pages_.find(offset.number / kPageBits);
    if (found == pages_.end()) return false;
    if (!found->second.words) return true;
    const uint64_t bit = offset.number % kPageBits;
    return ((*found->second.words)[bit / 64] >> (bit % 64) & 1) != 0;
}

Offset SettledBits::first_unset(Offset from) const {
    for (uint64_t at = from.number;;) {
        const auto found = pages_.find(at / kPageBits);
        if (found == pages_.end()) return {at};
        const uint64_t end = (at / kPageBits + 1) * kPageBits;
        if (!found->second.words) {
            at = end;
            continue;
        }
        while (at < end) {
            const uint64_t bit = at % kPageBits;
            const uint64_t unset = ~(*found->second.words)[bit / 64] >> (bit % 64);
            if (unset != 0) return {at + static_cast<uint64_t>(std::countr_zero(unset))};
            at += 64 - bit % 64;
        }
    }
}

uint64_t SettledBits::unset_at(OffsetRange range) const {
    uint64_t count = 0;
    while (count < range.count) {
        const uint64_t at = range.first.number + count;
        const auto found = pages_.find(at / kPageBits);
        if (found == pages_.end()) {
            count += kPageBits - at % kPageBits;
            continue;
        }
        if (!found->second.words) break;
        const uint64_t bit = at % kPageBits;
        const uint64_t set = (*found->second.words)[bit / 64] >> (bit % 64);
        if (set != 0) {
            count += static_cast<uint64_t>(std::countr_zero(set));
            break;
        }
        count += 64 - bit % 64;
    }
    return std::min(count, range.count);
}

uint64_t SettledBits::count_from(Offset from) const {
    uint64_t count = 0;
    for (auto at = pages_.lower_bound(from.number / kPageBits); at != pages_.end(); ++at) {
        const auto& [number, page] = *at;
        const uint64_t first = std::max(from.number, number * kPageBits) % kPageBits;
        if (!page.words || first == 0) {
            count += page.words ? page.count : kPageBits - first;
            continue;
        }
        for (uint64_t word = first / 64; word < page.words->size(); word++) {
            const uint64_t below = word == first / 64 ? mask_of(0, first % 64) : 0;
            count += static_cast<uint64_t>(std::popcount((*page.words)[word] & ~below));
        }
    }
    return count;
}

void SettledBits::forget_below(Offset offset) {
    pages_.erase(pages_.begin(), pages_.lower_bound(offset.number / kPageBits));
}

void SettledBits::clear_from(Offset offset) {
    const uint64_t number = offset.number / kPageBits, kept = offset.number % kPageBits;
    pages_.erase(pages_.lower_bound(number + (kept > 0 ? 1 : 0)), pages_.end());
    const auto found = pages_.find(number);
    if (found == pages_.end()) return;
    Page& page = found->second;
    if (!page.words) {
        page.words = std::make_unique<Words>();
        page.words->fill(~uint64_t{0});
    }
    for (uint64_t word = kept / 64; word < page.words->size(); word++)
        (*page.words)[word] &= word == kept / 64 ? mask_of(0, kept % 64) : 0;
    page.count = 0;
    for (const uint64_t word : *page.words)
        page.count += static_cast<uint64_t>(std::popcount(word));
}

void SettledBits::each_page(const Visit& visit) const {
    for (const auto& [number, page] : pages_) {
        if (page.words)
            visit(number, {reinterpret_cast<const char*>(page.words->data()), kPageBytes});
        else
            visit(number, {});
    }
}

bool SettledBits::restore_page(uint64_t number, std::string_view bytes) {
    if (!bytes.empty() && bytes.size() != kPageBytes) return false;
    Page page;
    page.count = kPageBits;
    if (!bytes.empty()) {
        page.words = std::make_unique<Words>();
        std::memcpy(page.words->data(), bytes.data(), kPageBytes);
        page.count = 0;
        for (const uint64_t word : *page.words)
            page.count += static_cast<uint64_t>(std::popcount(word));
        if (page.count == kPageBits) page.words.reset();
    }
    pages_[number] = std::move(page);
    return true;
}

size_t SettledBits::pages() const {
    return static_cast<size_t>(std::count_if(pages_.begin(), pages_.end(), [](const auto& each) {
        return each.second.words != nullptr;
    }));
}

}  // namespace zbridge::durable

// Which store a file belongs to: 16 bytes by chance, given once. Batches are summed with it, so
// that bytes of another store, or those that a producer has put into a message, are no batch of
// this one.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "bridge/base/random.h"

namespace zbridge::durable {

struct StoreId {
    static constexpr size_t kBytes = 16;

    static StoreId by_chance(Random& random);
    static std::optional<StoreId> parse(std::string_view hex);
    std::string text() const;  // 32 hexadecimal digits
    std::string_view view() const { return {bytes.data(), bytes.size()}; }
    bool operator==(const StoreId&) const = default;

    std::array<char, kBytes> bytes{};
};

}  // namespace zbridge::durable

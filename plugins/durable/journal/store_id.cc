#include "plugins/durable/journal/store_id.h"

#include <fmt/format.h>

#include <charconv>

#include "plugins/durable/journal/little_endian.h"

namespace zbridge::durable {

StoreId StoreId::by_chance(Random& random) {
    StoreId id;
    put_le(id.bytes.data(), random.next());
    put_le(id.bytes.data() + 8, random.next());
    return id;
}

std::optional<StoreId> StoreId::parse(std::string_view hex) {
    if (hex.size() != 2 * kBytes) return std::nullopt;
    StoreId id;
    for (size_t i = 0; i < kBytes; i++) {
        uint8_t byte = 0;
        const char* const from = hex.data() + 2 * i;
        const auto [end, error] = std::from_chars(from, from + 2, byte, 16);
        if (error != std::errc() || end != from + 2) return std::nullopt;
        id.bytes[i] = static_cast<char>(byte);
    }
    return id;
}

std::string StoreId::text() const {
    std::string hex;
    for (const char byte : bytes)
        hex += fmt::format("{:02x}", static_cast<uint8_t>(byte));
    return hex;
}

}  // namespace zbridge::durable

#include "bridge/base/crc32c.h"

#include <array>

namespace zbridge {

namespace {

constexpr std::array<uint32_t, 256> make_table() {
    std::array<uint32_t, 256> table{};
    for (uint32_t byte = 0; byte < table.size(); byte++) {
        uint32_t sum = byte;
        for (int bit = 0; bit < 8; bit++)
            sum = sum >> 1 ^ ((sum & 1) != 0 ? 0x82f63b78U : 0U);
        table[byte] = sum;
    }
    return table;
}
constexpr auto kTable = make_table();

}  // namespace

uint32_t crc32c(std::string_view bytes, uint32_t before) {
    uint32_t sum = ~before;
    for (const char c : bytes)
        sum = sum >> 8 ^ kTable[(sum ^ static_cast<uint8_t>(c)) & 0xff];
    return ~sum;
}

}  // namespace zbridge

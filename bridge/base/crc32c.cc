#include "bridge/base/crc32c.h"

#include <array>
#include <cstring>

namespace zbridge {

namespace {

// kTables[k][b]: what byte b does to the sum when k more bytes follow it (slicing by 8).
using Tables = std::array<std::array<uint32_t, 256>, 8>;
constexpr Tables make_tables() {
    Tables tables{};
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t sum = byte;
        for (int bit = 0; bit < 8; bit++)
            sum = sum >> 1 ^ ((sum & 1) != 0 ? 0x82f63b78U : 0U);
        tables[0][byte] = sum;
    }
    for (size_t more = 1; more < tables.size(); more++) {
        for (size_t byte = 0; byte < 256; byte++) {
            const uint32_t before = tables[more - 1][byte];
            tables[more][byte] = before >> 8 ^ tables[0][before & 0xff];
        }
    }
    return tables;
}
constexpr Tables kTables = make_tables();

uint32_t by_table(const char* at, size_t bytes, uint32_t sum) {
    for (; bytes >= 8; at += 8, bytes -= 8) {
        const auto byte = [&](size_t i) { return static_cast<uint8_t>(at[i]); };
        sum = kTables[7][(sum ^ byte(0)) & 0xff] ^ kTables[6][(sum >> 8 ^ byte(1)) & 0xff] ^
              kTables[5][(sum >> 16 ^ byte(2)) & 0xff] ^ kTables[4][sum >> 24 ^ byte(3)] ^
              kTables[3][byte(4)] ^ kTables[2][byte(5)] ^ kTables[1][byte(6)] ^ kTables[0][byte(7)];
    }
    for (; bytes > 0; at++, bytes--)
        sum = sum >> 8 ^ kTables[0][(sum ^ static_cast<uint8_t>(*at)) & 0xff];
    return sum;
}

#if defined(__x86_64__)
// The processor's own instruction: a tenth of the table's time.
__attribute__((target("sse4.2"))) uint32_t by_instruction(const char* at, size_t bytes,
                                                          uint32_t sum) {
    uint64_t wide = sum;
    for (; bytes >= 8; at += 8, bytes -= 8) {
        uint64_t word = 0;
        std::memcpy(&word, at, sizeof(word));
        wide = __builtin_ia32_crc32di(wide, word);
    }
    sum = static_cast<uint32_t>(wide);
    for (; bytes > 0; at++, bytes--)
        sum = __builtin_ia32_crc32qi(sum, static_cast<uint8_t>(*at));
    return sum;
}

bool has_instruction() {
    static const bool has = __builtin_cpu_supports("sse4.2") != 0;
    return has;
}
#endif

}  // namespace

uint32_t crc32c(std::string_view bytes, uint32_t before) {
#if defined(__x86_64__)
    if (has_instruction()) return ~by_instruction(bytes.data(), bytes.size(), ~before);
#endif
    return ~by_table(bytes.data(), bytes.size(), ~before);
}

uint32_t crc32c_by_table(std::string_view bytes, uint32_t before) {
    return ~by_table(bytes.data(), bytes.size(), ~before);
}

}  // namespace zbridge

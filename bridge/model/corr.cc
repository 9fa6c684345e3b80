#include "bridge/model/corr.h"

#include "bridge/model/big_endian.h"

namespace zbridge {

namespace {

constexpr bool is_checked(size_t position) {
    return position != 2 && position != 3;
}

// For each position the CRC-16/XMODEM (polynomial 0x1021) of each octet there and zeros elsewhere.
// A CRC that begins with 0 is linear: that of all bytes is the exclusive or of these, in any order.
using CheckTable = std::array<std::array<uint16_t, 256>, Corr::kBytes>;
constexpr CheckTable check_table() {
    CheckTable table{};
    unsigned bits_behind = 0;
    for (size_t position = Corr::kBytes; position-- > 0;) {
        if (!is_checked(position)) continue;
        bits_behind += 8;
        for (unsigned octet = 0; octet < 256; octet++) {
            unsigned crc = octet << 8;
            for (unsigned bit = 0; bit < bits_behind; bit++) {
                crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
            }
            table[position][octet] = static_cast<uint16_t>(crc);
        }
    }
    return table;
}

// The CRC of every byte but the check itself. Against junk, not against forgery: a worker that may
// answer requests may answer them wrongly anyway. By table: two of these are in the way of every
// request.
uint16_t check_of(const std::array<char, Corr::kBytes>& bytes) {
    static constexpr CheckTable kTable = check_table();
    uint16_t crc = 0;
    for (size_t i = 0; i < bytes.size(); i++) {
        crc = static_cast<uint16_t>(crc ^ kTable[i][static_cast<uint8_t>(bytes[i])]);
    }
    return crc;
}

}  // namespace

std::array<char, Corr::kBytes> Corr::encode() const {
    std::array<char, kBytes> bytes{};
    bytes[0] = static_cast<char>(kind);
    bytes[1] = static_cast<char>(attempt);
    put_big_endian(&bytes[4], epoch.number());
    put_big_endian(&bytes[8], number);
    put_big_endian(&bytes[2], check_of(bytes));
    return bytes;
}

std::optional<Corr> Corr::decode(std::string_view text) {
    if (text.size() != kBytes) return std::nullopt;
    std::array<char, kBytes> bytes{};
    text.copy(bytes.data(), kBytes);
    if (static_cast<Kind>(bytes[0]) != Kind::kRequest) return std::nullopt;
    if (get_big_endian<uint16_t>(&bytes[2]) != check_of(bytes)) return std::nullopt;
    return Corr{Kind::kRequest, static_cast<uint8_t>(bytes[1]),
                Epoch(get_big_endian<uint32_t>(&bytes[4])), get_big_endian<uint64_t>(&bytes[8])};
}

}  // namespace zbridge

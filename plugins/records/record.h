// The framing of `format: records`: messages of any bytes and frames in a file, one behind the
// other. All numbers are little-endian.
//
//   record  := size (4 bytes: of the payload)  sum (4 bytes: CRC-32C of the payload)  payload
//   payload := frame+                          frame := size (4 bytes)  bytes
//
// Promise: what cut_record() takes is what append_record() wrote; a piece that was torn off, zeros
//          and flipped bits are told apart from it.
// Limits:  kPayloadBytesMax a payload, kFramesMax frames.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zbridge::records {

inline constexpr size_t kHeadBytes = 8;
inline constexpr size_t kPayloadBytesMax = 64 << 20;
inline constexpr size_t kFramesMax = 64;

// False: too large, too many frames or none; nothing is appended.
bool append_record(const std::vector<std::string_view>& frames, std::string& out);

enum class Cut : uint8_t {
    kWhole,
    kPartial,  // as far as one can see it is a record's beginning
    kDamaged,
};

// The size of the record that begins here, head included; kWhole: if the head is there. Reads no
// more than kHeadBytes.
Cut measure_record(std::string_view bytes, size_t& size);
// kWhole: `frames` are views of `bytes`, and `size` is where the next record begins.
Cut cut_record(std::string_view bytes, size_t& size, std::vector<std::string_view>& frames);

// The sums that find_record() takes, at most; then what looks like a record is taken for one.
inline constexpr size_t kSearchedBytesMax = 256 << 20;
// Where the first whole record begins, at `from` or behind it: what stands before it is no piece
// that was torn off.
std::optional<size_t> find_record(std::string_view bytes, size_t from);

}  // namespace zbridge::records

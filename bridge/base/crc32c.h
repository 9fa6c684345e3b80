// CRC-32C (Castagnoli; RFC 3720, appendix B.4): tells damage from what was written.
#pragma once

#include <cstdint>
#include <string_view>

namespace zbridge {

// Of `bytes` alone, or of what `before` is the sum of, followed by them.
uint32_t crc32c(std::string_view bytes, uint32_t before = 0);
// The same, on processors without an instruction for it.
uint32_t crc32c_by_table(std::string_view bytes, uint32_t before = 0);

}  // namespace zbridge

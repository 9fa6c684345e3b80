// The header of a SETTLE, as a client says it: tokens are bytes, which a report
// cannot tell from text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace zbridge::protocol {

// `ranges`: the octets of a token, and how many messages from it on.
std::string pack_settle(std::string_view group, std::string_view verdict,
                        const std::vector<std::pair<std::string, uint64_t>>& ranges, uint64_t ref);

}  // namespace zbridge::protocol

// A block: application messages one behind the other, each in frames as ZMTP writes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace zbridge::protocol {

// Of bytes that a peer sent: how many messages they are. None: they are no block.
std::optional<uint32_t> count_messages(std::string_view block);

}  // namespace zbridge::protocol

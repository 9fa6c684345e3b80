// Messages as the blocks of the bridge's own protocol have them, and back.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zbridge::cli {

using MessageFrames = std::vector<std::string>;

void append_message(std::string& block, const MessageFrames& frames);
// None: the bytes are no block.
std::optional<std::vector<MessageFrames>> messages_in(std::string_view block);

// As receipts to plain sockets show it: of 16 octets, so many messages behind
// it. Empty: it is none.
std::string id_text(std::string_view octets, uint64_t behind = 0);

// For people: the frames one behind the other, as they are, or what no terminal
// should see escaped.
std::string frames_text(const MessageFrames& frames, bool for_terminal);

}  // namespace zbridge::cli

#include "bridge/cli/message_frames.h"

#include "bridge/base/message_id.h"
#include "bridge/cli/text.h"
#include "bridge/model/big_endian.h"
#include "bridge/model/message.h"
#include "bridge/protocol/message_block.h"

namespace zbridge::cli {

void append_message(std::string& block, const MessageFrames& frames) {
    for (size_t i = 0; i < frames.size(); i++)
        append_frame(block, frames[i], i + 1 < frames.size());
}

std::optional<std::vector<MessageFrames>> messages_in(std::string_view block) {
    std::vector<MessageFrames> messages;
    if (block.empty()) return messages;
    if (!protocol::count_messages(block)) return std::nullopt;
    for (size_t at = 0; at < block.size();) {
        MessageFrames& frames = messages.emplace_back();
        for (bool more = true; more;) {
            const Frame frame = frame_at(block, at);
            frames.emplace_back(frame.body);
            more = frame.more;
            at = frame.end;
        }
    }
    return messages;
}

std::string id_text(std::string_view octets, uint64_t behind) {
    constexpr size_t kHalf = sizeof(uint64_t);
    if (octets.size() != 2 * kHalf) return {};
    return MessageId{get_big_endian<uint64_t>(octets.data()),
                     get_big_endian<uint64_t>(octets.data() + kHalf) + behind}
        .text();
}

std::string frames_text(const MessageFrames& frames, bool for_terminal) {
    std::string text;
    for (const std::string& frame : frames)
        text += (for_terminal ? printable(frame, true) : frame) + "\n";
    return text;
}

}  // namespace zbridge::cli

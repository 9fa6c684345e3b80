#include "bridge/rpc/error_reply.h"

#include <utility>

#include "bridge/model/message.h"

namespace zbridge::rpc {

namespace {

// In one pass: braces in what is put in are not looked at again.
std::string filled(std::string_view frame, Refusal why, std::string_view id) {
    const std::pair<std::string_view, std::string_view> places[] = {
        {"{code}", name_of(why)}, {"{reason}", meaning_of(why)}, {"{id}", id}};
    std::string text;
    while (!frame.empty()) {
        bool replaced = false;
        for (const auto& [name, value] : places) {
            if (!frame.starts_with(name)) continue;
            text += value;
            frame.remove_prefix(name.size());
            replaced = true;
            break;
        }
        if (replaced) continue;
        text += frame.front();
        frame.remove_prefix(1);
    }
    return text;
}

}  // namespace

Slice ErrorReply::render(MemoryBudget& memory, Refusal why, const std::string& id) const {
    ZB_CHECK(!silent());
    std::string wire;
    for (size_t i = 0; i < frames_.size(); i++) {
        append_frame(wire, filled(frames_[i], why, id), i + 1 < frames_.size());
    }
    return memory.copy(wire);
}

}  // namespace zbridge::rpc

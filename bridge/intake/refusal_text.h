// What a producer is told: one frame behind its envelope.
#pragma once

#include <string>
#include <string_view>

#include "bridge/model/message.h"
#include "bridge/model/refusal.h"

namespace zbridge::intake {

inline std::string refusal_text(Refusal why, std::string_view detail) {
    std::string text = "ERR " + std::string(name_of(why)) + " ";
    text += detail.empty() ? meaning_of(why) : detail;
    return text;
}

inline std::string reply_wire(std::string_view envelope, std::string_view text) {
    std::string wire(envelope);
    append_frame(wire, text, false);
    return wire;
}

}  // namespace zbridge::intake

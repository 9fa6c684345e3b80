#include "bridge/delivery/reply_rules.h"

#include "bridge/base/utf8.h"

namespace zbridge::delivery {

using plugin::Verdict;

Verdict verdict_of(const std::vector<SettleRule>& rules, std::string_view first_frame) {
    if (rules.empty()) return Verdict::kAck;
    for (const SettleRule& rule : rules) {
        if (!first_frame.starts_with(rule.prefix)) continue;
        switch (rule.as) {
            case SettleRule::As::kAck:
                return Verdict::kAck;
            case SettleRule::As::kRetry:
                return Verdict::kRetry;
            case SettleRule::As::kReject:
                return Verdict::kReject;
        }
    }
    return Verdict::kRetry;
}

std::string_view reason_of(std::string_view bytes) {
    if (bytes.size() > kReasonBytesMax) {
        size_t end = kReasonBytesMax;
        while (end > 0 && !begins_character(bytes[end]))
            end--;
        bytes = bytes.substr(0, end);
    }
    if (first_not_utf8(bytes) || first_control_character(bytes)) return {};
    return bytes;
}

}  // namespace zbridge::delivery

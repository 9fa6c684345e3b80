#include "bridge/net/zmtp/long_subscription.h"

#include <algorithm>

namespace zbridge::net::zmtp {

LongSubscription read_long_subscription(std::string_view bytes) {
    constexpr std::string_view kHeader("\0\0\0\0\0\0\0\1\0", LongSubscription::kHeaderBytes);
    using Kind = LongSubscription::Kind;
    const std::string_view head = bytes.substr(0, kHeader.size());
    if (head != kHeader.substr(0, head.size())) return {};
    if (bytes.size() <= kHeader.size()) return {Kind::kPartial, kHeader.size() + 1, {}};
    if (static_cast<unsigned char>(bytes[kHeader.size()]) > 1) return {};
    if (bytes.size() < LongSubscription::kBytes)
        return {Kind::kPartial, LongSubscription::kBytes, {}};
    return {Kind::kWhole, 0, bytes.substr(kHeader.size(), 256)};
}

}  // namespace zbridge::net::zmtp

// What a client of ZBP/1 may do, and what happens beyond it: docs/PROTOCOL.md, section 8. Those that it
// is told of in WELCOME are the endpoint's, or stand here.
#pragma once

#include <cstddef>
#include <cstdint>

#include "bridge/base/clock.h"

namespace zbridge::protocol {

inline constexpr uint32_t kVersion = 1;

// Beyond these: malformed.
inline constexpr size_t kHeaderBytesMax = 1 << 20;
inline constexpr size_t kHelloBytesMax = 64 << 10;
inline constexpr uint32_t kNestingMax = 8;
inline constexpr uint32_t kBatchMessagesMax = 10'000;  // of a PUBLISH
inline constexpr uint32_t kVersionsMax = 16;           // of a HELLO
inline constexpr uint32_t kNeedsMax = 64;              // likewise
inline constexpr uint32_t kKeysMax = 64;               // of a message
inline constexpr uint32_t kPropertiesMax = 256;        // likewise
inline constexpr size_t kNameBytesMax = 200;           // of a client, and what it says that it is
inline constexpr size_t kErrorBytesMax = 1'000;        // of a REPLY

// out_of_range.
inline constexpr uint32_t kCreditMax = 100'000;
inline constexpr uint32_t kRangesMax = 10'000;
inline constexpr uint64_t kSettleMessagesMax = 100'000;  // of all ranges together
inline constexpr uint32_t kReceiveMessagesMax = 1'000;
inline constexpr uint32_t kQueryMessagesMax = 1'000;
inline constexpr uint32_t kTokensMax = 1'000;   // of a COMMIT, a ROLLBACK
inline constexpr uint32_t kQueryMessages = 20;  // where it is not said
inline constexpr Duration kWaitMax = std::chrono::minutes(5);
inline constexpr Duration kLeaseMin = std::chrono::seconds(1);
inline constexpr Duration kLeaseMax = std::chrono::hours(12);
inline constexpr Duration kDelayMax = std::chrono::hours(24 * 365);
inline constexpr Duration kHeartbeatMin = std::chrono::milliseconds(100);
inline constexpr Duration kHeartbeatMax = std::chrono::hours(1);

// line_full, but for the last: subscriptions_full.
inline constexpr uint64_t kReceiptsMax = 100'000;
inline constexpr uint32_t kReceivesMax = 64;
inline constexpr uint32_t kAsksMax = 16;
inline constexpr uint32_t kCallsMax = 10'000;  // of a session, that have no answer
inline constexpr uint32_t kSubscriptionsMax = 1'000;

// handshake_timeout, heartbeat_timeout.
inline constexpr Duration kHelloTime = std::chrono::seconds(5);
inline constexpr uint32_t kHeartbeatsMissed = 3;

// What a client that lost its connection held is kept for its return; of so many clients. Beyond it the
// one that went first has lost it.
inline constexpr Duration kResumeTime = std::chrono::seconds(5);
inline constexpr size_t kDepartedMax = 10'000;

// That WELCOME lists; a client knows by `resumed` that there are more.
inline constexpr uint32_t kHeldRangesMax = kRangesMax;

// Of one DELIVER.
inline constexpr uint32_t kDeliverMessagesMax = 1'000;
inline constexpr uint64_t kDeliverBytesMax = 256 << 10;  // about

}  // namespace zbridge::protocol

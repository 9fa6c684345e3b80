// What the bridge says to a client of ZBP/1: headers, as docs/PROTOCOL.md has them, field by field in its
// order.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/clock.h"
#include "bridge/base/message_id.h"
#include "bridge/model/attributes.h"
#include "bridge/model/corr.h"
#include "bridge/model/lease_token.h"
#include "bridge/model/refusal.h"
#include "bridge/model/transaction_token.h"
#include "bridge/protocol/limits.h"
#include "bridge/telemetry/report.h"

namespace zbridge::protocol {

// Messages of a group that a session holds.
struct HeldOfGroup {
    std::string_view group;
    LeaseToken first;
    uint32_t count = 1;
};

struct Welcome {
    uint32_t version = 1;
    std::string_view bridge;
    uint64_t epoch = 0;
    std::vector<std::string_view> features;
    uint64_t heartbeat_ms = 0;
    uint64_t resumed = 0;
    std::vector<HeldOfGroup> held = {};
    std::vector<uint64_t> calls = {};  // whose answers may still come
    bool replaced = false;
    uint64_t header_bytes = kHeaderBytesMax;
    uint64_t message_bytes = 0;  // the endpoint's limits
    uint64_t frames = 0;
};
std::string pack(const Welcome& welcome);

struct Refused {
    std::string_view re;
    std::optional<uint64_t> ref = {};
    std::optional<uint32_t> sub = {};
    std::optional<uint64_t> seq = {};
    Refusal code = Refusal::kMalformed;
    std::string_view text;
    bool fatal = false;
};
std::string pack(const Refused& refused);

// What became of messages that follow each other in `seq`.
struct Outcome {
    uint64_t seq = 0;
    uint64_t count = 1;
    MessageId id = {};                           // stored: of the first
    bool duplicate = false;                      // stored: it was there
    std::optional<Refusal> why = {};             // refused
    std::string text = {};                       // likewise
    std::optional<TransactionToken> token = {};  // prepared, not stored
};
std::string pack_receipt(std::span<const Outcome> outcomes);

// `offset`: where a reader of a topic begins. `lease`: what a group's messages are lent for, if known.
std::string pack_subscribed(uint32_t sub, std::optional<uint64_t> offset = {},
                            std::optional<Duration> lease = {});
std::string pack_unsubscribed(uint32_t sub);

struct DeliveredRun {
    LeaseToken token;
    uint32_t count = 1;
    uint32_t attempt = 1;
    MessageId id;
};
// For a subscription or a RECEIVE; with an offset for a reader of a topic, and then it has no runs.
struct Delivered {
    std::optional<uint32_t> sub = {};
    std::optional<uint64_t> ref = {};
    std::vector<DeliveredRun> runs = {};
    std::optional<uint64_t> offset = {};
    uint32_t messages = 0;  // from it on
    // They were asked for: of each run's messages; of a reader's, one for all.
    bool with_attributes = false;
    std::vector<std::optional<Attributes>> attributes = {};
};
std::string pack(const Delivered& delivered);

struct SettledRanges {
    uint64_t ref = 0;
    std::vector<uint32_t> stale = {};                    // of each range
    std::vector<std::optional<LeaseToken>> tokens = {};  // EXTEND: likewise
    std::optional<Refusal> why = {};                     // it is not known to be durable
    std::string text = {};
};
std::string pack(const SettledRanges& settled, bool extended);

// To a worker, with a block.
struct GivenCall {
    uint32_t sub = 0;
    Corr id;
    std::optional<Duration> left = {};  // how long a reply is of use; none: for ever
};
std::string pack(const GivenCall& call);
// To a caller, with a block.
std::string pack_reply(uint64_t ref);

// Of each token of a COMMIT or a ROLLBACK.
struct ResolvedToken {
    MessageId id = {};
    std::optional<Refusal> why = {};  // it is not as it was to be
    std::string text = {};
};
struct ResolvedTokens {
    uint64_t ref = 0;
    std::vector<ResolvedToken> resolved = {};
};
std::string pack(const ResolvedTokens& resolved);

// With a block.
struct AskedCheck {
    uint32_t sub = 0;
    TransactionToken token;
    uint32_t number = 1, number_max = 1;
    MessageId id;
    bool with_attributes = false;
    Attributes attributes = {};
};
std::string pack(const AskedCheck& check);

// To an ADMIN, a QUERY, and what is done.
std::string pack_answer(uint64_t ref, const telemetry::Report& report);
struct FoundMessage {
    uint64_t offset = 0;
    MessageId id;
    uint64_t stored_ms = 0;
    Attributes attributes = {};
};
std::string pack_found(uint64_t ref, std::span<const FoundMessage> messages);
std::string pack_done(uint64_t ref);

std::string pack_heartbeat();
// `why`: none, as the answer to a BYE.
std::string pack_bye(std::optional<Refusal> why);

}  // namespace zbridge::protocol

// A command of a client, read out of a header and checked against what each command has.
//
// Promise: whatever the bytes are, nothing is allocated beyond what stands in them (within Limits).
// Limits:  those of limits.h that are malformed beyond. Values are not looked at here, but for that.
#pragma once

#include <cstdint>
#include <optional>
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

namespace zbridge::protocol {

enum class Verb : uint8_t {
    kUnknown,
    kHello,
    kPublish,
    kSubscribe,
    kUnsubscribe,
    kCredit,
    kReceive,
    kSettle,
    kExtend,
    kCall,
    kReply,
    kAdmin,
    kRecall,
    kQuery,
    kReset,
    kPrepare,
    kCommit,
    kRollback,
    kUnknownYet,
    kHeartbeat,
    kBye,
};

// Tokens of messages that follow each other.
struct TokenRange {
    LeaseToken first;
    uint32_t count = 1;

    bool operator==(const TokenRange&) const = default;
};

// Its fields; those that its verb does not have, or that were left out, are empty. Texts are views of the
// header.
struct Command {
    Verb verb = Verb::kUnknown;
    std::string_view name;  // as the header has it

    std::vector<uint32_t> versions;
    std::string_view client_name;  // `name`
    std::string_view client;
    std::vector<std::string_view> needs;
    bool resume = false;
    Duration heartbeat{};

    std::string_view topic, group;
    uint64_t seq = 0;
    uint32_t count = 0;
    bool once = false;
    std::vector<std::optional<Attributes>> attributes;

    std::optional<uint32_t> sub;
    std::optional<uint64_t> ref;
    uint32_t credit = 0;
    std::string_view start;  // of a topic; or one of these two:
    std::optional<int64_t> offset, time_ms;
    std::optional<uint32_t> max;
    Duration wait{};
    std::optional<uint64_t> attempt;
    std::optional<Duration> lease, delay;
    std::string_view verdict, reason;
    std::vector<TokenRange> ranges;

    std::string_view service;
    std::optional<Duration> timeout;
    Corr call_id;  // `call` of a REPLY
    std::optional<std::string_view> error;
    std::string_view call;
    std::string_view args;          // a map in msgpack
    bool wants_attributes = false;  // of what it is delivered
    std::optional<MessageId> message;
    std::optional<std::string_view> id, key;  // a producer's
    std::optional<int64_t> from_ms, to_ms;
    std::string_view to;
    std::vector<TransactionToken> tokens;
    std::string_view checks;  // a topic
};

struct ReadCommand {
    Command command;           // as much of it as could be read
    std::string problem = {};  // not empty: it is malformed, and why
    bool ok() const { return problem.empty(); }
};

ReadCommand read_command(std::string_view header, size_t bytes_max = kHeaderBytesMax);

// As a header has it.
std::string_view name_of(Verb verb);
// Whether a block belongs to it.
bool has_block(const Command& command);

}  // namespace zbridge::protocol

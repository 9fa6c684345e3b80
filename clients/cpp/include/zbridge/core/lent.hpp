// A message that was delivered, as the core keeps it: what the program calls Delivery.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "../attributes.hpp"
#include "outcomes.hpp"

namespace zbridge::client {

// What may be said of a delivery. kAck: done. kRetry: again, after a delay. kReject: to the dead
// letters. kRelease: it was not looked at: again at once, and no attempt is counted.
enum class Verdict : uint8_t { kAck, kRetry, kReject, kRelease };

namespace core {

constexpr std::string_view kVerdictNames[] = {"ack", "retry", "reject", "release"};

// A verdict with what belongs to it: those that are equal go in one SETTLE.
struct Sentence {
    uint32_t group = 0;
    Verdict verdict = Verdict::kAck;
    std::optional<uint64_t> delay_ms;
    std::optional<std::string> reason;

    bool is_final() const { return verdict == Verdict::kAck || verdict == Verdict::kReject; }
    friend bool operator<(const Sentence& one, const Sentence& other) {
        return std::tie(one.group, one.verdict, one.delay_ms, one.reason) <
               std::tie(other.group, other.verdict, other.delay_ms, other.reason);
    }
};

class Settlement;
using SettlementPtr = std::shared_ptr<Settlement>;

struct Lent {
    // kBuffered: the application has not seen it.
    enum class State : uint8_t { kBuffered, kHanded, kSettled };

    Key key;      // group and id: the message, under whatever token
    Place token;  // that holds now
    uint64_t attempt = 0;
    std::shared_ptr<const void> owner;  // of the octets below
    std::string_view message;           // as it stands in the block
    std::string_view body;              // its last frame
    AttributesPtr attributes;           // where they were asked for

    State state = State::kBuffered;
    std::optional<uint64_t> lease_ms;
    uint64_t lease_ends_ms = 0;
    uint64_t extend_until_ms = 0;
    uint64_t arrived_ms = 0;
    bool extending = false;
    // The verdict that waits for the answer to EXTEND.
    std::optional<Sentence> deferred;
    SettlementPtr deferred_settlement;
};

using LentPtr = std::shared_ptr<Lent>;

}  // namespace core
}  // namespace zbridge::client

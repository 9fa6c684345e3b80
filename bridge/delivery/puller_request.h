// What a REQ puller asks, in one frame of ASCII; its words in any case, between blanks:
//
//   NEXT [token] [WAIT 30s] [HEADERS]
//   ACK token | RETRY [token] [DELAY 10s] | REJECT [token] [reason] | EXTEND token 60s
//
// A first word that has not the shape of a token is the reason of REJECT, an option of RETRY.
// Limits:  kRequestBytesMax: malformed. kWaitMax: a longer WAIT is one of kWaitMax. kExtendMax:
//          malformed.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "bridge/base/clock.h"
#include "bridge/model/lease_token.h"

namespace zbridge::delivery {

struct PullerRequest {
    enum class Verb : uint8_t { kNext, kAck, kRetry, kReject, kExtend };
    static constexpr size_t kRequestBytesMax = 4096;
    static constexpr Duration kWaitDefault = std::chrono::seconds(30);
    static constexpr Duration kWaitMax = std::chrono::minutes(5);
    static constexpr Duration kExtendMax = std::chrono::hours(12);

    Verb verb = Verb::kNext;
    std::optional<LeaseToken> token{};
    Duration wait = kWaitDefault;     // of NEXT
    bool headers = false;             // likewise
    std::optional<Duration> delay{};  // of RETRY, EXTEND
    std::string_view reason{};        // of REJECT; a part of the frame
};

struct ReadPullerRequest {
    std::optional<PullerRequest> request;
    std::string_view problem;  // why there is none: a sentence
};

ReadPullerRequest read_puller_request(std::string_view frame);

}  // namespace zbridge::delivery

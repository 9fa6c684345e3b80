// The options of an endpoint, with their defaults. The YAML's names and units are in settings/.
#pragma once

#include <cstdint>

#include "bridge/base/clock.h"

namespace zbridge::net {

// What one peer of an endpoint may do; each limit's refusal is named behind it.
struct PeerLimits {
    uint32_t peers_max = 100'000;                       // too_many_peers
    uint64_t frame_bytes_max = 16 << 20;                // too_large
    uint64_t message_bytes_max = 16 << 20;              // too_large; headers included
    uint32_t frames_max = 64;                           // too_many_frames
    Duration handshake_time = std::chrono::seconds(5);  // handshake_timeout
    uint64_t waiting_bytes_max = 16 << 20;              // outbox_full: bytes that wait for one peer
    uint32_t waiting_messages_max = 100'000;            // outbox_full
    uint32_t subscriptions_max = 100'000;               // subscriptions_full
    uint64_t subscription_bytes_max = 8 << 20;  // subscriptions_full; their prefixes together
    uint32_t messages_a_second = 0;             // 0: any; beyond it nothing is read for a while
    uint32_t burst = 0;                         // of these, at once after a pause; 0: a second's
};

// Addresses that a bridge connects to, of all endpoints together.
inline constexpr size_t kDialledAddressesMax = 1000;

struct EndpointOptions {
    PeerLimits limits;
    Duration heartbeat{};                           // PING interval; 0: off
    Duration keepalive = std::chrono::seconds(10);  // TCP_KEEPALIVE idle and interval; 0: off
    Duration user_timeout =
        std::chrono::seconds(30);  // unreachable: nothing acknowledged for so long; 0: off
    uint32_t intake_buffer_bytes = 256 * 1024;  // SO_RCVBUF of a source's peer
    uint32_t send_buffer_bytes = 64 * 1024;     // SO_SNDBUF of a PULL or worker
};

}  // namespace zbridge::net

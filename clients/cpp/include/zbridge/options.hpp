// What a client may be told, and the limits that hold on its side.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "core/text.hpp"
#include "errors.hpp"

namespace zbridge::client {

using std::chrono::milliseconds;

// What is not given is meant to do.
struct Options {
    // Of this client over all its connections, and of no other; empty: none. Needed for `once`, and
    // to keep what the client holds over a lost connection.
    std::string name;
    std::string client = "zbridge-cpp";  // for people: shown in the bridge's status

    // The number of the first message that is published, from 1. None: the microseconds since 1970,
    // so that a program that begins again uses no number twice.
    std::optional<uint64_t> first_seq;

    milliseconds heartbeat{2000};        // three without, and the connection is taken for lost
    milliseconds connect_timeout{5000};  // from the opening of a socket to WELCOME
    milliseconds backoff_min{50};        // between two attempts to connect: doubled each time,
    milliseconds backoff_max{5000};      // a random half of it taken off
    milliseconds close_timeout{10'000};  // of the destructor

    size_t max_in_flight = 50'000;  // messages without an outcome; at the bound publishing waits
    size_t max_in_flight_bytes = size_t{64} << 20;
    size_t batch_messages = 1000;            // a PUBLISH goes when it has so many,
    size_t batch_bytes = size_t{256} << 10;  // or so much,
    milliseconds linger{2};  // or its first message has waited so long, or nothing is on its way

    size_t settle_messages = 1000;  // a SETTLE goes when so many wait,
    // or a quarter of all that is in hand does (delivered, and not settled yet), or the first has
    // waited so long
    milliseconds settle_linger{5};

    // Told what befalls the connection, in a sentence, in the client's own thread.
    std::function<void(const std::string&)> log;

    void check() const {
        if (name.size() > 200) throw Invalid("name: 200 octets at most");
        if (client.size() > 200) throw Invalid("client: 200 octets at most");
        if (!core::is_utf8(name) || !core::is_utf8(client)) throw Invalid("name, client: UTF-8");
        if (first_seq && *first_seq == 0) throw Invalid("first_seq: from 1 on");
        if (heartbeat.count() < 100 || heartbeat.count() > 3'600'000)
            throw Invalid("heartbeat: 100 ms to an hour");
        if (max_in_flight == 0 || max_in_flight_bytes == 0 || batch_messages == 0 ||
            batch_bytes == 0 || settle_messages == 0)
            throw Invalid("max_in_flight, batch_messages, settle_messages: at least 1");
        if (backoff_min.count() <= 0 || backoff_min > backoff_max)
            throw Invalid("backoff_min: above 0, and not above backoff_max");
        if (linger.count() < 0 || settle_linger.count() < 0 || connect_timeout.count() <= 0)
            throw Invalid("linger, settle_linger: from 0 on; connect_timeout: above 0");
    }
};

// WELCOME.limits; before the first WELCOME what docs/PROTOCOL.md calls usual.
struct Limits {
    uint64_t header_bytes = uint64_t{1} << 20;
    uint64_t message_bytes = uint64_t{16} << 20;
    uint64_t batch_messages = 10'000;
    uint64_t receipts = 100'000;
    uint64_t receives = 64;
    uint64_t ranges = 10'000;
    uint64_t settle_messages = 100'000;
};

inline uint64_t count_ms(milliseconds duration) {
    return duration.count() < 0 ? 0 : static_cast<uint64_t>(duration.count());
}

}  // namespace zbridge::client

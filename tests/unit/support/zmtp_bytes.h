// What applications say in ZMTP, byte by byte, written down apart from the code that reads it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace zbridge::testing::zmtp {

using namespace std::string_literals;

inline std::string frame(std::string_view body, bool more = false) {
    std::string bytes;
    if (body.size() < 256) {
        bytes += more ? '\1' : '\0';
        bytes += static_cast<char>(body.size());
    } else {
        bytes += more ? '\3' : '\2';
        for (int shift = 56; shift >= 0; shift -= 8) {
            bytes += static_cast<char>(static_cast<uint64_t>(body.size()) >> shift);
        }
    }
    return bytes.append(body);
}

inline std::string message(const std::vector<std::string>& frames) {
    std::string bytes;
    for (size_t i = 0; i < frames.size(); i++)
        bytes += frame(frames[i], i + 1 < frames.size());
    return bytes;
}

inline std::string command(std::string_view name, std::string_view data) {
    std::string body(1, static_cast<char>(name.size()));
    body.append(name).append(data);
    std::string bytes = frame(body);
    bytes[0] = static_cast<char>(bytes[0] | 4);
    return bytes;
}

inline std::string property(std::string_view name, std::string_view value) {
    std::string bytes(1, static_cast<char>(name.size()));
    bytes.append(name).append("\0\0"s);
    bytes += static_cast<char>(value.size() >> 8);
    bytes += static_cast<char>(value.size());
    return bytes.append(value);
}

// RFC 23: signature, version, mechanism, as-server, filler: 64 bytes.
inline std::string greeting(char minor = 0, std::string_view mechanism = "NULL", char major = 3) {
    std::string bytes = "\xff\0\0\0\0\0\0\0\1\x7f"s;
    bytes += major;
    bytes += minor;
    bytes.append(mechanism).append(20 - mechanism.size(), '\0');
    return bytes.append(32, '\0');
}

inline std::string ready(std::string_view socket_type, std::string_view identity = {}) {
    return command("READY", property("Socket-Type", socket_type) + property("Identity", identity));
}

inline std::string ping(std::string_view context = {}, uint16_t ttl_tenths = 0) {
    std::string data;
    data += static_cast<char>(ttl_tenths >> 8);
    data += static_cast<char>(ttl_tenths);
    return command("PING", data.append(context));
}

inline std::string pong(std::string_view context = {}) {
    return command("PONG", context);
}

inline std::string subscribe(std::string_view prefix) {
    return frame("\1"s.append(prefix));
}
inline std::string cancel(std::string_view prefix) {
    return frame("\0"s.append(prefix));
}

}  // namespace zbridge::testing::zmtp

// A ZMTP 3.0 peer of as little code as will do, over a blocking TCP socket: connect, handshake,
// subscribe. It costs its own process next to nothing, so that a run with it shows the bridge and
// not the peers.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace zbridge::bench {

inline constexpr size_t kGreetingBytes = 64;
inline constexpr unsigned char kFrameLong = 0x02, kFrameCommand = 0x04;

inline std::string zmtp_greeting() {
    std::string bytes(kGreetingBytes, '\0');
    bytes[0] = '\xff';
    bytes[9] = '\x7f';
    bytes[10] = 3;  // version 3.0
    bytes.replace(12, 4, "NULL");
    return bytes;
}

inline std::string zmtp_ready(const std::string& type) {
    std::string body("\x05READY", 6);
    body += '\x0b';
    body += "Socket-Type";
    body += std::string("\0\0\0", 3) + static_cast<char>(type.size()) + type;
    return std::string("\x04", 1) + static_cast<char>(body.size()) + body;
}

// "127.0.0.1:PORT", with or without "tcp://".
inline sockaddr_in parse_address(std::string address) {
    if (address.starts_with("tcp://")) address.erase(0, 6);
    const auto colon = address.rfind(':');
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<uint16_t>(std::stoi(address.substr(colon + 1))));
    inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr);
    return to;
}

inline bool send_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) return false;
        bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
}

inline bool receive_exactly(int fd, void* to, size_t size) {
    return recv(fd, to, size, MSG_WAITALL) == static_cast<ssize_t>(size);
}

// Their greeting, then their READY: a short command frame. A SUB then subscribes to `prefix`.
inline bool zmtp_handshake(int fd, const std::string& type, std::string_view prefix) {
    std::array<unsigned char, 256> buffer{};
    if (!send_all(fd, zmtp_greeting()) || !receive_exactly(fd, buffer.data(), kGreetingBytes))
        return false;
    if (!send_all(fd, zmtp_ready(type)) || !receive_exactly(fd, buffer.data(), 2)) return false;
    if (buffer[0] != kFrameCommand || !receive_exactly(fd, buffer.data(), buffer[1])) return false;
    if (std::string_view(reinterpret_cast<char*>(buffer.data()) + 1, 5) != "READY") return false;
    if (type != "SUB") return true;
    std::string subscription(1, '\0');
    subscription += static_cast<char>(prefix.size() + 1);
    subscription += '\x01';
    return send_all(fd, subscription.append(prefix));
}

// The open socket, or nothing. It stays open until the process ends.
inline std::optional<int> open_light_peer(const sockaddr_in& to, const std::string& type,
                                          std::string_view prefix = "") {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return std::nullopt;
    const timeval patience{5, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    const auto* address = reinterpret_cast<const sockaddr*>(&to);
    if (connect(fd, address, sizeof(to)) == 0 && zmtp_handshake(fd, type, prefix)) return fd;
    close(fd);
    return std::nullopt;
}

}  // namespace zbridge::bench

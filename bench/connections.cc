// Many idle peers: opens TCP connections, goes through the ZMTP 3.0 handshake on each (and
// subscribes, as a SUB), then measures what the watched process has grown by. Raw sockets, so that
// 10,000 of them cost this side nothing.
//   bench_connections 127.0.0.1:PORT --type SUB --count 10000 --watch PID
// Exit 1: a connection was refused or its handshake did not end.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string_view>
#include <thread>

#include "bench/options.h"

using namespace zbridge::bench;

namespace {

constexpr size_t kGreetingBytes = 64;

std::string greeting() {
    std::string bytes(kGreetingBytes, '\0');
    bytes[0] = '\xff';
    bytes[9] = '\x7f';
    bytes[10] = 3;  // version 3.0
    bytes.replace(12, 4, "NULL");
    return bytes;
}

std::string ready(const std::string& type) {
    std::string body("\x05READY", 6);
    body += '\x0b';
    body += "Socket-Type";
    body += std::string("\0\0\0", 3) + static_cast<char>(type.size()) + type;
    return std::string("\x04", 1) + static_cast<char>(body.size()) + body;
}

bool send_all(int fd, std::string_view bytes) {
    return send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
}

bool receive_exactly(int fd, void* to, size_t size) {
    return recv(fd, to, size, MSG_WAITALL) == static_cast<ssize_t>(size);
}

// Their greeting, then their READY: a short command frame.
bool handshake(int fd, const std::string& type) {
    std::array<unsigned char, 256> buffer{};
    if (!send_all(fd, greeting()) || !receive_exactly(fd, buffer.data(), kGreetingBytes))
        return false;
    if (!send_all(fd, ready(type)) || !receive_exactly(fd, buffer.data(), 2)) return false;
    if (buffer[0] != 0x04 || !receive_exactly(fd, buffer.data(), buffer[1])) return false;
    if (std::string_view(reinterpret_cast<char*>(buffer.data()) + 1, 5) != "READY") return false;
    return type != "SUB" || send_all(fd, std::string_view("\x00\x02\x01t", 4));
}

bool open_peer(const sockaddr_in& to, const std::string& type) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return false;
    const timeval patience{5, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    const auto* address = reinterpret_cast<const sockaddr*>(&to);
    return connect(fd, address, sizeof(to)) == 0 && handshake(fd, type);  // stays open until we end
}

}  // namespace

int main(int argc, char** argv) {
    std::string address, type = "SUB";
    uint32_t count = 10'000;
    int watch_pid = 0;
    double settle_seconds = 1;
    CLI::App app("Many idle ZMTP peers");
    app.add_option("address", address, "127.0.0.1:PORT")->required();
    app.add_option("--type", type)
        ->check(CLI::IsMember({"SUB", "PUSH", "PULL", "REQ", "REP", "DEALER"}));
    app.add_option("--count", count);
    app.add_option("--watch", watch_pid)->required();
    app.add_option("--settle", settle_seconds, "seconds to wait before each look at the memory");
    CLI11_PARSE(app, argc, argv);

    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);

    const auto colon = address.rfind(':');
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<uint16_t>(std::stoi(address.substr(colon + 1))));
    inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr);

    const auto settle = [&] {
        std::this_thread::sleep_for(std::chrono::duration<double>(settle_seconds));
    };
    settle();
    const uint64_t before_kib = rss_kib_of(watch_pid);
    const auto began = Monotonic::now();
    uint32_t opened = 0;
    while (opened < count && open_peer(to, type))
        ++opened;
    const double took = seconds_between(began, Monotonic::now());
    settle();
    const uint64_t after_kib = rss_kib_of(watch_pid);

    const double bytes_each =
        opened == 0
            ? 0
            : (static_cast<double>(after_kib) - static_cast<double>(before_kib)) * 1024 / opened;
    fmt::print(
        "{{\"connections\": {}, \"rss_before_kib\": {}, \"rss_after_kib\": {}, "
        "\"bytes_a_connection\": {:.0f}, "
        "\"connections_a_second\": {:.0f}}}\n",
        opened, before_kib, after_kib, bytes_each, opened / took);
    return opened == count ? 0 : 1;
}

#include "bridge/net/address.h"

#include <arpa/inet.h>
#include <sys/un.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>

namespace zbridge::net {

namespace {

// What sockaddr_un holds, less the final zero. In Linux's abstract space the `@` becomes a zero
// byte of the same length.
constexpr size_t kIpcPathBytesMax = sizeof(sockaddr_un::sun_path) - 1;
constexpr size_t kHostBytesMax = 255;  // RFC 1035

constexpr std::string_view kTcp = "tcp://";
constexpr std::string_view kIpc = "ipc://";

Status wrong(std::string sentence) {
    return {Code::kInvalid, std::move(sentence)};
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

Status check_ipv6(std::string_view host) {
    in6_addr ignored;
    const std::string literal(
        host.substr(0, host.find('%')));  // "fe80::1%eth0": the zone is an interface
    if (inet_pton(AF_INET6, literal.c_str(), &ignored) == 1) return {};
    return wrong("what stands in [ ] is not an IPv6 address");
}

Status check_host(std::string_view host) {
    if (host == "*") return {};
    if (host.size() > kHostBytesMax) return wrong("the host is longer than 255 characters");
    const bool numbers_only =
        std::all_of(host.begin(), host.end(), [](char c) { return is_digit(c) || c == '.'; });
    if (numbers_only) {
        in_addr ignored;
        if (inet_pton(AF_INET, std::string(host).c_str(), &ignored) == 1) return {};
        return wrong(
            "the host is not an IPv4 address: expected four numbers from 0 to 255, as 127.0.0.1");
    }
    const bool plain = std::all_of(host.begin(), host.end(), [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_';
    });
    if (!plain) return wrong("the host may hold letters, digits, `.`, `-` and `_` only, or be `*`");
    return {};
}

Result<uint16_t> parse_port(std::string_view text) {
    if (text == "*") return uint16_t{0};
    if (text.empty()) return wrong("the port is missing behind the `:`");
    uint32_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (end != text.data() + text.size())
        return wrong("the port is not a number from 0 to 65535, nor `*`");
    if (error != std::errc{} || port > 65535) return wrong("the port is above 65535");
    return static_cast<uint16_t>(port);
}

Result<Address> parse_tcp(std::string_view rest) {
    Address address;
    if (rest.find(';') != std::string_view::npos)
        return wrong("a source address (`;`) is not supported");
    std::string_view host, port;
    if (rest.starts_with('[')) {
        const size_t end = rest.find(']');
        if (end == std::string_view::npos)
            return wrong("the `[` of the IPv6 address is not closed");
        host = rest.substr(1, end - 1);
        if (auto status = check_ipv6(host); !status.ok()) return status;
        rest.remove_prefix(end + 1);
        if (!rest.starts_with(':')) return wrong("the port is missing: expected tcp://[HOST]:PORT");
        port = rest.substr(1);
    } else {
        const size_t colon = rest.rfind(':');
        if (colon == std::string_view::npos)
            return wrong("the port is missing: expected tcp://HOST:PORT");
        host = rest.substr(0, colon);
        port = rest.substr(colon + 1);
        if (host.find(':') != std::string_view::npos) {
            return wrong("an IPv6 address stands in brackets, as tcp://[::1]:5551");
        }
        if (host.empty())
            return wrong("the host is missing: expected tcp://HOST:PORT, `*` for every interface");
        if (auto status = check_host(host); !status.ok()) return status;
    }
    auto number = parse_port(port);
    if (!number) return std::move(number).error();
    address.host = host;
    address.port = *number;
    return address;
}

Result<Address> parse_ipc(std::string_view rest) {
    if (rest.empty())
        return wrong("the path is missing: expected ipc:///path, ipc://path or ipc://@name");
    if (rest == "@") return wrong("the name behind the `@` is missing");
    if (rest == "*") return wrong("a path that is made up (ipc://*) is not supported: name one");
    if (rest.find('\0') != std::string_view::npos) return wrong("the path holds a zero byte");
    if (rest.ends_with('/')) return wrong("the path names a folder: expected that of a file");
    if (rest.size() > kIpcPathBytesMax) {
        return wrong("the path is longer than the " + std::to_string(kIpcPathBytesMax) +
                     " bytes that the system allows");
    }
    Address address;
    address.transport = Address::Transport::kIpc;
    address.path = rest;
    return address;
}

// Why a text that begins with neither tcp:// nor ipc:// is no address.
std::string no_transport(std::string_view text) {
    const size_t slashes = text.find("://");
    if (slashes == std::string_view::npos) {
        return "the transport is missing: expected tcp://HOST:PORT or ipc://PATH";
    }
    std::string name(text.substr(0, slashes));
    for (char& c : name)
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (name == "tcp" || name == "ipc")
        return "the transport is written in small letters: " + name + "://";
    if (name == "inproc")
        return "inproc reaches threads of one process only: expected tcp:// or ipc://";
    return "the transport is not one of tcp, ipc";
}

}  // namespace

Result<Address> Address::parse(std::string_view text) {
    if (text.empty()) return wrong("it is empty: expected tcp://HOST:PORT or ipc://PATH");
    const bool spaces = std::any_of(
        text.begin(), text.end(), [](unsigned char c) { return c == ' ' || (c < 0x20 && c != 0); });
    if (text.starts_with(kIpc)) return parse_ipc(text.substr(kIpc.size()));
    if (spaces) return wrong("it holds a space or a control character");
    if (text.starts_with(kTcp)) return parse_tcp(text.substr(kTcp.size()));
    return wrong(no_transport(text));
}

std::string host_of(const std::string& peer_address) {
    if (peer_address.starts_with(kIpc)) return std::string(kIpc);
    return peer_address.substr(0, peer_address.rfind(':'));
}

std::string Address::text() const {
    if (transport == Transport::kIpc) return std::string(kIpc) + path;
    const bool brackets = host.find(':') != std::string::npos;
    return std::string(kTcp) + (brackets ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

}  // namespace zbridge::net

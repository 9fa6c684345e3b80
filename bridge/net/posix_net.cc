#include "bridge/net/posix_net.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace zbridge::net {

namespace {

constexpr uint64_t kWakeToken = ~uint64_t{0};

Status failed(const std::string& what) {
    const int error = errno;
    const Code code = error == EADDRINUSE ? Code::kBusy : Code::kIo;
    return {code, what + ": " + std::strerror(error)};
}

void set_option(int fd, int level, int name, int value) {
    // Tuning only: a kernel that does not know an option still carries the bytes.
    (void)setsockopt(fd, level, name, &value, sizeof(value));
}

// Of the kernel's own files, which never wait for a disk. Empty if it cannot be read.
std::string content_of(const char* path) {
    const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return {};
    std::array<char, 1024> bytes{};
    const ssize_t got = ::read(fd, bytes.data(), bytes.size());
    (void)::close(fd);  // it was only read
    return {bytes.data(), got > 0 ? static_cast<size_t>(got) : 0};
}

// A pid is given again; with the time its process began, and the boot in which it did, it names one
// process for ever. Empty if it has gone, or is of another pid namespace.
std::string process_named(pid_t pid, const std::string& boot) {
    constexpr int kName = 2, kStartTime = 22;  // proc(5): the numbers of its fields
    if (pid <= 0 || boot.empty()) return {};
    const std::string stat = content_of(("/proc/" + std::to_string(pid) + "/stat").c_str());
    size_t at = stat.rfind(')');  // the name may hold anything, blanks and brackets too
    if (at == std::string::npos) return {};
    for (int field = kName; field < kStartTime; field++) {
        at = stat.find(' ', at + 1);
        if (at == std::string::npos) return {};
    }
    const std::string started = stat.substr(at + 1, stat.find(' ', at + 1) - at - 1);
    return started.empty() ? started : std::to_string(pid) + " " + started + " " + boot;
}

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t size = 0;
};

// The IPv4, else IPv6, address of a network interface; none if there is no such interface.
std::optional<SocketAddress> address_of_interface(const std::string& name, uint16_t port) {
    ifaddrs* all = nullptr;
    if (getifaddrs(&all) != 0) return std::nullopt;
    std::optional<SocketAddress> found;
    for (const int family : {AF_INET, AF_INET6}) {
        for (const ifaddrs* each = all; each != nullptr && !found; each = each->ifa_next) {
            if (each->ifa_addr == nullptr || each->ifa_addr->sa_family != family ||
                name != each->ifa_name)
                continue;
            SocketAddress address;
            address.size = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
            std::memcpy(&address.storage, each->ifa_addr, address.size);
            if (family == AF_INET)
                reinterpret_cast<sockaddr_in*>(&address.storage)->sin_port = htons(port);
            else
                reinterpret_cast<sockaddr_in6*>(&address.storage)->sin6_port = htons(port);
            found = address;
        }
    }
    freeifaddrs(all);
    return found;
}

Result<SocketAddress> resolve_tcp(const Address& address) {
    SocketAddress resolved;
    if (address.host == "*") {
        auto* any = reinterpret_cast<sockaddr_in*>(&resolved.storage);
        any->sin_family = AF_INET;
        any->sin_port = htons(address.port);
        resolved.size = sizeof(sockaddr_in);
        return resolved;
    }
    if (auto interface = address_of_interface(address.host, address.port)) return *interface;
    addrinfo hints{}, *found = nullptr;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    const int error =
        getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found);
    if (error != 0) {
        return Status(Code::kNotFound, "no address of host or interface `" + address.host +
                                           "`: " + gai_strerror(error));
    }
    std::memcpy(&resolved.storage, found->ai_addr, found->ai_addrlen);
    resolved.size = found->ai_addrlen;
    freeaddrinfo(found);
    return resolved;
}

Result<SocketAddress> ipc_address(const std::string& path) {
    SocketAddress resolved;
    auto* local = reinterpret_cast<sockaddr_un*>(&resolved.storage);
    local->sun_family = AF_UNIX;
    if (path.size() >= sizeof(local->sun_path)) {
        return Status(Code::kInvalid, "an ipc path of " + std::to_string(path.size()) +
                                          " bytes; at most " +
                                          std::to_string(sizeof(local->sun_path) - 1));
    }
    path.copy(local->sun_path, path.size());
    const bool abstract = !path.empty() && path[0] == '@';
    if (abstract) local->sun_path[0] = '\0';
    resolved.size =
        static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + (abstract ? 0 : 1));
    return resolved;
}

std::string tcp_text(const sockaddr_storage& storage) {
    char host[INET6_ADDRSTRLEN] = "?";
    Address address;
    if (storage.ss_family == AF_INET) {
        const auto& v4 = reinterpret_cast<const sockaddr_in&>(storage);
        inet_ntop(AF_INET, &v4.sin_addr, host, sizeof(host));
        address.port = ntohs(v4.sin_port);
    } else {
        const auto& v6 = reinterpret_cast<const sockaddr_in6&>(storage);
        inet_ntop(AF_INET6, &v6.sin6_addr, host, sizeof(host));
        address.port = ntohs(v6.sin6_port);
    }
    address.host = host;
    return address.text();
}

bool is_socket(const std::string& path) {
    struct stat status {};
    return lstat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode);
}

// Somebody listens on this ipc file: it must not be taken away from them.
bool is_served(const SocketAddress& address) {
    const int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (probe < 0) return true;
    const int connected =
        connect(probe, reinterpret_cast<const sockaddr*>(&address.storage), address.size);
    ::close(probe);
    return connected == 0;
}

void set_buffers(int fd, const SocketOptions& options) {
    if (options.receive_buffer_bytes > 0)
        set_option(fd, SOL_SOCKET, SO_RCVBUF, options.receive_buffer_bytes);
    if (options.send_buffer_bytes > 0)
        set_option(fd, SOL_SOCKET, SO_SNDBUF, options.send_buffer_bytes);
}

template <class Unit>
int in(Duration duration) {
    return static_cast<int>(std::chrono::duration_cast<Unit>(duration).count());
}

}  // namespace

Result<std::unique_ptr<PosixNet>> PosixNet::open() {
    const int epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0) return failed("epoll_create1");
    const int wakeup = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (wakeup < 0) {
        ::close(epoll);
        return failed("eventfd");
    }
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = kWakeToken;
    std::unique_ptr<PosixNet> net(new PosixNet(epoll, wakeup));
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, wakeup, &event) != 0) return failed("epoll_ctl");
    return net;
}

PosixNet::PosixNet(int epoll, int wakeup) : epoll_(epoll), wakeup_(wakeup) {
    boot_ = content_of("/proc/sys/kernel/random/boot_id");
    if (boot_.ends_with('\n')) boot_.pop_back();
}

PosixNet::~PosixNet() {
    ::close(wakeup_);
    ::close(epoll_);
}

Result<Listening> PosixNet::listen(const Address& address, const SocketOptions& options) {
    const bool tcp = address.transport == Address::Transport::kTcp;
    auto resolved = tcp ? resolve_tcp(address) : ipc_address(address.path);
    if (!resolved.ok()) return std::move(resolved).error();

    const int fd =
        socket(resolved->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return failed("socket");
    if (tcp) set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (resolved->storage.ss_family == AF_INET6) set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
    set_buffers(fd, options);  // a TCP window is agreed on at accept: peers inherit them

    const bool is_file = !tcp && address.path[0] != '@';
    // A dead bridge's socket is in our way. Anything else of that name is somebody's: bind() says
    // so.
    if (is_file && is_socket(address.path) && !is_served(*resolved))
        (void)unlink(address.path.c_str());
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&resolved->storage), resolved->size) != 0 ||
        (is_file && options.private_file &&
         ::chmod(address.path.c_str(), S_IRUSR | S_IWUSR) != 0) ||
        ::listen(fd, options.backlog) != 0) {
        const Status status = failed("bind");
        ::close(fd);
        return status;
    }
    Listening listening{fd, address};
    if (tcp) {
        sockaddr_storage bound{};
        socklen_t size = sizeof(bound);
        if (getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size) == 0) {
            listening.bound.port =
                ntohs(bound.ss_family == AF_INET
                          ? reinterpret_cast<const sockaddr_in&>(bound).sin_port
                          : reinterpret_cast<const sockaddr_in6&>(bound).sin6_port);
        }
    } else if (is_file) {
        ipc_files_[fd] = address.path;
    }
    return listening;
}

Result<std::optional<Accepted>> PosixNet::accept(Socket listener, const SocketOptions& options) {
    sockaddr_storage from{};
    socklen_t size = sizeof(from);
    int fd = -1;
    // One that gave up in the backlog says nothing of those behind it, and readiness is told once.
    do {
        size = sizeof(from);
        fd = accept4(listener, reinterpret_cast<sockaddr*>(&from), &size,
                     SOCK_NONBLOCK | SOCK_CLOEXEC);
    } while (fd < 0 && (errno == EINTR || errno == ECONNABORTED || errno == EPROTO));
    if (fd < 0) {
        if (errno == EAGAIN || errno == EWOULDBLOCK) return std::optional<Accepted>();
        return failed("accept");
    }
    set_buffers(fd, options);
    Accepted accepted{fd, "", "", ""};
    if (from.ss_family == AF_UNIX) {
        ucred peer{};
        socklen_t peer_size = sizeof(peer);
        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &peer_size) == 0) {
            accepted.address = "ipc://pid:" + std::to_string(peer.pid);
            accepted.user = "uid:" + std::to_string(peer.uid);
            accepted.process = process_named(peer.pid, boot_);
        }
        return std::optional<Accepted>(std::move(accepted));
    }
    accepted.address = tcp_text(from);
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    if (options.keepalive > Duration{}) {
        set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
        set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE,
                   std::max(1, in<std::chrono::seconds>(options.keepalive)));
        set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL,
                   std::max(1, in<std::chrono::seconds>(options.keepalive)));
        set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
    }
    return std::optional<Accepted>(std::move(accepted));
}

IoResult PosixNet::read(Socket socket, std::span<const iovec> into) {
    ssize_t got = 0;
    do {  // an interrupted call has told nothing of readiness
        got = into.size() == 1 ? recv(socket, into[0].iov_base, into[0].iov_len, 0)
                               : readv(socket, into.data(), static_cast<int>(into.size()));
    } while (got < 0 && errno == EINTR);
    if (got > 0) return {IoResult::Kind::kDone, static_cast<size_t>(got), false};
    if (got == 0) return {IoResult::Kind::kClosed, 0, false};
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {IoResult::Kind::kWouldBlock, 0, false};
    return {IoResult::Kind::kClosed, 0, true};
}

IoResult PosixNet::write(Socket socket, std::span<const iovec> from) {
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(from.data());  // sendmsg reads it only
    message.msg_iovlen = from.size();
    ssize_t sent = 0;
    do {
        sent = sendmsg(socket, &message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent > 0) return {IoResult::Kind::kDone, static_cast<size_t>(sent), false};
    if (sent == 0 || errno == EAGAIN || errno == EWOULDBLOCK) {
        return {IoResult::Kind::kWouldBlock, 0, false};
    }
    return {IoResult::Kind::kClosed, 0, true};
}

void PosixNet::shutdown_write(Socket socket) {
    (void)::shutdown(socket, SHUT_WR);
}

// TCP_USER_TIMEOUT would do this in the kernel, but Linux counts a window of zero too (since 5.11):
// a stalled application on a machine that answers every probe would lose its connection, and what
// the kernel holds for it.
Duration PosixNet::unanswered(Socket socket) const {
    tcp_info info{};
    socklen_t size = sizeof(info);
    if (getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return {};
    if (info.tcpi_retransmits == 0 && info.tcpi_probes < 2) return {};
    return std::chrono::milliseconds(info.tcpi_last_ack_recv);
}

void PosixNet::close(Socket socket) {
    ::close(socket);
    if (const auto file = ipc_files_.find(socket); file != ipc_files_.end()) {
        (void)unlink(file->second.c_str());
        ipc_files_.erase(file);
    }
}

Status PosixNet::watch(Socket socket, uint64_t token) {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.u64 = token;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event) != 0) return failed("watching a socket");
    return {};
}

size_t PosixNet::wait(std::span<NetEvent> events, std::optional<Duration> timeout) {
    int timeout_ms = -1;
    if (timeout) {  // rounded up: a timer must be due when we return for it
        timeout_ms = in<std::chrono::milliseconds>(*timeout + std::chrono::microseconds(999));
    }
    return poll(events, timeout_ms).events;
}

size_t PosixNet::look(std::span<NetEvent> events, Duration most) {
    const RealClock clock;
    const Instant until = clock.now() + most;
    Got got;
    do
        got = poll(events, 0);
    while (!got.any && clock.now() < until);
    return got.events;
}

PosixNet::Got PosixNet::poll(std::span<NetEvent> events, int timeout_ms) {
    static constexpr size_t kBatch = 256;
    std::array<epoll_event, kBatch> raw{};
    const int count = epoll_wait(epoll_, raw.data(),
                                 static_cast<int>(std::min(events.size(), kBatch)), timeout_ms);
    Got got{0, count > 0};
    for (int i = 0; i < count; i++) {
        const auto& event = raw[static_cast<size_t>(i)];
        if (event.data.u64 == kWakeToken) {
            uint64_t wakes = 0;
            (void)!::read(wakeup_, &wakes, sizeof(wakes));
            continue;
        }
        const bool ended = (event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
        events[got.events++] = {event.data.u64, ended || (event.events & EPOLLIN) != 0,
                                (event.events & EPOLLOUT) != 0, ended};
    }
    return got;
}

void PosixNet::wake() {
    const uint64_t one = 1;
    (void)!::write(wakeup_, &one, sizeof(one));  // full means: it will wake anyway
}

}  // namespace zbridge::net

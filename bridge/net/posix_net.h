// PosixNet: the Net seam on the kernel's sockets and epoll.
#pragma once

#include <unordered_map>

#include "bridge/net/net.h"

namespace zbridge::net {

class PosixNet final : public Net {
 public:
    static Result<std::unique_ptr<PosixNet>> open();
    ~PosixNet() override;

    Result<Listening> listen(const Address& address, const SocketOptions& options) override;
    Result<std::optional<Accepted>> accept(Socket listener, const SocketOptions& options) override;
    IoResult read(Socket socket, std::span<const iovec> into) override;
    IoResult write(Socket socket, std::span<const iovec> from) override;
    void shutdown_write(Socket socket) override;
    Duration unanswered(Socket socket) const override;
    void close(Socket socket) override;
    Status watch(Socket socket, uint64_t token) override;
    size_t wait(std::span<NetEvent> events, std::optional<Duration> timeout) override;
    size_t look(std::span<NetEvent> events, Duration most) override;
    void wake() override;

 private:
    struct Got {
        size_t events = 0;
        bool any = false;  // one of them, or a wake()
    };
    PosixNet(int epoll, int wakeup);
    Got poll(std::span<NetEvent> events, int timeout_ms);

    int epoll_;
    int wakeup_;                                         // an eventfd
    std::unordered_map<Socket, std::string> ipc_files_;  // looked up only
    std::string boot_;                                   // the kernel's name for this boot
};

}  // namespace zbridge::net

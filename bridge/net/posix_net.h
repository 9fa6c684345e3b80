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
    void wake() override;

 private:
    PosixNet(int epoll, int wakeup);

    int epoll_;
    int wakeup_;                                         // an eventfd
    std::unordered_map<Socket, std::string> ipc_files_;  // looked up only
    std::string boot_;                                   // the kernel's name for this boot
};

}  // namespace zbridge::net

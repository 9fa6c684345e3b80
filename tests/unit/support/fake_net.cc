#include "tests/unit/support/fake_net.h"

#include <algorithm>
#include <cstring>

#include "bridge/base/check.h"

namespace zbridge::testing {

using net::IoResult;
using net::Socket;

Socket FakeNet::connect(Socket listener, std::string address, std::string user) {
    const Socket socket = next_++;
    End& end = ends_[socket];
    end.address = std::move(address);
    end.user = std::move(user);
    ends_.at(listener).backlog.push_back(socket);
    tell(ends_.at(listener), true, false);
    return socket;
}

void FakeNet::send(Socket socket, std::string_view bytes) {
    End& end = ends_.at(socket);
    if (end.closed) return;
    end.to_bridge += bytes;
    tell(end, true, end.room > 0);
}

std::string FakeNet::receive(Socket socket) {
    return std::exchange(ends_.at(socket).to_peer, {});
}

void FakeNet::set_room(Socket socket, size_t bytes) {
    End& end = ends_.at(socket);
    end.room = bytes;
    if (bytes > 0) tell(end, false, true);
}

void FakeNet::end(Socket socket) {
    End& end = ends_.at(socket);
    end.ended = true;
    tell(end, true, end.room > 0);
}

void FakeNet::reset(Socket socket) {
    End& end = ends_.at(socket);
    end.ended = end.failed = true;
    tell(end, true, true);
}

size_t FakeNet::unread(Socket socket) const {
    const End& end = ends_.at(socket);
    return end.to_bridge.size() - end.read;
}

bool FakeNet::has_news() const {
    return std::any_of(ends_.begin(), ends_.end(),
                       [](const auto& end) { return end.second.token && !end.second.told; });
}

Result<net::Listening> FakeNet::listen(const net::Address& address, const net::SocketOptions&) {
    const Socket socket = next_++;
    ends_[socket].listener = true;
    return net::Listening{socket, address};
}

Result<std::optional<net::Accepted>> FakeNet::accept(Socket listener, const net::SocketOptions&) {
    if (failing_accepts_ > 0) {
        failing_accepts_--;
        return Status(Code::kIo, "accept: too many open files");
    }
    auto& backlog = ends_.at(listener).backlog;
    if (backlog.empty()) return std::optional<net::Accepted>();
    const Socket socket = backlog.front();
    backlog.erase(backlog.begin());
    const End& end = ends_.at(socket);
    return std::optional(net::Accepted{socket, end.address, end.user, ""});
}

IoResult FakeNet::read(Socket socket, std::span<const iovec> into) {
    End& end = ends_.at(socket);
    ZB_CHECK(!end.closed && into.size() == 1, socket);
    const size_t bytes = std::min({into[0].iov_len, end.to_bridge.size() - end.read, read_max_});
    if (bytes == 0) {
        if (end.ended) return {IoResult::Kind::kClosed, 0, end.failed};
        return {IoResult::Kind::kWouldBlock, 0, false};
    }
    std::memcpy(into[0].iov_base, end.to_bridge.data() + end.read, bytes);
    end.read += bytes;
    if (end.read == end.to_bridge.size()) {
        end.to_bridge.clear();
        end.read = 0;
    } else if (bytes == read_max_) {
        tell(end, true, false);  // the rest arrives later
    }
    return {IoResult::Kind::kDone, bytes, false};
}

IoResult FakeNet::write(Socket socket, std::span<const iovec> from) {
    End& end = ends_.at(socket);
    ZB_CHECK(!end.closed && !end.half_closed, socket);
    if (end.failed) return {IoResult::Kind::kClosed, 0, true};
    size_t written = 0;
    for (const iovec& part : from) {
        const size_t bytes = std::min(part.iov_len, end.room);
        end.to_peer.append(static_cast<const char*>(part.iov_base), bytes);
        if (end.room != ~size_t{0}) end.room -= bytes;
        written += bytes;
        if (bytes < part.iov_len) break;
    }
    if (written == 0) return {IoResult::Kind::kWouldBlock, 0, false};
    return {IoResult::Kind::kDone, written, false};
}

void FakeNet::close(Socket socket) {
    End& end = ends_.at(socket);
    ZB_CHECK(!end.closed, socket);
    end.closed = true;
    end.token.reset();
    end.to_bridge.clear();
    end.read = 0;
}

Status FakeNet::watch(Socket socket, uint64_t token) {
    if (failing_watches_ > 0) {
        failing_watches_--;
        return {Code::kIo, "watching a socket: no space left on device"};
    }
    End& end = ends_.at(socket);
    ZB_CHECK(!end.closed && !end.token, socket);
    end.token = token;
    const bool waiting =
        end.listener ? !end.backlog.empty() : end.read < end.to_bridge.size() || end.ended;
    tell(end, waiting, !end.listener && end.room > 0);
    return {};
}

size_t FakeNet::wait(std::span<net::NetEvent> events, std::optional<Duration>) {
    size_t stored = 0;
    for (auto& [socket, end] : ends_) {
        if (end.told || !end.token) continue;
        if (stored == events.size()) break;
        end.told = true;
        events[stored++] = {*end.token, end.event.readable, end.event.writable, end.ended};
        end.event = {};
    }
    return stored;
}

void FakeNet::tell(End& end, bool readable, bool writable) {
    if (end.closed) return;
    end.event.readable |= readable;
    end.event.writable |= writable;
    end.told &= !readable && !writable;
}

}  // namespace zbridge::testing

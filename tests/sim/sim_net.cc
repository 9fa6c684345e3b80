#include "tests/sim/sim_net.h"

#include <algorithm>
#include <cstring>

namespace zbridge::sim {

using net::Accepted;
using net::IoResult;
using net::NetEvent;
using net::Socket;

// The lowest free number, as kernels do: a socket that is used after its end is somebody else's.
Socket SimNet::new_socket() {
    Socket socket = 3;
    for (const auto& [taken, open] : sockets_) {
        if (taken != socket) break;
        socket++;
    }
    sockets_.emplace(socket, Open{});
    return socket;
}

std::string SimNet::address_of(LinkId link) {
    return "tcp://10.0." + std::to_string(link % 4) + ".1:" + std::to_string(10'000 + link);
}

Result<net::Listening> SimNet::listen(const net::Address& address, const net::SocketOptions&) {
    const Socket socket = new_socket();
    auto listener = std::make_unique<Listener>();
    listener->port = address.port != 0 ? address.port : next_port_++;
    sockets_[socket].listener = listener.get();
    net::Listening listening{socket, address};
    listening.bound.port = listener->port;
    listeners_.emplace(socket, std::move(listener));
    return listening;
}

Result<std::optional<Accepted>> SimNet::accept(Socket socket, const net::SocketOptions&) {
    Listener& listener = *sockets_.at(socket).listener;
    if (listener.backlog.empty()) return std::optional<Accepted>();
    if (random_.below(1000) < options_.accept_failures_in_1000) {
        trace_.note(agenda_.now(), "accept fails", listener.port);
        return Status(Code::kIo, "accept: simulated: too many open files");
    }
    Link& link = *links_.at(listener.backlog.front());
    listener.backlog.erase(listener.backlog.begin());
    progress_++;
    link.accepted = true;
    link.socket = new_socket();
    sockets_[link.socket].link = &link;
    trace_.note(agenda_.now(), "accept", link.id);
    return std::optional(Accepted{link.socket, address_of(link.id), ""});
}

SimNet::Link& SimNet::link_of(Socket socket) {
    const auto open = sockets_.find(socket);
    ZB_CHECK(open != sockets_.end() && open->second.link != nullptr, socket);
    return *open->second.link;
}

IoResult SimNet::read(Socket socket, std::span<const iovec> into) {
    Link& link = link_of(socket);
    if (before_io) before_io();
    size_t got = 0;
    for (const iovec& part : into) {
        const std::string_view bytes = link.up.arrived.view().substr(0, part.iov_len);
        std::memcpy(part.iov_base, bytes.data(), bytes.size());
        link.up.arrived.consume(bytes.size());
        got += bytes.size();
    }
    if (got > 0) {
        progress_++;
        link.up.taken += got;
        trace_.note(agenda_.now(), "bridge reads", link.id, got);
        if (!link.up.wire.empty() || link.up.fin) plan_arrival(link, true);
        if (after_read) after_read(link.id, link.up.taken);
        return {IoResult::Kind::kDone, got, false};
    }
    if (link.reset_at_bridge) return {IoResult::Kind::kClosed, 0, true};
    if (link.up.fin_arrived) return {IoResult::Kind::kClosed, 0, false};
    return {IoResult::Kind::kWouldBlock, 0, false};
}

IoResult SimNet::write(Socket socket, std::span<const iovec> from) {
    Link& link = link_of(socket);
    if (link.reset_at_bridge) return {IoResult::Kind::kClosed, 0, true};
    ZB_CHECK(!link.down.fin, link.id);
    size_t sent = 0;
    for (const iovec& part : from) {
        const size_t room = link.down.wire_max - link.down.wire.size();
        const size_t taken = std::min(room, part.iov_len);
        link.down.wire.append({static_cast<const char*>(part.iov_base), taken});
        sent += taken;
        if (taken < part.iov_len) {
            link.down.starved = true;
            break;
        }
    }
    if (sent == 0) return {IoResult::Kind::kWouldBlock, 0, false};
    progress_++;
    trace_.note(agenda_.now(), "bridge writes", link.id, sent);
    plan_arrival(link, false);
    return {IoResult::Kind::kDone, sent, false};
}

void SimNet::shutdown_write(Socket socket) {
    Link& link = link_of(socket);
    trace_.note(agenda_.now(), "bridge half-closes", link.id);
    link.down.fin = true;
    plan_arrival(link, false);
}

void SimNet::close(Socket socket) {
    const auto open = sockets_.find(socket);
    ZB_CHECK(open != sockets_.end(), socket);
    if (before_io) before_io();
    progress_++;
    if (open->second.listener != nullptr) {
        const std::vector<LinkId> backlog = open->second.listener->backlog;
        listeners_.erase(socket);
        sockets_.erase(open);
        for (const LinkId id : backlog)
            reset_app(*links_.at(id));
        return;
    }
    Link& link = *open->second.link;
    sockets_.erase(open);
    link.socket = net::kNoSocket;
    link.bridge_closed = true;
    trace_.note(agenda_.now(), "bridge closes", link.id);
    if (link.user == nullptr) {  // what was still on its way to nobody
        link.lost += link.down.arrived.view();
        link.lost += link.down.wire.view();
        link.down.arrived.clear();
        link.down.wire.clear();
        return;
    }
    // As TCP: what was sent arrives and then the end; but unread bytes make it a reset.
    const bool unread = !link.up.arrived.empty() || !link.up.wire.empty();
    link.up.arrived.clear();
    link.up.wire.clear();
    if (unread) return reset_app(link);
    link.down.fin = true;
    plan_arrival(link, false);
}

Status SimNet::watch(Socket socket, uint64_t token) {
    Open& open = sockets_.at(socket);
    ZB_CHECK(!open.watched, socket);
    open.watched = true;
    open.token = token;
    if (open.listener != nullptr) {
        open.readable = !open.listener->backlog.empty();
        return {};
    }
    const Link& link = *open.link;
    open.ended = link.up.fin_arrived || link.reset_at_bridge;
    open.readable = open.ended || !link.up.arrived.empty();
    open.writable = true;
    return {};
}

bool SimNet::something_pending() const {
    return std::any_of(sockets_.begin(), sockets_.end(),
                       [](const auto& each) { return each.second.pending(); });
}

size_t SimNet::wait(std::span<NetEvent> events, std::optional<Duration> timeout) {
    agenda_.move_to(agenda_.now() +
                    Duration(static_cast<int64_t>(
                        random_.below(static_cast<uint64_t>(options_.turn_cost_max.count()) + 1))));
    std::optional<Instant> deadline;
    if (timeout) deadline = agenda_.now() + *timeout;
    agenda_.run_due();
    while (!woken_ && !something_pending()) {
        const auto next = agenda_.next();
        if (deadline && (!next || *next >= *deadline)) {
            if (*timeout > Duration{}) {
                agenda_.move_to(*deadline +
                                Duration(static_cast<int64_t>(random_.below(
                                    static_cast<uint64_t>(options_.lateness_max.count()) + 1))));
                agenda_.run_due();
                progress_++;
            }
            break;
        }
        if (!next) break;  // nothing will ever happen
        agenda_.move_to(*next);
        agenda_.run_due();
    }
    woken_ = false;

    std::vector<Open*> pending;
    for (auto& [socket, open] : sockets_) {
        if (open.pending()) pending.push_back(&open);
    }
    const size_t most = std::min({events.size(), size_t{options_.events_max}, pending.size()});
    for (size_t i = 0; i < most; i++) {
        std::swap(pending[i], pending[i + random_.below(pending.size() - i)]);
        Open& open = *pending[i];
        if (options_.tells_all && open.link != nullptr) {
            const Link& link = *open.link;
            open.ended = link.up.fin_arrived || link.reset_at_bridge;
            open.readable = open.ended || !link.up.arrived.empty();
            open.writable = link.reset_at_bridge || link.down.wire.size() < link.down.wire_max;
            if (link.down.starved && link.down.wire.size() > link.down.wire_max / 3 * 2)
                open.writable = false;
            if (open.writable) open.link->down.starved = false;
        }
        events[i] = {open.token, open.readable, open.writable, open.ended};
        open.readable = open.writable = open.ended = false;
        progress_++;
    }
    return most;
}

SimNet::LinkId SimNet::connect(uint16_t port, LinkUser& user) {
    for (auto& [socket, listener] : listeners_) {
        if (listener->port != port) continue;
        auto link = std::make_unique<Link>();
        link->id = next_link_++;
        link->user = &user;
        for (Pipe* pipe : {&link->up, &link->down}) {
            // Mostly small: the logarithm of the size is uniform.
            const auto size = [&] {
                size_t bytes = options_.buffer_bytes_min;
                while (bytes < options_.buffer_bytes_max && random_.below(3) > 0)
                    bytes *= 2;
                return std::min(options_.buffer_bytes_max, some_size(bytes, bytes * 2));
            };
            pipe->wire_max = size();
            pipe->arrived_max = size();
        }
        const LinkId id = link->id;
        links_.emplace(id, std::move(link));
        trace_.note(agenda_.now(), "connect", id, port);
        const Socket listening = socket;
        agenda_.after(some_delay(), [this, id, listening] {
            const auto still = listeners_.find(listening);
            if (still == listeners_.end()) return reset_app(*links_.at(id));
            still->second->backlog.push_back(id);
            sockets_.at(listening).readable = true;
        });
        return id;
    }
    return kRefused;
}

size_t SimNet::app_write(LinkId id, std::string_view bytes) {
    Link& link = *links_.at(id);
    ZB_CHECK(link.user != nullptr, id);
    if (link.reset_at_app || link.up.fin) return bytes.size();  // gone; the end is told by a read
    const size_t taken = std::min(link.up.wire_max - link.up.wire.size(), bytes.size());
    if (taken < bytes.size()) link.up.starved = true;
    if (taken == 0) return 0;
    link.up.wire.append(bytes.substr(0, taken));
    plan_arrival(link, true);
    return taken;
}

SimNet::AppRead SimNet::app_read(LinkId id, size_t bytes_max) {
    Link& link = *links_.at(id);
    AppRead got;
    got.bytes = link.down.arrived.view().substr(0, bytes_max);
    link.down.arrived.consume(got.bytes.size());
    link.down.taken += got.bytes.size();
    if (!got.bytes.empty() && (!link.down.wire.empty() || link.down.fin)) plan_arrival(link, false);
    got.ended = link.down.arrived.empty() && (link.down.fin_arrived || link.reset_at_app);
    return got;
}

void SimNet::app_close(LinkId id) {
    Link& link = *links_.at(id);
    if (link.user == nullptr) return;
    trace_.note(agenda_.now(), "app closes", id, link.down.arrived.size());
    link.user = nullptr;
    const bool unread = !link.down.arrived.empty();
    link.lost += link.down.arrived.view();
    link.down.arrived.clear();
    if (unread) {
        // As TCP: a reset, and what waits to be sent is thrown away.
        link.up.wire.clear();
        link.lost += link.down.wire.view();
        link.down.wire.clear();
        return reset_bridge(link);
    }
    link.up.fin = true;
    plan_arrival(link, true);
    plan_arrival(link, false);  // to find that nobody reads it
}

void SimNet::app_reset(LinkId id) {
    Link& link = *links_.at(id);
    if (link.user == nullptr) return;
    trace_.note(agenda_.now(), "app resets", id);
    link.user = nullptr;
    link.lost += link.down.arrived.view();
    link.lost += link.down.wire.view();
    link.down.arrived.clear();
    link.down.wire.clear();
    // A reset does not wait for a reader: what has no room any more is gone.
    const size_t room = link.up.arrived_max - std::min(link.up.arrived_max, link.up.arrived.size());
    link.up.wire.truncate(random_.below(std::min(link.up.wire.size(), room) + 1));
    link.up.fin = true;  // see arrive(): ours is a reset
    link.reset_at_app = true;
    plan_arrival(link, true);
}

void SimNet::plan_arrival(Link& link, bool up) {
    Pipe& pipe = up ? link.up : link.down;
    if (pipe.moving) return;
    pipe.moving = true;
    agenda_.after(some_delay(), [this, &link, up] { arrive(link, up); });
}

void SimNet::arrive(Link& link, bool up) {
    Pipe& pipe = up ? link.up : link.down;
    pipe.moving = false;
    if (up && link.bridge_closed) {
        // Bytes for a socket that is closed are answered by a reset.
        const bool late = !pipe.wire.empty();
        pipe.wire.clear();
        if (late && link.user != nullptr) reset_app(link);
        return;
    }
    if (!up && link.user == nullptr) {
        const bool late = !pipe.wire.empty();
        link.lost += pipe.wire.view();
        pipe.wire.clear();
        if (late && !link.bridge_closed) reset_bridge(link);
        return;
    }
    const size_t room = pipe.arrived_max - std::min(pipe.arrived_max, pipe.arrived.size());
    size_t bytes = std::min(pipe.wire.size(), room);
    if (bytes > 1 && random_.below(4) == 0) bytes = 1 + random_.below(bytes);
    if (bytes > 0) {
        pipe.arrived.append(pipe.wire.view().substr(0, bytes));
        pipe.wire.consume(bytes);
        if (!pipe.wire.empty() && pipe.arrived.size() < pipe.arrived_max) plan_arrival(link, up);
    }
    const bool ends = pipe.wire.empty() && pipe.fin && !pipe.fin_arrived;
    if (ends) {
        if (up && link.reset_at_app)
            link.reset_at_bridge = true;
        else
            pipe.fin_arrived = true;
    }
    const bool room_again = pipe.starved && pipe.wire.size() <= pipe.wire_max / 3 * 2;
    if (room_again) pipe.starved = false;
    if (up) {
        if (bytes > 0 || ends) tell_bridge(link, true, link.reset_at_bridge, ends);
        if (room_again && link.user != nullptr) link.user->on_room();
    } else {
        if (room_again && !link.bridge_closed) tell_bridge(link, false, true, false);
        if (bytes > 0 || ends) tell_app(link);
    }
}

void SimNet::tell_bridge(Link& link, bool readable, bool writable, bool ended) {
    if (link.socket == net::kNoSocket) return;
    Open& open = sockets_.at(link.socket);
    open.readable |= readable;
    open.writable |= writable;
    open.ended |= ended;
}

void SimNet::tell_app(Link& link) {
    if (link.user != nullptr) link.user->on_arrived();
}

// The kernel of the application says that the link is no more.
void SimNet::reset_bridge(Link& link) {
    link.reset_at_bridge = true;
    link.up.wire.clear();
    tell_bridge(link, true, true, true);
}

void SimNet::reset_app(Link& link) {
    if (link.reset_at_app) return;
    trace_.note(agenda_.now(), "reset by the bridge", link.id);
    link.reset_at_app = true;
    link.lost_behind += link.down.wire.view();  // what has arrived can still be read
    link.down.wire.clear();
    link.up.wire.clear();
    tell_app(link);
}

}  // namespace zbridge::sim

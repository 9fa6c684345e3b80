// A service, as sessions reach it: app connects the two.
//
// A session is at its services as several peers (call_peers.h): a client at each that it calls, a worker
// for each subscription. They come and go over clients() and workers(), as plain ones do.
// Thread:  the reactor thread only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/clock.h"
#include "bridge/model/corr.h"
#include "bridge/model/message.h"
#include "bridge/net/peer.h"

namespace zbridge::protocol {

class Callee {
 public:
    virtual ~Callee() = default;

    virtual net::PeerHandler& clients() = 0;
    virtual net::PeerHandler& workers() = 0;

    // [ref][""][body...]. The caller is sent [ref][""][reply...], or [ref][a Refusal, one octet][text].
    // `timeout`: what it waits at most; 0: it does not say.
    virtual void ask(net::Peer& caller, const Message& message, Duration timeout) = 0;
    // What a caller of this name waits for, of connections before: the refs.
    virtual std::vector<std::string> awaited(const net::PeerInfo& caller) const = 0;
    // It will not come back: nothing is kept for it.
    virtual void forget(net::Peer& caller) = 0;

    // A worker is sent [corr][""][body...], and sends [corr][""][reply...] back. It is given nothing before
    // it has a credit.
    virtual void set_credit(net::Peer& worker, uint32_t credit) = 0;
    // In place of a reply: it could not be done.
    virtual void fail(net::Peer& worker, const Corr& call, std::string_view text) = 0;
    // How long a reply is of use; none: it is not known.
    virtual std::optional<Duration> time_left(const Corr& call) const = 0;
};

}  // namespace zbridge::protocol

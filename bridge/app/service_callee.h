// A service as sessions reach it: the one connection between the two.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/protocol/callee.h"
#include "bridge/rpc/service.h"

namespace zbridge::app {

class ServiceCallee final : public protocol::Callee {
 public:
    explicit ServiceCallee(rpc::Service& service) : service_(service) {}

    net::PeerHandler& clients() override { return service_.clients(); }
    net::PeerHandler& workers() override { return service_.workers(); }
    void ask(net::Peer& caller, const Message& message, Duration timeout) override {
        service_.ask(caller, message, timeout);
    }
    std::vector<std::string> awaited(const net::PeerInfo& caller) const override {
        return service_.awaited(caller);
    }
    void forget(net::Peer& caller) override { service_.forget(caller); }
    void set_credit(net::Peer& worker, uint32_t credit) override {
        service_.set_credit(worker, credit);
    }
    void fail(net::Peer& worker, const Corr& call, std::string_view text) override {
        service_.fail(worker, call, text);
    }
    std::optional<Duration> time_left(const Corr& call) const override {
        return service_.time_left(call);
    }

 private:
    rpc::Service& service_;
};

}  // namespace zbridge::app

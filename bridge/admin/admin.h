// The admin endpoint: calls of the command line, answered on the reactor thread.
//
// Limits:  what the endpoint's PeerLimits say of a call's size; a call does a bounded piece of
//          work.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "bridge/base/result.h"
#include "bridge/net/peer.h"
#include "bridge/telemetry/report.h"

namespace zbridge::admin {

class Admin final : public net::PeerHandler {
 public:
    using Answer = std::function<Result<telemetry::Report>(const telemetry::Report& args)>;

    explicit Admin(MemoryBudget& memory) : memory_(memory) {}

    // What a call of this name is answered by. Before the first peer.
    void serve(std::string name, Answer answer) {
        answers_.emplace(std::move(name), std::move(answer));
    }

    void on_opened(net::Peer&) override {}
    net::Take on_message(net::Peer& peer, const Message& message) override;
    void on_closed(net::Peer&) override {}

 private:
    Result<telemetry::Report> answer(std::string_view body) const;

    MemoryBudget& memory_;
    std::map<std::string, Answer, std::less<>> answers_;
};

}  // namespace zbridge::admin

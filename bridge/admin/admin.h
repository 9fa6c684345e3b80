// The admin endpoint: calls of the command line, answered on the reactor thread.
//
// Answers: at once, or later: of a call that has to ask the disk first. A caller that has gone
//          meanwhile is told nothing.
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
    using Tell = std::function<void(Result<telemetry::Report>)>;
    using LaterAnswer = std::function<void(const telemetry::Report& args, Tell tell)>;

    explicit Admin(MemoryBudget& memory) : memory_(memory) {}

    // What a call of this name is answered by. Before the first peer.
    void serve(std::string name, Answer answer) {
        serve_later(std::move(name),
                    [answer = std::move(answer)](const telemetry::Report& args, const Tell& tell) {
                        tell(answer(args));
                    });
    }
    // `tell` is called once, in the call or later.
    void serve_later(std::string name, LaterAnswer answer) {
        answers_.emplace(std::move(name), std::move(answer));
    }

    void on_opened(net::Peer& peer) override { peers_.emplace(peer.id(), &peer); }
    net::Take on_message(net::Peer& peer, const Message& message) override;
    void on_closed(net::Peer& peer) override { peers_.erase(peer.id()); }

 private:
    void answer(std::string_view body, Tell tell) const;
    void say(PeerId peer, const Slice& envelope, const Result<telemetry::Report>& answer);

    MemoryBudget& memory_;
    std::map<std::string, LaterAnswer, std::less<>> answers_;
    std::map<PeerId, net::Peer*> peers_;
};

}  // namespace zbridge::admin

#include "bridge/admin/admin.h"

#include "bridge/protocol/call.h"

namespace zbridge::admin {

namespace {
constexpr uint32_t kEnvelopeFramesMax = 16;
}

net::Take Admin::on_message(net::Peer& peer, const Message& message) {
    // Its connection reads no more of one that does not read; but to one that has gone nothing is
    // said either.
    if (!peer.has_room()) {
        peer.counters().dropped++;
        return net::Take::kTaken;
    }
    const auto envelope = find_envelope(message, kEnvelopeFramesMax);
    const Message body = envelope ? message.after(envelope->bytes, envelope->frames) : message;
    const Slice its = envelope ? message.wire().part(0, envelope->bytes) : Slice();
    answer(body.first().body, [this, id = peer.id(), its](const Result<telemetry::Report>& answer) {
        say(id, its, answer);
    });
    return net::Take::kTaken;
}

void Admin::say(PeerId id, const Slice& envelope, const Result<telemetry::Report>& answer) {
    const auto peer = peers_.find(id);
    if (peer == peers_.end()) return;
    std::string frame;
    append_frame(frame, protocol::pack_answer(answer), false);
    peer->second->send(envelope, memory_.copy(frame));
}

void Admin::answer(std::string_view body, Tell tell) const {
    auto call = protocol::unpack_call(body);
    if (!call.ok()) return tell(std::move(call).error());
    const auto found = answers_.find(call->name);
    if (found == answers_.end())
        return tell(Status(Code::kNotFound, "this bridge knows no call `" + call->name + "`"));
    found->second(call->args, std::move(tell));
}

}  // namespace zbridge::admin

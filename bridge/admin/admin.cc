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
    std::string frame;
    append_frame(frame, protocol::pack_answer(answer(body.first().body)), false);
    peer.send(envelope ? message.wire().part(0, envelope->bytes) : Slice(), memory_.copy(frame));
    return net::Take::kTaken;
}

Result<telemetry::Report> Admin::answer(std::string_view body) const {
    auto call = protocol::unpack_call(body);
    if (!call.ok()) return std::move(call).error();
    const auto found = answers_.find(call->name);
    if (found == answers_.end())
        return Status(Code::kNotFound, "this bridge knows no call `" + call->name + "`");
    return found->second(call->args);
}

}  // namespace zbridge::admin

#include "bridge/cli/bench/group_source.h"

#include "bridge/cli/message_frames.h"
#include "bridge/protocol/settle_header.h"

namespace zbridge::cli::bench {

using telemetry::Report;

Result<std::unique_ptr<GroupSource>> GroupSource::open(std::unique_ptr<Conversation> bridge,
                                                       const std::string& group) {
    Report fields = Report::map();
    fields.add("sub", uint64_t{1});
    fields.add("group", group);
    fields.add("credit", kCredit);
    if (Status status = bridge->say("SUBSCRIBE", fields); !status.ok()) return status;
    const auto piece = bridge->hear();
    if (!piece.ok()) return piece.error();
    if (piece->name == "REFUSED") return protocol::status_of(piece->fields);
    return std::unique_ptr<GroupSource>(new GroupSource(std::move(bridge), group));
}

Status GroupSource::take(Duration time, const OnMessage& on_message) {
    constexpr int kTurn = 16;  // things that the bridge says
    bridge_->wait(time);
    for (int i = 0; i < kTurn; i++) {
        const auto piece = bridge_->hear(Duration{});
        if (!piece.ok())
            return piece.error().code() == Code::kUnavailable ? Status() : piece.error();
        if (piece->name == "REFUSED") return protocol::status_of(piece->fields);
        if (piece->name == "BYE") return {Code::kUnavailable, "the bridge is ending"};
        if (piece->name != "DELIVER") continue;
        if (Status status = deliver(*piece, on_message); !status.ok()) return status;
    }
    return {};
}

Status GroupSource::deliver(const Conversation::Piece& piece, const OnMessage& on_message) {
    const auto messages = messages_in(piece.block);
    if (!messages) return {Code::kInvalid, "a DELIVER whose block cannot be read"};
    for (const MessageFrames& frames : *messages)
        on_message(0, frames);
    std::vector<std::pair<std::string, uint64_t>> ranges;
    for (const Report& run : piece.fields.at("runs").items()) {
        const auto& its = run.items();  // token, count, attempt, id
        if (its.size() < 4) return {Code::kInvalid, "a DELIVER whose runs cannot be read"};
        ranges.emplace_back(its[0].text(), its[1].number());
    }
    return bridge_->say_packed(protocol::pack_settle(group_, "ack", ranges, ++last_ref_));
}

// Once what it acked is: what it was given since then goes back.
Status GroupSource::leave() {
    return bridge_->leave();
}

}  // namespace zbridge::cli::bench

#include "bridge/cli/bench/topic_sink.h"

#include "bridge/cli/message_frames.h"
#include "bridge/cli/publishing.h"

namespace zbridge::cli::bench {

using telemetry::Report;

Result<bool> TopicSink::send(const Stamp& stamp, std::string_view body) {
    append_message(block_, {std::string(body)});
    open_.push_back(stamp);
    batch_++;
    if (batch_ < Publishing::kBatchMessagesMax && block_.size() < Publishing::kBatchBytesMax)
        return true;
    if (Status status = publish(); !status.ok()) return status;
    return true;
}

Status TopicSink::publish() {
    if (batch_ == 0) return {};
    Report fields = Report::map();
    fields.add("topic", topic_);
    fields.add("seq", next_seq_);
    fields.add("count", batch_);
    Status status = bridge_->say("PUBLISH", fields, block_);
    next_seq_ += batch_;
    batch_ = 0;
    block_.clear();
    return status;
}

Status TopicSink::hear(Duration time, bool /*for_room*/, const OnOutcome& on_outcome) {
    if (Status status = publish(); !status.ok()) return status;
    if (time > Duration{}) bridge_->wait(time);
    for (;;) {
        const auto piece = bridge_->hear(Duration{});
        if (!piece.ok())
            return piece.error().code() == Code::kUnavailable ? Status() : piece.error();
        if (piece->name == "RECEIPT") take(piece->fields, on_outcome);
        if (piece->name == "REFUSED") return protocol::status_of(piece->fields);
        if (piece->name == "BYE") return {Code::kUnavailable, "the bridge is ending"};
    }
}

void TopicSink::take(const Report& receipt, const OnOutcome& on_outcome) {
    const auto each = [&](const Report& outcomes, bool refused) {
        for (const Report& outcome : outcomes.items()) {
            const auto& its = outcome.items();  // seq, count, id or code
            if (its.size() < 4) continue;
            for (uint64_t i = 0; i < its[1].number() && !open_.empty(); i++) {
                on_outcome(open_.front(), refused ? its[2].text() : "");
                open_.pop_front();
            }
        }
    };
    each(receipt.at("stored"), false);
    each(receipt.at("refused"), true);
}

}  // namespace zbridge::cli::bench

#include "bridge/cli/publishing.h"

namespace zbridge::cli {

using telemetry::Report;

Report Attributed::report() const {
    Report its = Report::map();
    if (id) its.add("id", *id);
    if (!keys.empty()) {
        Report& list = its.add("keys", Report::list());
        for (const std::string& key : keys)
            list.add(key);
    }
    if (order_key) its.add("order_key", *order_key);
    if (tag) its.add("tag", *tag);
    if (deliver_at_ms) its.add("deliver_at", static_cast<uint64_t>(*deliver_at_ms));
    if (priority) its.add("priority", *priority);
    if (!properties.empty()) {
        Report& map = its.add("properties", Report::map());
        for (const auto& [name, value] : properties)
            map.add(name, value);
    }
    return its.entries().empty() ? Report() : its;
}

Report Published::report(const std::string& topic) const {
    Report its = Report::map();
    its.add("topic", topic);
    its.add("published", stored);
    its.add("duplicates", duplicates);
    its.add("first_id", first_id);
    its.add("last_id", last_id);
    Report& list = its.add("refused", Report::list());
    for (const auto& [reason, count] : refused) {
        Report& each = list.add(Report::map());
        each.add("reason", reason);
        each.add("count", count);
    }
    return its;
}

Status Publishing::add(const MessageFrames& frames, const Attributed& its) {
    std::string message;
    append_message(message, frames);
    // By itself: what is too large takes nothing else with it.
    if (batch_ > 0 && block_.size() + message.size() > kBatchBytesMax) {
        if (Status status = send_batch(); !status.ok()) return status;
    }
    block_ += message;
    has_attributes_ |= !attributes_.add(its.report()).is_null();
    batch_++;
    if (batch_ < kBatchMessagesMax && block_.size() < kBatchBytesMax) return {};
    return send_batch();
}

Result<Published> Publishing::finish() {
    if (Status status = send_batch(); !status.ok()) return status;
    if (Status status = wait_for(0); !status.ok()) return status;
    return published_;
}

Status Publishing::send_batch() {
    if (batch_ == 0) return {};
    if (Status status = wait_for(kWindow - batch_); !status.ok()) return status;
    Report fields = Report::map();
    fields.add("topic", topic_);
    fields.add("seq", next_seq_);
    fields.add("count", batch_);
    if (has_attributes_) fields.add("attributes", std::move(attributes_));
    attributes_ = Report::list();
    has_attributes_ = false;
    Status status = bridge_.say("PUBLISH", fields, block_);
    if (status.code() == Code::kInvalid) {  // too large, nothing was sent
        published_.refused[status.message()] += batch_;
        status = {};
    } else {
        next_seq_ += batch_;
    }
    batch_ = 0;
    block_.clear();
    return status;
}

// Until so many at most have no outcome.
Status Publishing::wait_for(uint64_t open_max) {
    while (next_seq_ - 1 - told_ > open_max) {
        const auto piece = bridge_.hear();
        if (!piece.ok()) return piece.error();
        if (piece->name == "RECEIPT") take(piece->fields);
        if (piece->name == "REFUSED") return protocol::status_of(piece->fields);
    }
    return {};
}

void Publishing::take(const Report& receipt) {
    for (const Report& each : receipt.at("stored").items()) {
        const auto& its = each.items();  // seq, count, id, duplicate
        if (its.size() < 4 || its[1].number() == 0) continue;
        const uint64_t count = its[1].number();
        if (published_.stored == 0) published_.first_id = id_text(its[2].text(), 0);
        published_.last_id = id_text(its[2].text(), count - 1);
        published_.stored += count;
        if (its[3].text() == "true") published_.duplicates += count;
        told_ += count;
    }
    for (const Report& each : receipt.at("refused").items()) {
        const auto& its = each.items();  // seq, count, code, text
        if (its.size() < 4) continue;
        published_.refused[its[2].text() + ": " + its[3].text()] += its[1].number();
        told_ += its[1].number();
    }
}

}  // namespace zbridge::cli

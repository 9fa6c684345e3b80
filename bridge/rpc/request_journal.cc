#include "bridge/rpc/request_journal.h"

#include <algorithm>
#include <utility>

namespace zbridge::rpc {

RequestJournal::RequestJournal(NoteStore& store, const Clock& clock,
                               std::vector<std::string> endpoints, telemetry::Log* log)
    : store_(store), clock_(clock), endpoints_(std::move(endpoints)), log_(log) {}

void RequestJournal::recover(uint64_t key, NoteKind kind, std::string_view bytes) {
    highest_ = std::max(highest_, key);
    Status status = read(recovered_[key], kind, bytes);
    if (!status.ok() && unreadable_.ok())
        unreadable_ = std::move(status).with_context("request " + std::to_string(key));
}

Status RequestJournal::read(Recovered& into, NoteKind kind, std::string_view bytes) {
    switch (kind) {
        case NoteKind::kRequest: {
            into.request_bytes = bytes;
            auto request = read_request_note(into.request_bytes);
            if (!request.ok()) return std::move(request).error();
            into.request = *request;
            return {};
        }
        case NoteKind::kDispatch: {
            auto attempt = read_dispatch_note(bytes);
            if (!attempt.ok()) return std::move(attempt).error();
            into.attempt = *attempt;
            return {};
        }
        case NoteKind::kReply: {
            if (into.reply) return {};  // the first one has won
            into.reply_bytes = bytes;
            auto reply = read_reply_note(into.reply_bytes);
            if (!reply.ok()) return std::move(reply).error();
            into.reply = *reply;
            return {};
        }
        case NoteKind::kReplied: {
            auto replied_us = read_replied_note(bytes);
            if (!replied_us.ok()) return std::move(replied_us).error();
            into.replied_us = *replied_us;
            return {};
        }
    }
    return {Code::kInvalid,
            "a note of a kind that no request has: " + std::to_string(static_cast<uint32_t>(kind))};
}

Status RequestJournal::begin() {
    return std::exchange(unreadable_, {});
}

std::map<uint64_t, Recovered> RequestJournal::take(const std::string& service) {
    std::map<uint64_t, Recovered> taken;
    for (auto at = recovered_.begin(); at != recovered_.end();) {
        const auto each = at++;
        if (each->second.request.service == service) taken.insert(recovered_.extract(each));
    }
    return taken;
}

void RequestJournal::abandon_rest() {
    std::map<std::string, uint64_t> requests;  // by their service
    for (const auto& [number, each] : std::exchange(recovered_, {})) {
        requests[std::string(each.request.service)]++;
        close(number);
    }
    if (log_ == nullptr) return;
    for (const auto& [service, count] : requests) {
        log_->warn("rpc",
                   "requests of a life before are given up: their service is not in the file any "
                   "more, or does not say `restart: resume`",
                   {{"service", service}, {"requests", count}});
    }
}

void RequestJournal::on_committed(uint64_t number) {
    for (Listener* each : listeners_)
        each->on_committed(number);
}

void RequestJournal::on_store_failed() {
    for (Listener* each : listeners_)
        each->on_store_failed();
}

std::optional<uint64_t> RequestJournal::note_request(uint64_t number, const RequestNote& note) {
    write_note(note, bytes_);
    return store_.note(number, NoteKind::kRequest, bytes_, false);
}

std::optional<uint64_t> RequestJournal::note_dispatch(uint64_t number, uint8_t attempt) {
    write_dispatch_note(attempt, bytes_);
    return store_.note(number, NoteKind::kDispatch, bytes_, false);
}

std::optional<uint64_t> RequestJournal::note_reply(uint64_t number, const ReplyFrames& reply) {
    write_note(ReplyNote{.at_us = clock_.wall_us(),
                         .body = reply.body - reply.delimiter,
                         .wire = reply.wire.bytes().substr(reply.delimiter)},
               bytes_);
    return store_.note(number, NoteKind::kReply, bytes_, false);
}

std::optional<uint64_t> RequestJournal::note_told(uint64_t number) {
    write_replied_note(clock_.wall_us(), bytes_);
    return store_.note(number, NoteKind::kReplied, bytes_, false);
}

// One that is refused will be known again after a restart, and ends then as it does now.
void RequestJournal::close(uint64_t number) {
    write_replied_note(clock_.wall_us(), bytes_);
    (void)store_.note(number, NoteKind::kReplied, bytes_, true);
}

void RequestJournal::need(uint64_t number, Need need) {
    needs_[number] |= static_cast<uint8_t>(need);
}

void RequestJournal::done(uint64_t number, Need need) {
    const auto found = needs_.find(number);
    ZB_CHECK(found != needs_.end(), number);
    found->second &= static_cast<uint8_t>(~static_cast<uint8_t>(need));
    if (found->second == 0) {
        needs_.erase(found);
        close(number);
    } else if (need == Need::kAnswer) {
        (void)note_told(number);  // as for close()
    }
}

std::string_view RequestJournal::endpoint_name(EndpointId id) const {
    return id.number() < endpoints_.size() ? std::string_view(endpoints_[id.number()])
                                           : std::string_view();
}

std::optional<EndpointId> RequestJournal::endpoint_named(std::string_view name) const {
    const auto found = std::find(endpoints_.begin(), endpoints_.end(), name);
    if (found == endpoints_.end()) return std::nullopt;
    return EndpointId(static_cast<uint32_t>(found - endpoints_.begin()));
}

void RequestJournal::tell_unresumable(const std::string& service) {
    if (log_ == nullptr) return;
    log_->warn("rpc",
               "a reply to a request of before the restart goes to nobody: its client cannot be "
               "told from others; set a routing id to survive restarts",
               {{"service", service}});
}

}  // namespace zbridge::rpc

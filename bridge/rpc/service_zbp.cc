// What a service does for clients and workers that are parts of sessions of ZBP/1: they say how long they
// wait and how much they take, and are told codes.
#include <algorithm>

#include "bridge/rpc/service.h"

namespace zbridge::rpc {

namespace {

// The name of an answer's request, as a whole frame.
Slice ref_frame(const Slice& bytes) {
    return bytes.part(0, frame_at(bytes.bytes(), 0).end);
}

std::string ref_of(const Slice& bytes) {
    return std::string(frame_at(bytes.bytes(), 0).body);
}

}  // namespace

void Service::ask(net::Peer& caller, const Message& message, Duration timeout) {
    Client* client = caller.state<ClientState>().client;
    if (client != nullptr) (void)accept(*client, message, timeout);
}

std::vector<std::string> Service::awaited(const net::PeerInfo& caller) const {
    std::vector<std::string> refs;
    const Client* client = caller.identity.empty() ? nullptr : clients_.known(caller);
    if (client == nullptr || !client->zbp) return refs;
    for (const Request* each = client->requests.front(); each != nullptr;
         each = decltype(client->requests)::after(*each))
        refs.push_back(ref_of(each->wire));
    for (const Answer& each : client->kept)
        refs.push_back(ref_of(each.head.empty() ? each.rest : each.head));
    return refs;
}

void Service::forget(net::Peer& caller) {
    Client* client = caller.state<ClientState>().client;
    if (client == nullptr) return;
    take_written(*client);
    forget_sent(*client);
    counts_.dropped_gone += caller.outbox().messages();
    forget_client(*client);
}

void Service::set_credit(net::Peer& worker, uint32_t credit) {
    pool_.set_credit(worker.state<Worker>(), credit);
    dispatch();
    audit();
}

void Service::fail(net::Peer& worker, const Corr& corr, std::string_view text) {
    on_reply(worker.state<Worker>(), {.corr = corr, .error = text});
    dispatch();
    audit();
}

// It is final, if no newer attempt may do better.
void Service::on_error(const Corr& corr, const std::optional<Hold>& hold, Request* request,
                       std::string_view text) {
    if (request == nullptr) return counts_.late.add(late_reason(corr, hold));
    const bool is_newest = corr.attempt >= request->attempt && !request->is_undispatched();
    if (!is_newest || request->stage == Stage::kReplying)
        return counts_.late.add(LateReason::kOtherAttempt);
    tell_all(*request, Refusal::kFailed, text);
    remove(*request, Fate::kEnded);
}

std::optional<Duration> Service::time_left(const Corr& corr) const {
    const Request* request = find(corr);
    if (request == nullptr || !is_asked(*request)) return std::nullopt;
    if (request->has_deadline()) return std::max(request->deadline - clock_.now(), Duration{});
    return attempt_timeout_ > Duration{} ? std::optional(attempt_timeout_) : std::nullopt;
}

// [ref][code][text]: where a reply has an empty frame, there is the code's octet.
Answer Service::coded_error(const Slice& envelope, Refusal why, std::string_view text) {
    const char code = static_cast<char>(why);
    std::string wire;
    append_frame(wire, {&code, 1}, true);
    append_frame(wire, text.empty() ? meaning_of(why) : text, false);
    return {.head = ref_frame(envelope),
            .rest = memory_.copy(wire),
            .counted = true,  // its request has ended
            .correlates = true};
}

}  // namespace zbridge::rpc

// What a service with a journal has stored of a request on its way: it is stored before the first
// byte of it goes to a worker, so that the next life of the bridge knows whether one may have it.
#include <utility>

#include "bridge/rpc/service.h"

namespace zbridge::rpc {

namespace {

// [4 bytes][""]: the envelope of a REQ with REQ_CORRELATE.
bool names_itself(const Request& request, const net::PeerInfo& client) {
    constexpr size_t kIdBytes = 4, kEnvelopeBytes = 2 + kIdBytes + 2;
    return client.type == SocketType::kReq && request.envelope_bytes == kEnvelopeBytes &&
           frame_at(request.wire.bytes(), 0).body.size() == kIdBytes;
}

}  // namespace

// It gets its place in the line, or goes there when it is stored.
void Service::begin(Request& request) {
    if (journal_ == nullptr) return line_.push_back(request);
    // A worker is free: one write for both.
    request.marked = is_once() && line_.empty() && marks_ < pool_.room();
    const auto note = note_request(request);
    if (note) {
        request.noted = true;
        request.note = *note;
        request.stage = Stage::kNoting;
        if (request.marked) marks_++;
        noting_.push_back(request);
        return;
    }
    request.marked = false;
    if (journal_->failed()) return line_.push_back(request);
    end_without_store(request, Refusal::kStoreFull);
}

std::optional<uint64_t> Service::note_request(const Request& request) {
    const net::Peer& peer = *request.client->peer;
    const net::PeerInfo& client = peer.info();
    const Duration left = request.deadline - clock_.now();
    const bool is_alone = client.identity.empty() && clients_.alone_in_process(peer);
    std::string host;
    if (names_itself(request, client)) host = Returning::host_of(client);
    return journal_->note_request(
        request.number,
        {.epoch = request.epoch,
         .dispatched = request.marked,
         .told_of_dispatch = is_once(),
         .delimited = request.delimited,
         .zbp = client.zbp,
         .joined = request.stage == Stage::kJoined,
         .deadline_us =
             request.has_deadline()
                 ? clock_.wall_us() +
                       std::chrono::duration_cast<std::chrono::microseconds>(left).count()
                 : 0,
         .type = client.type,
         .service = options_.name,
         .endpoint = journal_->endpoint_name(client.endpoint),
         .identity = client.identity,
         .user = client.user,
         .process = is_alone ? std::string_view(client.process) : std::string_view(),
         .host = host,
         .envelope_bytes = request.envelope_bytes,
         .body_from = request.body_from,
         .wire = request.wire.bytes()});
}

// False: the store is full.
bool Service::note_joined(Request& request) {
    if (journal_ == nullptr) return true;
    request.noted = note_request(request).has_value();
    return request.noted || journal_->failed();
}

// At most once: the store must say that a worker may have it before one has.
bool Service::needs_mark(const Request& request) const {
    return request.noted && is_once() && !request.marked;
}

void Service::mark(Request& request) {
    const auto note =
        journal_->note_dispatch(request.number, static_cast<uint8_t>(request.attempt + 1));
    if (!note) {
        return end_without_store(request,
                                 journal_->failed() ? Refusal::kStoreFailed : Refusal::kStoreFull);
    }
    leave_stage(request);
    request.note = *note;
    request.stage = Stage::kMarking;
    request.marked = true;
    marks_++;
    noting_.push_back(request);
}

std::optional<uint64_t> Service::note_reply(const Request& request, const ReplyFrames& reply) {
    const auto note = journal_->note_reply(request.number, reply);
    const bool is_sent_then = options_.reply_durable && request.client != nullptr &&
                              leaves_at_once(*request.client, request.correlates());
    return note && is_sent_then ? journal_->note_told(request.number) : note;
}

// Has the reply stored. True: it has to wait for that.
bool Service::hold_reply(Request& request, const ReplyFrames& reply) {
    auto note = note_reply(request, reply);
    if (request.entry != nullptr) {
        auto& joined = request.entry->joined;
        for (Request* each = joined.front(); each != nullptr && note;
             each = std::decay_t<decltype(joined)>::after(*each)) {
            if (each->noted) note = note_reply(*each, reply);
        }
    }
    if (!options_.reply_durable) return false;
    leave_stage(request);
    if (request.worker != nullptr) {
        pool_.give_up(*request.worker, request.number, request.attempt, Fate::kAnswered);
        request.worker = nullptr;
    }
    request.stage = Stage::kReplying;
    request.reply = std::make_unique<ReplyFrames>(reply);
    if (!note) {
        end_without_store(request,
                          journal_->failed() ? Refusal::kStoreFailed : Refusal::kStoreFull);
        return true;
    }
    request.note = *note;
    noting_.push_back(request);
    return true;
}

void Service::on_committed(uint64_t number) {
    while (Request* first = noting_.front()) {
        if (first->note > number) break;
        leave_stage(*first);
        if (first->stage == Stage::kReplying) {
            const ReplyFrames reply = *std::exchange(first->reply, nullptr);
            settle_now(*first, reply);
        } else {
            line_up(*first);
        }
    }
    dispatch();
    audit();
}

void Service::line_up(Request& request) {
    request.stage = Stage::kWaiting;
    line_of(request).put_in_order(request);
    if (request.marked) marks_++;
}

// What is on the disk of those that were being stored is not known. One that may be found there as
// not dispatched would be dispatched by the next life: so it must not be now.
void Service::on_store_failed() {
    while (Request* first = noting_.front()) {
        leave_stage(*first);
        if (first->stage == Stage::kNoting && (first->marked || !is_once())) {
            line_up(*first);
        } else {
            end_without_store(*first, Refusal::kStoreFailed);
        }
    }
    while (Request* first = line_.front()) {
        if (!needs_mark(*first)) break;  // nor do those behind it
        end_without_store(*first, Refusal::kStoreFailed);
    }
    dispatch();
    audit();
}

void Service::end_without_store(Request& request, Refusal why) {
    tell_all(request, why);
    if (request.reply) {
        // The work is done, and repeats are not to have it done again.
        const ReplyFrames reply = *std::exchange(request.reply, nullptr);
        settle_now(request, reply);
    } else {
        remove(request, Fate::kEnded);
    }
}

// It is answered: its notes stay open for who needs them still.
void Service::share_notes(Request& request) {
    request.noted = false;
    const bool leads = request.entry != nullptr && request.entry->leader == &request;
    if (request.client != nullptr) {
        journal_->need(request.number, RequestJournal::Need::kAnswer);
        request.answer_number = request.number;
    }
    if (leads) journal_->need(request.number, RequestJournal::Need::kRepeats);
    if (request.client == nullptr && !leads) journal_->close(request.number);
}

// It has ended without a reply.
void Service::close_notes(Request& request) {
    if (std::exchange(request.noted, false)) journal_->close(request.number);
}

}  // namespace zbridge::rpc

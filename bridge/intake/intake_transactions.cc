// Endpoints with `transactions`: what their peers prepare, and what becomes of it.
#include <utility>

#include "bridge/intake/intake.h"
#include "bridge/intake/refusal_text.h"
#include "bridge/intake/transaction_request.h"

namespace zbridge::intake {

net::Take Intake::take_transactional(net::Peer& peer, Parcel& parcel) {
    // Also of a DEALER without an empty frame: who prepares must learn the token.
    parcel.wants_receipt = true;
    const auto [request, problem] = read_transaction_request(parcel.body);
    if (!request) {
        refusals_.add(Refusal::kMalformed);
        fill_slot(peer.id(), open_slot(peer.id()),
                  reply_wire(parcel.envelope.bytes(), refusal_text(Refusal::kMalformed, problem)));
        return net::Take::kTaken;
    }
    if (!request->carries()) return resolve(peer, parcel, *request);
    parcel.body = request->message;
    parcel.prepares = request->verb == TransactionRequest::Verb::kPrepare;
    return take_with_steps(peer, parcel, /*from_pub=*/false);
}

net::Take Intake::resolve(net::Peer& peer, const Parcel& parcel,
                          const TransactionRequest& request) {
    if (!engine_->has_room(*this)) {
        hold();
        return net::Take::kHold;
    }
    const bool commits = request.verb == TransactionRequest::Verb::kCommit;
    const uint64_t slot = open_slot(peer.id());
    engine_->resolve(
        request.token, commits ? plugin::Resolution::kCommit : plugin::Resolution::kRollback,
        [this, id = peer.id(), slot,
         envelope = std::string(parcel.envelope.bytes())](const plugin::Resolved& resolved) {
            if (resolved.why) refusals_.add(*resolved.why);
            const std::string said = resolved.why
                                         ? refusal_text(*resolved.why, resolved.reason)
                                         : "OK " + resolved.id.value_or(MessageId{}).text();
            fill_slot(id, slot, reply_wire(envelope, said));
        });
    return net::Take::kTaken;
}

// Of a PREPARE whose message has gone all its way. None: as any other.
std::optional<std::string> Intake::prepared_text(const Origin& origin, const Outcome& outcome,
                                                 std::optional<Refusal> why) {
    if (!origin.prepares) return std::nullopt;
    if (!why && outcome.transaction)
        return "OK " + outcome.id.value_or(MessageId{}).text() + " " + outcome.transaction->text();
    if (why) return std::nullopt;
    refusals_.add(Refusal::kStepRefused);
    return refusal_text(Refusal::kStepRefused, "a step let nothing through: nothing is prepared");
}

// Where something was prepared, and the producer is told that it is not: it must not be asked for.
void Intake::take_back(const Origin& origin, const Outcome& outcome) {
    if (origin.prepares && outcome.why && outcome.transaction)
        engine_->resolve(*outcome.transaction, plugin::Resolution::kRollback, nullptr);
}

}  // namespace zbridge::intake

#include "bridge/protocol/call_peers.h"

#include <utility>

#include "bridge/model/big_endian.h"
#include "bridge/protocol/answer.h"

namespace zbridge::protocol {

namespace {

// What stands behind the frame that ends at `end` of the first of two pieces.
Slice behind(const Slice& first, size_t end, const Slice& second) {
    return end < first.size() ? first.from(end) : second;
}

}  // namespace

std::string write_ref(uint64_t ref) {
    std::string bytes(sizeof(ref), '\0');
    put_big_endian(bytes.data(), ref);
    return bytes;
}

std::optional<uint64_t> read_ref(std::string_view bytes) {
    if (bytes.size() != sizeof(uint64_t)) return std::nullopt;
    return get_big_endian<uint64_t>(bytes.data());
}

Session::Calling::Relay::Relay(Calling& calling, Callee& callee, std::string name)
    : Peer({.id = calling.session_.commons_.setup.next_peer(),
            .endpoint = calling.session_.peer_.info().endpoint,
            .type = SocketType::kDealer,
            .identity = std::move(name),
            .address = calling.session_.peer_.info().address,
            .user = calling.session_.peer_.info().user,
            .zbp = true}),
      calling_(calling),
      callee_(callee) {
    relays_ = true;
}

void Session::Calling::Relay::look() {
    const uint64_t written = calling_.session_.peer_.outbox().written();
    for (; !unsent_.empty() && unsent_.front().left_at <= written; unsent_.pop_front())
        outbox_.consume(unsent_.front().bytes);
    waiting_messages_max_ = takes() ? ~uint64_t{0} : 0;
}

void Session::Calling::Relay::relayed(uint64_t bytes, uint64_t left_at) {
    unsent_.push_back({bytes, left_at});
    waiting_messages_max_ = takes() ? ~uint64_t{0} : 0;
    calling_.session_.commons_.ways.on_relayed(calling_.session_);
}

bool Session::Calling::Relay::takes() const {
    return calling_.is_open() && calling_.session_.peer_.has_room();
}

// Another worker is as good as one whose connection is slow.
bool Session::Calling::Server::takes() const {
    return Relay::takes() && !calling_.session_.peer_.blocked();
}

void Session::Calling::Caller::ask(uint64_t ref, const Slice& block, uint32_t frames,
                                   Duration timeout) {
    std::string wire;
    wire.reserve(2 + sizeof(ref) + 2 + block.size());
    append_frame(wire, write_ref(ref), true);
    append_frame(wire, {}, true);
    wire += block.bytes();
    callee_.ask(*this, Message(calling_.session_.commons_.reactor.memory().copy(wire), frames + 2),
                timeout);
}

// [ref][""][reply...] or [ref][a Refusal][text], in one piece or two.
void Session::Calling::Caller::on_relay(const Slice& head, const Slice& rest) {
    const uint64_t bytes = head.size() + rest.size();
    if (!calling_.is_open()) return relayed(bytes, kNever);  // it may come back for it
    Session& session = calling_.session_;
    const Slice whole = head.empty() ? rest : head;
    const Frame name = frame_at(whole.bytes(), 0);
    const auto ref = read_ref(name.body);
    if (!ref || calling_.open_.erase(*ref) == 0) return relayed(bytes, 0);  // nobody waits for it
    const Slice answer = behind(whole, name.end, rest);
    const Frame kind = frame_at(answer.bytes(), 0);
    const Slice body = behind(answer, kind.end, rest);
    if (kind.body.empty()) {
        session.commons_.counters.calls_answered++;
        session.send_with_block(pack_reply(*ref), body);
    } else {
        const auto why = static_cast<Refusal>(kind.body[0]);
        session.commons_.refusals.add(why);
        session.send(pack(Refused{
            .re = "CALL", .ref = ref, .code = why, .text = frame_at(body.bytes(), 0).body}));
    }
    relayed(bytes, session.peer_.outbox().appended());
}

// [corr][""][body...]. A byte of it that has left is enough for the worker to have it.
void Session::Calling::Server::on_relay(const Slice& head, const Slice& rest) {
    const uint64_t bytes = head.size() + rest.size();
    if (!calling_.is_open()) return relayed(bytes, kNever);
    Session& session = calling_.session_;
    const Frame name = frame_at(head.bytes(), 0);
    const Corr call = Corr::decode(name.body).value_or(Corr{});
    const Slice delimited = behind(head, name.end, rest);
    const Slice body = behind(delimited, frame_at(delimited.bytes(), 0).end, rest);
    held_.insert(call);
    session.commons_.counters.calls_given++;
    const uint64_t begin = session.peer_.outbox().appended();
    session.send_with_block(pack(GivenCall{sub_, call, callee_.time_left(call)}), body);
    relayed(bytes, begin + 1);
}

void Session::Calling::Server::reply(const Corr& call, const Slice& block, uint32_t frames) {
    const auto name = call.encode();
    std::string wire;
    wire.reserve(2 + name.size() + 2 + block.size());
    append_frame(wire, {name.data(), name.size()}, true);
    append_frame(wire, {}, true);
    wire += block.bytes();
    held_.erase(call);
    // Services take all that they are told.
    (void)callee_.workers().on_message(
        *this, Message(calling_.session_.commons_.reactor.memory().copy(wire), frames + 2));
}

void Session::Calling::Server::fail(const Corr& call, std::string_view text) {
    held_.erase(call);
    callee_.fail(*this, call, text);
}

void Session::Calling::Server::set_credit(uint32_t credit) {
    if (!retired_) callee_.set_credit(*this, credit);
}

void Session::Calling::Server::retire() {
    set_credit(0);
    retired_ = true;
}

void Session::Calling::Server::on_writable() {
    look();
    callee_.workers().on_writable(*this);
}

}  // namespace zbridge::protocol

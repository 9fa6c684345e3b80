#include "bridge/protocol/calling.h"

#include <algorithm>
#include <utility>

#include "bridge/protocol/call_peers.h"
#include "bridge/protocol/limits.h"
#include "bridge/protocol/message_block.h"

namespace zbridge::protocol {

namespace {

struct Block {
    Slice wire;
    uint32_t frames = 0;
};

// None: it is not one message.
std::optional<Block> block_of(const Message& message) {
    const Frame header = message.first();
    const Frame block = frame_at(message.wire().bytes(), header.end);
    if (count_messages(block.body) != 1) return std::nullopt;
    return Block{message.wire().part(block.end - block.body.size(), block.body.size()),
                 message_end(block.body, 0).frames};
}

}  // namespace

Session::Calling::Calling(Session& session)
    : session_(session), end_(session.commons_.reactor.timers(), [this] {
          if (is_open()) session_.refuse({}, end_as_, "a call was held for too long", true);
      }) {}

Session::Calling::~Calling() = default;

bool Session::Calling::is_open() const {
    return session_.state_ == State::kOpen;
}

Callee* Session::Calling::callee(std::string_view service) const {
    const auto& services = session_.commons_.setup.services;
    const auto found = services.find(service);
    return found == services.end() ? nullptr : found->second;
}

Session::Calling::Caller& Session::Calling::caller(std::string_view service, Callee& callee) {
    const auto found = callers_.find(service);
    if (found != callers_.end()) return *found->second;
    auto& its = callers_[std::string(service)];
    its = std::make_unique<Caller>(*this, callee, session_.name_);
    its->opened();
    return *its;
}

void Session::Calling::call(const Command& command, const Message& message) {
    const uint64_t ref = *command.ref;
    const auto block = block_of(message);
    if (!block)
        return session_.refuse(command, Refusal::kMalformed, "the block is not one message", true);
    if (open_.contains(ref))
        return session_.refuse(command, Refusal::kOutOfState, "a CALL with this `ref` waits");
    if (open_.size() >= kCallsMax)
        return session_.refuse(command, Refusal::kLineFull, "as many CALLs wait as may");
    if (command.timeout == Duration{})
        return session_.refuse(command, Refusal::kOutOfRange, "timeout");
    if (block->frames > session_.commons_.setup.frames_max)
        return session_.refuse(command, Refusal::kTooManyFrames,
                               meaning_of(Refusal::kTooManyFrames));
    Callee* its = callee(command.service);
    if (its == nullptr)
        return session_.refuse(command, Refusal::kNotFound, "no service of this name");
    session_.commons_.counters.calls++;
    open_.insert(ref);
    caller(command.service, *its)
        .ask(ref, block->wire, block->frames, command.timeout.value_or(Duration{}));
}

void Session::Calling::reply(const Command& command, const Message& message) {
    const auto found = servers_.find(*command.sub);
    const auto block = command.error ? Block{} : block_of(message);
    if (!block)
        return session_.refuse(command, Refusal::kMalformed, "the block is not one message", true);
    if (found == servers_.end())
        return session_.refuse(command, Refusal::kNotFound, "no subscription has this number");
    if (block->frames > session_.commons_.setup.frames_max)
        return session_.refuse(command, Refusal::kTooManyFrames,
                               meaning_of(Refusal::kTooManyFrames));
    Server& server = *found->second;
    session_.commons_.counters.calls_replied++;
    if (command.error)
        server.fail(command.call_id, *command.error);
    else
        server.reply(command.call_id, block->wire, block->frames);
    if (!server.is_done()) return;
    server.closed();
    servers_.erase(found);
}

void Session::Calling::subscribe(const Command& command) {
    Callee* its = callee(command.service);
    if (its == nullptr)
        return session_.refuse(command, Refusal::kNotFound, "no service of this name");
    session_.send(pack_subscribed(*command.sub));
    auto& server = servers_[*command.sub];
    server = std::make_unique<Server>(*this, *its, *command.sub);
    server->look();
    server->opened();
    server->set_credit(command.credit);
}

void Session::Calling::set_credit(const Command& command) {
    servers_.at(*command.sub)->set_credit(command.credit);
}

void Session::Calling::unsubscribe(uint32_t sub) {
    const auto found = servers_.find(sub);
    Server& server = *found->second;
    server.retire();
    session_.send(pack_unsubscribed(sub));
    if (!server.is_done()) return;
    server.closed();
    servers_.erase(found);
}

std::vector<uint64_t> Session::Calling::expect(bool resume) {
    if (session_.name_.empty()) return {};
    net::PeerInfo before = session_.peer_.info();
    before.identity = session_.name_;
    for (const auto& [name, its] : session_.commons_.setup.services) {
        const std::vector<std::string> refs = its->awaited(before);
        if (refs.empty()) continue;
        expecting_.push_back(name);
        for (const std::string& each : refs) {
            if (const auto ref = read_ref(each); ref && resume) open_.insert(*ref);
        }
    }
    if (resume) return {open_.begin(), open_.end()};
    for (const std::string& name : std::exchange(expecting_, {})) {
        Caller& its = caller(name, *callee(name));
        its.forget();
    }
    leave(/*keep=*/false);
    return {};
}

void Session::Calling::resume() {
    for (const std::string& name : std::exchange(expecting_, {}))
        (void)caller(name, *callee(name));
}

void Session::Calling::on_writable() {
    for (const auto& [name, each] : callers_)
        each->look();
    for (const auto& [sub, each] : servers_)
        each->on_writable();
}

bool Session::Calling::look() {
    for (const auto& [name, each] : callers_)
        each->look();
    for (const auto& [sub, each] : servers_)
        each->look();
    // If it is blocked it is looked at when it is not any more.
    const net::Peer& connection = session_.peer_;
    return !connection.outbox().empty() && !connection.blocked();
}

void Session::Calling::compact() {
    MemoryBudget& memory = session_.commons_.reactor.memory();
    for (const auto& [name, each] : callers_)
        each->outbox().compact(memory);
    for (const auto& [sub, each] : servers_)
        each->outbox().compact(memory);
}

void Session::Calling::end_room() {
    for (const auto& [sub, each] : servers_)
        each->end_room();
}

// Callers first: what becomes of this session's own work is kept for them, if anything is.
void Session::Calling::leave(bool keep) {
    (void)look();
    end_room();
    for (const auto& [name, each] : std::exchange(callers_, {})) {
        if (!keep) each->forget();
        each->closed();
    }
    for (const auto& [sub, each] : std::exchange(servers_, {}))
        each->closed();
    open_.clear();
}

void Session::Calling::end_soon(Refusal why) {
    end_as_ = why;
    end_.arm(session_.commons_.reactor.now());
}

}  // namespace zbridge::protocol

#include "bridge/protocol/session.h"

#include <algorithm>
#include <utility>

#include "bridge/protocol/calling.h"
#include "bridge/protocol/checking.h"
#include "bridge/protocol/limits.h"
#include "bridge/protocol/takers.h"

namespace zbridge::protocol {

namespace {

constexpr std::string_view kOfEngine[] = {"publish", "once",  "groups", "topics",      "attributes",
                                          "recall",  "query", "reset",  "transactions"};
constexpr std::string_view kCalls = "calls";
constexpr std::string_view kResume = "resume";
constexpr std::string_view kAdmin = "admin";

}  // namespace

Session::Session(net::Peer& at, Commons& commons)
    : peer_(at),
      commons_(commons),
      timer_(commons.reactor.timers(), [this] { on_tick(); }),
      receives_over_(commons.reactor.timers(), [this] { on_receives_over(); }),
      calling_(std::make_unique<Calling>(*this)) {
    timer_.arm(commons.reactor.now() + kHelloTime);
}

Session::~Session() = default;

net::Take Session::say(const Message& message) {
    heard_++;
    if (state_ == State::kLeaving || state_ == State::kGone) return net::Take::kTaken;
    const Frame header = message.first();
    const ReadCommand read = state_ == State::kNew && header.body.size() > kHelloBytesMax
                                 ? ReadCommand{{}, "a HELLO that is too long"}
                                 : read_command(header.body, header_bytes_max());
    const Command& command = read.command;
    const bool block = header.more;
    if (message.frames() > 2) {
        refuse(command, Refusal::kMalformed, "more than two frames", true);
    } else if (!read.ok()) {
        refuse(command, Refusal::kMalformed, read.problem, true);
    } else if (command.verb != Verb::kUnknown && block != has_block(command)) {
        refuse(command, Refusal::kMalformed, block ? "a block that is none of its" : "no block",
               true);
    } else if ((state_ == State::kNew) != (command.verb == Verb::kHello)) {
        refuse(command, Refusal::kOutOfState,
               state_ == State::kNew ? "HELLO comes first" : "HELLO comes once", true);
    } else {
        return run(command, message);
    }
    return net::Take::kTaken;
}

net::Take Session::run(const Command& command, const Message& message) {
    commons_.counters.commands++;
    switch (command.verb) {
        case Verb::kPublish:
        case Verb::kPrepare:
            return publish(command, message);
        case Verb::kSettle:
        case Verb::kExtend:
            return settle(command);
        case Verb::kHello:
            hello(command);
            break;
        case Verb::kSubscribe:
            subscribe(command);
            break;
        case Verb::kUnsubscribe:
            unsubscribe(command);
            break;
        case Verb::kCredit:
            set_credit(command);
            break;
        case Verb::kReceive:
            receive(command);
            break;
        case Verb::kAdmin:
            admin(command);
            break;
        case Verb::kCommit:
        case Verb::kRollback:
            resolve(command);
            break;
        case Verb::kUnknownYet:
            unknown(command);
            break;
        case Verb::kRecall:
            recall(command);
            break;
        case Verb::kQuery:
            query(command);
            break;
        case Verb::kReset:
            reset(command);
            break;
        case Verb::kBye:
            bye();
            break;
        case Verb::kHeartbeat:
            break;
        case Verb::kCall:
            calling_->call(command, message);
            break;
        case Verb::kReply:
            calling_->reply(command, message);
            break;
        case Verb::kUnknown:
            commons_.counters.unknown++;
            refuse(command, Refusal::kUnsupported, meaning_of(Refusal::kUnsupported));
            break;
    }
    return net::Take::kTaken;
}

void Session::hello(const Command& command) {
    const bool speaks = std::find(command.versions.begin(), command.versions.end(), kVersion) !=
                        command.versions.end();
    if (!speaks) return refuse(command, Refusal::kVersion, "this bridge speaks version 1", true);
    const std::vector<std::string_view> served = features();
    for (const std::string_view need : command.needs) {
        if (std::find(served.begin(), served.end(), need) == served.end())
            return refuse(command, Refusal::kUnsupported, need, true);
    }
    const bool beats = command.heartbeat > Duration{};
    if (beats && (command.heartbeat < kHeartbeatMin || command.heartbeat > kHeartbeatMax))
        return refuse(command, Refusal::kOutOfRange, "heartbeat", true);
    if (commons_.draining && !commons_.setup.admin)
        return refuse(command, Refusal::kShuttingDown, meaning_of(Refusal::kShuttingDown), true);
    name_ = command.client_name;
    client_ = command.client;
    std::optional<Joined> joined = Joined{};
    if (!name_.empty()) {
        joined = commons_.ways.join(*this, command.resume);
        if (!joined) {
            name_.clear();
            return refuse(command, Refusal::kIdentityTaken, "another user's client has this name",
                          true);
        }
    }
    welcome(command, *joined);
}

std::vector<std::string_view> Session::features() const {
    std::vector<std::string_view> served;
    if (commons_.engine != nullptr) served.assign(std::begin(kOfEngine), std::end(kOfEngine));
    if (!commons_.setup.services.empty()) served.push_back(kCalls);
    served.push_back(kResume);
    if (commons_.setup.admin) served.push_back(kAdmin);
    return served;
}

void Session::welcome(const Command& command, const Joined& joined) {
    state_ = State::kOpen;
    commons_.counters.hellos++;
    for (const HeldRange& each : joined.held)
        held_.add(each.group, each.range, {.attempt = each.attempt});
    commons_.counters.resumed += held_.messages();
    tick_ = command.heartbeat / 2;
    timer_.cancel();
    if (tick_ > Duration{}) timer_.arm(commons_.reactor.now() + tick_);
    Welcome its;
    its.version = kVersion;
    its.bridge = commons_.setup.bridge;
    its.epoch = commons_.setup.epoch;
    its.features = features();
    its.heartbeat_ms = static_cast<uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(command.heartbeat).count());
    its.resumed = held_.messages();
    its.held = list_held();
    its.calls = calling_->expect(command.resume);
    its.replaced = joined.replaced;
    its.header_bytes = header_bytes_max();
    its.message_bytes = commons_.setup.message_bytes_max;
    its.frames = commons_.setup.frames_max;
    send(pack(its));
    calling_->resume();
    // One that was let in all the same: to ask.
    if (commons_.draining) send(pack_bye(Refusal::kShuttingDown));
}

// What it holds goes back; then it is told what became of all that it has published.
void Session::bye() {
    drop_takers();
    give_back_held(plugin::Verdict::kRelease);
    timer_.cancel();
    state_ = State::kLeaving;
    calling_->leave(/*keep=*/false);
    end_bye_if_told();
}

// It closes: a connection that is closed from here may lose what is on its way.
void Session::end_bye_if_told() {
    if (state_ != State::kLeaving || !receipts_.empty() || !settles_.empty() ||
        !resolves_.empty() || asks_ > 0)
        return;
    send(pack_bye(std::nullopt));
    timer_.arm(commons_.reactor.now() + kHelloTime);
}

void Session::on_tick() {
    if (state_ == State::kNew) return end(Refusal::kHandshakeTimeout);
    if (state_ == State::kLeaving) return end(Refusal::kHeartbeat);
    if (state_ == State::kGone) return;
    if (peer_.outbox().appended() == said_before_) send(pack_heartbeat());
    said_before_ = peer_.outbox().appended();
    silent_ticks_ = heard_ != heard_before_ || excused() ? 0 : silent_ticks_ + 1;
    heard_before_ = heard_;
    if (silent_ticks_ >= 2 * kHeartbeatsMissed) return end(Refusal::kHeartbeat);
    timer_.arm(commons_.reactor.now() + tick_);
}

// Whether it is us who do not hear it.
bool Session::excused() const {
    return !peer_.has_room() || commons_.ways.held() || commons_.reactor.memory().exhausted();
}

void Session::refuse(const Command& command, Refusal why, std::string_view text, bool fatal) {
    if (!fatal) commons_.refusals.add(why);  // of those the endpoint counts the connection's end
    send(pack(Refused{.re = command.name,
                      .ref = command.ref,
                      .sub = command.sub,
                      .seq = command.seq > 0 ? std::optional(command.seq) : std::nullopt,
                      .code = why,
                      .text = text,
                      .fatal = fatal}));
    if (fatal) end(why);
}

void Session::end(Refusal why) {
    state_ = State::kGone;
    timer_.cancel();
    drop_takers();
    calling_->end_room();
    peer_.close(why);
}

void Session::send(const std::string& header) {
    std::string wire;
    append_frame(wire, header, false);
    peer_.send({}, commons_.reactor.memory().copy(wire));
}

std::vector<HeldRange> Session::give_way() {
    std::vector<HeldRange> sent = take_sent();
    give_back_held(plugin::Verdict::kRelease);
    name_.clear();
    refuse({}, Refusal::kReplaced, meaning_of(Refusal::kReplaced), true);
    calling_->leave(/*keep=*/true);
    return sent;
}

void Session::leave() {
    timer_.cancel();
    drop_takers();
    state_ = State::kGone;
    calling_->leave(/*keep=*/true);
    std::vector<HeldRange> sent = take_sent();
    give_back_held(plugin::Verdict::kRelease);
    commons_.ways.depart(*this, std::move(sent));
}

void Session::drain() {
    if (state_ != State::kOpen) return;
    send(pack_bye(Refusal::kShuttingDown));
    for (auto each = receives_.begin(); each != receives_.end();) {
        send(pack(Delivered{.ref = each->first}));
        each = receives_.erase(each);
    }
}

void Session::on_writable() {
    update_takers();
    calling_->on_writable();
}

bool Session::look() {
    return calling_->look();
}

void Session::compact() {
    peer_.outbox().compact(commons_.reactor.memory());
    calling_->compact();
}

size_t Session::subscriptions() const {
    return subscriptions_.size() + readings_.size() + checkings_.size() + calling_->subscriptions();
}

size_t Session::calls() const {
    return calling_->calls();
}

void Session::release() {
    give_back_held(plugin::Verdict::kRelease);
}

}  // namespace zbridge::protocol

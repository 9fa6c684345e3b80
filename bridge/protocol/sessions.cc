#include "bridge/protocol/sessions.h"

#include <algorithm>
#include <utility>

namespace zbridge::protocol {

namespace {

// A user's name and a client's, together.
std::string key_of(const Session& session) {
    return session.peer().info().user + '\0' + session.name();
}

}  // namespace

Sessions::Sessions(SessionsSetup setup, plugin::Engine* engine, net::Reactor& reactor)
    : commons_{std::move(setup), engine, reactor},
      departed_(reactor, [this](const std::vector<HeldRange>& held) { lose(held); }),
      again_(reactor.timers(), [this] {
          if (holding_ && commons_.engine->has_room(*this)) let_go();
      }) {
    Commons::Ways& ways = commons_.ways;
    ways.dispenser = [this](std::string_view group) { return dispenser(group); };
    ways.name_of_group = [this](GroupId group) -> std::string_view {
        return dispensers_.at(group)->name();
    };
    ways.readers = [this](TopicId topic) { return readers(topic); };
    ways.check_line = [this](std::string_view topic) -> CheckLine& { return check_line(topic); };
    ways.take_off_check = [this](TransactionToken token) {
        for (const auto& [topic, each] : check_lines_)
            each->take_off(token);
    };
    ways.join = [this](Session& session, bool resume) { return join(session, resume); };
    ways.depart = [this](Session& session, std::vector<HeldRange> held) {
        depart(session, std::move(held));
    };
    ways.on_published = [this](Session& session) {
        if (!std::exchange(session.waits_for_receipts, true)) published_.push_back(&session);
    };
    ways.on_relayed = [this](Session& session) {
        if (!std::exchange(session.relayed, true)) relayed_.push_back(&session);
    };
    ways.hold_for_room = [this] { return hold_for_room(); };
    ways.hold_for_answers = [this] { return hold(); };
    ways.held = [this] { return holding_; };
    ways.on_settled = [this](PeerId id, uint64_t answer, bool durable, std::string_view reason) {
        const auto session = sessions_.find(id);
        if (session != sessions_.end()) session->second->on_settled(answer, durable, reason);
        let_go();
    };
    ways.session = [this](PeerId id) {
        const auto session = sessions_.find(id);
        return session == sessions_.end() ? nullptr : session->second;
    };
}

void Sessions::on_opened(net::Peer& peer) {
    auto made = std::make_unique<Session>(peer, commons_);
    sessions_.emplace(peer.id(), made.get());
    peer.set_state(std::move(made));
}

net::Take Sessions::on_message(net::Peer& peer, const Message& message) {
    return peer.state<Session>().say(message);
}

void Sessions::on_writable(net::Peer& peer) {
    peer.state<Session>().on_writable();
}

void Sessions::on_closed(net::Peer& peer) {
    auto& session = peer.state<Session>();
    session.leave();
    sessions_.erase(peer.id());
    std::erase(published_, &session);
    std::erase(relayed_, &session);
}

// Kept, once it was asked for: as many as the engine has groups.
Dispenser* Sessions::dispenser(std::string_view name) {
    const auto group =
        commons_.engine != nullptr ? commons_.engine->group(name) : std::optional<GroupId>();
    if (!group) return nullptr;
    auto& its = dispensers_[*group];
    if (!its) {
        its = std::make_unique<Dispenser>(std::string(name), *group, *commons_.engine,
                                          commons_.reactor);
        if (commons_.draining) its->drain();
    }
    return its.get();
}

// Likewise. REQUIRES: there is an engine.
Readers* Sessions::readers(TopicId topic) {
    auto& its = readers_[topic];
    if (!its) its = std::make_unique<Readers>(topic, *commons_.engine, commons_.reactor);
    return its.get();
}

// Likewise.
CheckLine& Sessions::check_line(std::string_view topic) {
    auto found = check_lines_.find(topic);
    if (found == check_lines_.end()) {
        found =
            check_lines_
                .emplace(std::string(topic), std::make_unique<CheckLine>(topic, *commons_.engine))
                .first;
    }
    return *found->second;
}

std::optional<Joined> Sessions::join(Session& session, bool resume) {
    Joined joined;
    const auto known = by_name_.find(session.name());
    if (known != by_name_.end()) {
        Session& before = *known->second;
        if (before.peer().info().user != session.peer().info().user) return std::nullopt;
        by_name_.erase(known);
        joined = {before.give_way(), true};
    } else {
        joined.held = departed_.take(key_of(session));
    }
    by_name_[session.name()] = &session;
    if (!resume) lose(std::exchange(joined.held, {}));
    return joined;
}

void Sessions::depart(Session& session, std::vector<HeldRange> held) {
    const auto known = by_name_.find(session.name());
    if (known != by_name_.end() && known->second == &session) by_name_.erase(known);
    if (session.name().empty())
        lose(held);
    else
        departed_.keep(key_of(session), std::move(held));
}

void Sessions::lose(const std::vector<HeldRange>& held) {
    for (const HeldRange& each : held) {
        const plugin::Settled settled =
            commons_.engine->settle(each.group, {.verdict = plugin::Verdict::kLost,
                                                 .token = each.range.first,
                                                 .count = each.range.count});
        commons_.counters.lost += each.range.count - settled.stale;
    }
}

bool Sessions::before_writing() {
    for (Session* each : std::exchange(published_, {})) {
        each->waits_for_receipts = false;
        each->tell_receipts();
        if (each->receipts_waiting() > 0) commons_.ways.on_published(*each);
    }
    for (const auto& [topic, each] : readers_)
        each->before_writing();
    bool gave = false;
    for (const auto& [group, each] : dispensers_)
        gave |= each->before_writing();
    return gave;
}

void Sessions::on_turn_end() {
    for (Session* each : std::exchange(relayed_, {})) {
        each->relayed = false;
        if (each->look()) commons_.ways.on_relayed(*each);
    }
    for (const auto& [group, each] : dispensers_)
        each->on_turn_end();
}

void Sessions::compact() {
    for (const auto& [id, each] : sessions_)
        each->compact();
}

net::Take Sessions::hold_for_room() {
    if (commons_.engine->has_room(*this)) again_.arm(commons_.reactor.now());
    return hold();
}

net::Take Sessions::hold() {
    ZB_CHECK(gate_ != nullptr, commons_.setup.bridge);
    holding_ = true;
    gate_->hold();
    return net::Take::kHold;
}

void Sessions::let_go() {
    if (std::exchange(holding_, false)) gate_->release();
}

void Sessions::drain() {
    commons_.draining = true;
    for (const auto& [group, each] : dispensers_)
        each->drain();
    for (const auto& [id, each] : sessions_)
        each->drain();
}

void Sessions::release() {
    for (const auto& [id, each] : sessions_)
        each->release();
    for (const HeldRange& each : departed_.take_all()) {
        (void)commons_.engine->settle(each.group, {.verdict = plugin::Verdict::kRelease,
                                                   .token = each.range.first,
                                                   .count = each.range.count});
    }
}

bool Sessions::idle() const {
    return std::all_of(sessions_.begin(), sessions_.end(),
                       [](const auto& each) { return each.second->idle(); });
}

bool Sessions::holds() const {
    return departed_.size() > 0 ||
           std::any_of(sessions_.begin(), sessions_.end(),
                       [](const auto& each) { return each.second->held() > 0; });
}

void Sessions::each(const std::function<void(const Session&)>& visit) const {
    for (const auto& [id, session] : sessions_)
        visit(*session);
}

}  // namespace zbridge::protocol

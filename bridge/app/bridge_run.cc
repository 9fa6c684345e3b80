// The bridge in its turns, and its ending: what is on its way is finished, then peers see our end.
#include <algorithm>
#include <utility>

#include "bridge/app/bridge.h"

namespace zbridge::app {

namespace {

// While memory is pressed, peers that stopped in the middle of a message are looked for this often.
constexpr Duration kRelieveEvery = std::chrono::seconds(1);

// When all is written: so long have peers to read it and to end. One that lives needs no more than
// a moment; for the others the kernel goes on.
constexpr Duration kFinishTime = std::chrono::seconds(1);

}  // namespace

void Bridge::run() {
    while (!ended_)
        reactor_.turn(true);
}

void Bridge::turn() {
    reactor_.turn(false);
}

void Bridge::request_stop() {
    stop_requested_ = true;
    world_.net.wake();
}

void Bridge::stop_now() {
    ended_ = true;
    world_.net.wake();
}

// What the engine has committed is receipted and given on in this very turn.
void Bridge::before_writing() {
    if (engine_) engine_->on_turn_end();
    // With whom a group is shared has the same chance, turn by turn.
    const bool sessions_first = reactor_.turn_number() % 2 == 0;
    if (sessions_first) give_to_sessions();
    // Of endpoints that share a group the one that gave something last is the last to have more.
    std::vector<delivery::GroupConsumers*> gave;
    size_t others = 0;
    for (delivery::GroupConsumers* each : giving_) {
        if (each->before_writing())
            gave.push_back(each);
        else
            giving_[others++] = each;
    }
    std::copy(gave.begin(), gave.end(), giving_.end() - static_cast<std::ptrdiff_t>(gave.size()));
    if (!sessions_first) give_to_sessions();
}

void Bridge::give_to_sessions() {
    for (const auto& sessions : sessions_) {
        if (sessions) (void)sessions->before_writing();
    }
}

void Bridge::on_turn_end() {
    if (dialler_.take_news()) {
        for (const auto& endpoint : dialled_)
            endpoint->take_news();
    }
    if (plugins_) (void)plugins_->on_turn();
    for (const auto& outlet : outlets_) {
        if (outlet) outlet->on_turn_end();
    }
    for (const auto& feed : feeds_) {
        if (feed) feed->on_turn_end();
    }
    for (const auto& consumers : consumers_) {
        if (consumers) consumers->on_turn_end();
    }
    for (const auto& sessions : sessions_) {
        if (sessions) sessions->on_turn_end();
    }
    for (const auto& source : sources_)
        source->on_turn_end();
    for (const auto& endpoint : endpoints_) {
        if (endpoint) endpoint->on_turn_end();
    }
    if (memory_.pressed())
        relieve_memory();
    else
        memory_after_compaction_ = 0;  // the next time begins anew
    if (stop_requested_ && !ending_) begin_end();
    if (ending_ && !finishing_ && drained()) begin_finish();
    if (finishing_ && finished()) stop_now();
    if (engine_ && engine_->ends_process()) stop_now();
    // A producer waits for its receipt: sleeping would cost it as much as the disk does.
    if (engine_) reactor_.look_for(engine_->hurries());
}

// Waiting messages may hold large chunks by a few bytes each. Copying them together costs time:
// only after a sixteenth of the budget has been taken since the last time.
void Bridge::relieve_memory() {
    if (!pressure_timer_.armed()) pressure_timer_.arm(reactor_.now() + kRelieveEvery);
    if (memory_.used() < memory_after_compaction_ + memory_.limit() / 16) return;
    for (const auto& outlet : outlets_) {
        if (outlet) outlet->compact();
    }
    for (const auto& feed : feeds_) {
        if (feed) feed->compact();
    }
    for (const auto& consumers : consumers_) {
        if (consumers) consumers->compact();
    }
    for (const auto& sessions : sessions_) {
        if (sessions) sessions->compact();
    }
    for (const auto& service : services_)
        service->compact();
    for (const auto& intake : intakes_) {
        if (intake) intake->compact();
    }
    for (const auto& source : sources_)
        source->compact();
    for (const auto& sink : sinks_) {
        if (sink) sink->compact(memory_);
    }
    memory_after_compaction_ = memory_.used();
}

void Bridge::drain() {
    if (std::exchange(draining_, true)) return;
    for (const auto& endpoint : endpoints_) {
        if (!endpoint) continue;
        endpoint->stop_listening();
        endpoint->half_close();
    }
    for (const auto& endpoint : dialled_)
        endpoint->drain();
    for (const auto& service : services_)
        service->drain();
    for (const auto& consumers : consumers_) {
        if (consumers) consumers->drain();
    }
    for (const auto& sessions : sessions_) {
        if (sessions) sessions->drain();
    }
    for (const auto& reader : readers_) {
        if (reader) reader->end();
    }
}

void Bridge::begin_end() {
    ending_ = true;
    drain_timer_.arm(reactor_.now() + config_.bridge.drain_timeout);
    drain();
    if (plugins_) plugins_->drain(drain_timer_.due());
}

bool Bridge::drained() const {
    for (size_t i = 0; i < endpoints_.size(); i++) {
        if (intakes_[i] && endpoints_[i] && endpoints_[i]->reads_to_the_end()) return false;
        if (endpoints_[i] && !endpoints_[i]->written()) return false;
        if (outlets_[i] && !outlets_[i]->drained()) return false;
        if (feeds_[i] && feeds_[i]->waiting_messages() > 0) return false;
        if (consumers_[i] && !consumers_[i]->idle()) return false;
        if (intakes_[i] && intakes_[i]->on_their_way() + intakes_[i]->receipts_waiting() > 0)
            return false;
    }
    for (size_t i = 0; i < config_.plugins.size(); i++) {
        if (readers_[i] && !readers_[i]->idle()) return false;
        if (sinks_[i] && !sinks_[i]->idle()) return false;
    }
    if (engine_ && !engine_->idle()) return false;
    for (const auto& sessions : sessions_) {
        if (sessions && !sessions->idle()) return false;
    }
    for (const auto& endpoint : added_endpoints_) {
        if (!endpoint->written()) return false;
    }
    return std::all_of(services_.begin(), services_.end(),
                       [](const auto& service) { return service->idle(); }) &&
           std::all_of(dialled_.begin(), dialled_.end(),
                       [](const auto& endpoint) { return endpoint->drained(); });
}

void Bridge::stop_plugins() {
    if (notes_) notes_->end();
    if (plugins_) plugins_->stop();
    if (!config_.engine || plugins_ == nullptr) return;
    // Its log has no mark of an end in order: then there is none beside it either.
    const auto* engine = plugins_->find(config_.plugins[*config_.engine].options.name);
    if (engine != nullptr && !engine->stopped_in_order()) ended_clean_ = false;
}

// A socket that is closed with bytes in it that nobody has read is reset, and what the other side
// has not read yet is thrown away there: receipts, replies. So each peer is read until it has seen
// our end.
void Bridge::begin_finish() {
    finishing_ = true;
    ended_clean_ = is_clean();  // workers go now
    give_back();
    for (const auto& service : services_)
        service->look_at_sent();
    dialler_.linger(std::max(drain_timer_.due() - reactor_.now(), Duration{}));
    drain_timer_.arm(std::min(drain_timer_.due(), reactor_.now() + kFinishTime));
    for (const auto& endpoint : endpoints_) {
        if (endpoint) endpoint->finish();
    }
}

// What consumers of groups still hold. Pullers that wait are told that there is nothing for them.
void Bridge::give_back() {
    for (const auto& consumers : consumers_) {
        if (consumers) consumers->release();
    }
    for (const auto& sessions : sessions_) {
        if (sessions) sessions->release();
    }
}

bool Bridge::finished() const {
    return std::all_of(endpoints_.begin(), endpoints_.end(),
                       [](const auto& endpoint) { return !endpoint || endpoint->finished(); });
}

bool Bridge::is_clean() const {
    return undelivered() == 0 && !(engine_ && engine_->failed()) &&
           std::none_of(services_.begin(), services_.end(),
                        [](const auto& service) { return service->holds_worker(); }) &&
           std::none_of(
               consumers_.begin(), consumers_.end(),
               [](const auto& consumers) { return consumers && consumers->holds_worker(); }) &&
           std::none_of(sessions_.begin(), sessions_.end(),
                        [](const auto& sessions) { return sessions && sessions->holds(); });
}

uint64_t Bridge::undelivered() const {
    uint64_t messages = 0;
    for (const auto& outlet : outlets_) {
        if (outlet) messages += outlet->waiting_messages();
    }
    for (const auto& intake : intakes_) {
        if (intake) messages += intake->on_their_way();
    }
    for (const auto& endpoint : dialled_) {  // what a service's say stands at the service
        const size_t i = endpoint->id().number();
        if (outlets_[i]) messages += endpoint->waiting_out();
        if (intakes_[i]) messages += endpoint->waiting_in();
    }
    for (const auto& service : services_)
        messages += service->unkept();
    return messages;
}

}  // namespace zbridge::app

// What comes for a fetch, and what never came of it.
#pragma once

#include "demands.hpp"

namespace zbridge::client::core {

inline void Demands::on_fetched(const Heard& heard, bool closing, uint64_t now_ms) {
    const auto found = fetches_.find(heard.fields.number("ref"));
    if (found == fetches_.end()) throw Violation("DELIVER for a RECEIVE that is not there");
    const FetchPtr fetch = found->second;
    fetch->lent = inbox_.read(heard, fetch->group, fetch->lease, now_ms);
    fetches_.erase(found);
    const bool was_again = std::exchange(fetch->again, false);
    note_came(*fetch, heard);
    settle_doubts(now_ms);
    // Nobody waits for it any more.
    if (fetch->done) return inbox_.release(std::exchange(fetch->lent, {}), now_ms);
    const bool had_some = heard.fields.list("runs").size > 0;
    // It was not this that it waited for: it is asked again.
    if (fetch->lent.empty() && fetch->deadline_ms > now_ms && (closing || had_some || was_again))
        return waiting_.push_back(fetch);
    for (const LentPtr& each : fetch->lent)
        each->state = Lent::State::kHanded;
    fetch->finish({});
}

inline void Demands::note_came(const Fetch& fetch, const Heard& heard) {
    if (doubts_.empty()) return;
    for (const Value& each : heard.fields.list("runs")) {
        const Inbox::Run run = Inbox::run_of(each);
        for (uint64_t n = 0; n < run.count; n++)
            doubts_.came(fetch.group, run.token.behind(n));
    }
}

inline void Demands::on_refused_fetch(uint64_t ref, const Failure& failure, uint64_t now_ms) {
    const auto found = fetches_.find(ref);
    if (found == fetches_.end()) return;
    found->second->finish(failure);
    fetches_.erase(found);
    settle_doubts(now_ms);
}

inline void Demands::give_back_unknown(const std::vector<Key>& tokens, uint64_t now_ms) {
    for (const Key& each : tokens)
        doubts_.add(each);
    settle_doubts(now_ms);
}

inline std::set<uint32_t> Demands::groups_asked_again() const {
    std::set<uint32_t> found;
    for (const auto& each : fetches_)
        if (each.second->again) found.insert(each.second->group);
    for (const FetchPtr& each : waiting_)
        if (each->again) found.insert(each->group);
    return found;
}

// What no fetch can be answered with any more goes back.
inline void Demands::settle_doubts(uint64_t now_ms) {
    if (doubts_.empty()) return;
    for (const Key& each : doubts_.take(groups_asked_again()))
        inbox_.give_back(each, now_ms);
}

}  // namespace zbridge::client::core

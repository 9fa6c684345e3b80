// What this client works for: services that it is subscribed to, calls that it was given, replies.
//
// Flow:    serve() -> SUBSCRIBE ... CALL -> [serving] -> take() -> reply() -> REPLY
// Promise: a call that the application has taken is answered on whatever connection there is then.
//          What it has not taken when the connection is lost is not given to it: another worker has
//          it.
// Limits:  the credit of each service. After a lost connection replies of the last kKeptMs, at most
//          kKeptMax, are sent again: whether they came is not known.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "heard.hpp"
#include "outcomes.hpp"

namespace zbridge::client::core {

struct Service;

// A call that was given to this client.
struct Work {
    std::shared_ptr<Service> service;
    std::string call;  // 16 octets that name it
    uint64_t attempt = 0;
    std::optional<uint64_t> until_ms;  // a reply is of use
    std::shared_ptr<const void> owner;
    std::string_view message;  // as it stands in the block
    uint64_t session = 0;
    bool answered = false;
};

using WorkPtr = std::shared_ptr<Work>;

// One subscription to a service.
struct Service {
    uint64_t sub = 0;
    std::string name;
    uint64_t credit = 0;
    bool asked = false;  // SUBSCRIBE is said on this connection
    bool left = false;   // UNSUBSCRIBE is
    bool closing = false;
    Failure failure;  // there is nothing more to take
    std::deque<WorkPtr> buffer;
    size_t open = 0;  // given on this connection, and not answered
};

using ServicePtr = std::shared_ptr<Service>;

class Serving {
 public:
    static constexpr uint64_t kFirstSub = uint64_t{1} << 30;  // below are those of groups
    static constexpr uint64_t kKeptMs = 6000;
    static constexpr size_t kKeptMax = 1000;

    explicit Serving(uint64_t first_sub = kFirstSub) : next_sub_(first_sub) {}
    Serving(const Serving&) = delete;
    Serving& operator=(const Serving&) = delete;

    // --- the application's side

    ServicePtr serve(std::string name, uint64_t credit);
    // The next for the application, which answers it; none: nothing is there. What nobody waits for
    // any more is answered here.
    WorkPtr take(Service& service, uint64_t now_ms);
    // One of both. A second answer is not said.
    void reply(Work& work, std::string body) { answer(work, std::move(body), std::nullopt); }
    void fail(Work& work, std::string error) { answer(work, std::nullopt, std::move(error)); }
    // No further calls; what came before UNSUBSCRIBED is to be taken all the same.
    void leave(Service& service);
    void close() {
        const auto open = services_;
        for (const auto& each : open)
            leave(*each.second);
    }
    void fail(const Failure& failure);

    bool has_said_all() const { return say_.empty() && replies_.empty(); }
    // Nothing was given that is not answered.
    bool is_idle() const {
        return has_said_all() && std::all_of(services_.begin(), services_.end(),
                                             [](auto& each) { return each.second->open == 0; });
    }
    // On this connection nothing comes any more, and nothing is open.
    bool is_done() const {
        return has_said_all() && std::all_of(services_.begin(), services_.end(), [](auto& each) {
                   return !each.second->asked && each.second->open == 0;
               });
    }

    // --- the connection's side

    void begin_session(uint64_t now_ms);
    void end_session();
    // The bridge is ending: what it has given is answered, on this connection.
    void leave_all();
    std::optional<Said> take_said(uint64_t now_ms);
    void on_call(const Heard& heard, uint64_t now_ms);
    void on_unsubscribed(uint64_t sub);
    void on_refused(uint64_t sub, const Failure& failure);
    static bool is_mine(uint64_t sub) { return sub >= kFirstSub; }

 private:
    struct Answer {
        uint64_t sub = 0;
        std::string call;
        std::optional<std::string> body;   // as it stands in a block
        std::optional<std::string> error;  // or this
        uint64_t said_ms = 0;
    };

    void answer(Work& work, std::optional<std::string> body, std::optional<std::string> error);
    void ask(Service& service);
    void say_unsubscribe(Service& service) {
        service.left = true;
        say_.push_back(Command("UNSUBSCRIBE").number("sub", service.sub).said());
    }
    void forget(uint64_t sub, const Failure& failure);
    static Said said(const Answer& answer);

    uint64_t next_sub_;
    uint64_t session_ = 0;
    bool in_session_ = false;
    std::map<uint64_t, ServicePtr> services_;  // by number
    std::deque<Said> say_;
    std::deque<Answer> replies_;  // to be said
    std::deque<Answer> kept_;     // said, the oldest first
};

inline ServicePtr Serving::serve(std::string name, uint64_t credit) {
    auto made = std::make_shared<Service>();
    made->sub = next_sub_++;
    made->name = std::move(name);
    made->credit = credit;
    services_[made->sub] = made;
    if (in_session_) ask(*made);
    return made;
}

inline void Serving::ask(Service& service) {
    service.asked = true;
    service.left = false;
    say_.push_back(Command("SUBSCRIBE")
                       .number("sub", service.sub)
                       .text("service", service.name)
                       .number("credit", service.credit)
                       .said());
}

inline WorkPtr Serving::take(Service& service, uint64_t now_ms) {
    while (!service.buffer.empty()) {
        WorkPtr found = std::move(service.buffer.front());
        service.buffer.pop_front();
        if (!found->until_ms || now_ms < *found->until_ms) return found;
        fail(*found, "its time was over before it was looked at");
    }
    return nullptr;
}

inline void Serving::answer(Work& work, std::optional<std::string> body,
                            std::optional<std::string> error) {
    if (std::exchange(work.answered, true)) return;
    if (work.session == session_ && work.service->open > 0) work.service->open--;
    replies_.push_back({work.service->sub, work.call, std::move(body), std::move(error), 0});
}

inline void Serving::leave(Service& service) {
    if (std::exchange(service.closing, true) || service.failure) return;
    if (!service.asked)
        forget(service.sub, {"closed", "the worker is closed"});
    else if (!service.left)
        say_unsubscribe(service);
}

inline void Serving::leave_all() {
    in_session_ = false;
    for (const auto& each : services_)
        if (each.second->asked && !each.second->left) say_unsubscribe(*each.second);
}

inline void Serving::forget(uint64_t sub, const Failure& failure) {
    const auto found = services_.find(sub);
    if (found == services_.end()) return;
    if (!found->second->failure) found->second->failure = failure;
    found->second->asked = false;
    services_.erase(found);
}

inline void Serving::fail(const Failure& failure) {
    for (const auto& each : std::exchange(services_, {})) {
        if (!each.second->failure) each.second->failure = failure;
        each.second->buffer.clear();
    }
    say_.clear();
    replies_.clear();
    kept_.clear();
}

// Subscribed first: a reply needs a subscription of its service.
inline void Serving::begin_session(uint64_t now_ms) {
    in_session_ = true;
    session_++;
    const auto open = services_;
    for (const auto& each : open)
        ask(*each.second);
    while (!kept_.empty()) {
        if (now_ms - kept_.back().said_ms < kKeptMs) replies_.push_front(std::move(kept_.back()));
        kept_.pop_back();
    }
    // Of a service that is closed nothing can be said any more.
    replies_.erase(std::remove_if(replies_.begin(), replies_.end(),
                                  [this](auto& each) { return services_.count(each.sub) == 0; }),
                   replies_.end());
}

inline void Serving::end_session() {
    in_session_ = false;
    say_.clear();
    const auto before = services_;
    for (const auto& each : before) {
        each.second->buffer.clear();
        each.second->open = 0;
        each.second->asked = each.second->left = false;
        if (each.second->closing) forget(each.first, {"closed", "the worker is closed"});
    }
}

inline std::optional<Said> Serving::take_said(uint64_t now_ms) {
    if (!say_.empty()) {
        Said found = std::move(say_.front());
        say_.pop_front();
        return found;
    }
    if (replies_.empty()) return std::nullopt;
    Answer answer = std::move(replies_.front());
    replies_.pop_front();
    Said found = said(answer);
    answer.said_ms = now_ms;
    kept_.push_back(std::move(answer));
    if (kept_.size() > kKeptMax) kept_.pop_front();
    return found;
}

inline Said Serving::said(const Answer& answer) {
    Command command("REPLY");
    command.number("sub", answer.sub).octets("call", answer.call).text_if("error", answer.error);
    return answer.body ? command.said(*answer.body) : command.said();
}

inline void Serving::on_call(const Heard& heard, uint64_t now_ms) {
    const auto found = services_.find(heard.fields.number("sub"));
    if (found == services_.end()) throw Violation("CALL for a subscription that is not there");
    BlockReader block(heard.block.octets);
    if (!block.next()) throw Violation("a CALL without a message");
    auto made = std::make_shared<Work>();
    made->service = found->second;
    made->call = std::string(octets_of(heard.fields.get("call")));
    made->attempt = heard.fields.number("attempt");
    if (const auto timeout = heard.fields.number_if("timeout")) made->until_ms = now_ms + *timeout;
    made->owner = heard.block.owner;
    made->message = block.message();
    made->session = session_;
    found->second->open++;
    found->second->buffer.push_back(std::move(made));
}

inline void Serving::on_unsubscribed(uint64_t sub) {
    const auto found = services_.find(sub);
    if (found == services_.end()) return;
    found->second->asked = false;
    if (!found->second->closing) return;  // asked again on the next connection
    // What it was given is answered all the same: `open` and the number stay until then.
    found->second->failure = {"closed", "the worker is closed"};
}

inline void Serving::on_refused(uint64_t sub, const Failure& failure) {
    if (failure.code != "shutting_down") forget(sub, failure);
}

}  // namespace zbridge::client::core

// What the core makes of what the bridge says.
#pragma once

#include "core_class.hpp"

namespace zbridge::client::core {

inline void Core::received(std::string_view header, Block block, uint64_t now_ms) {
    if (state_ == State::kIdle || state_ == State::kFailed) return;
    heard_ms_ = now_ms;
    heard_++;
    try {
        hear(Heard(header, std::move(block)), now_ms);
    } catch (const Violation& violation) {
        lost(violation.what(), now_ms);
    }
}

inline void Core::hear(const Heard& heard, uint64_t now_ms) {
    const std::string_view name = heard.name;
    const Fields& fields = heard.fields;
    if (name == "WELCOME") return on_welcome(fields, now_ms);
    if (name == "REFUSED") return on_refused(fields, now_ms);
    if (state_ == State::kGreeting) throw Violation(std::string(name) + " before WELCOME");
    if (name == "BYE") return on_bye(now_ms);
    const bool has_block = name == "DELIVER" || name == "FOUND" || name == "CHECK" ||
                           name == "REPLY" || name == "CALL";
    if (heard.block.owner != nullptr && !has_block)
        throw Violation(std::string(name) + " with a block");
    // Only now: one that is closed at once is not tried again without a pause.
    attempts_ = 0;
    if (name == "RECEIPT") {
        if (!outbox.on_receipt(fields) && state_ == State::kOpen) leave(now_ms);
    } else if (name == "DELIVER") {
        on_deliver(heard, now_ms);
    } else if (name == "SETTLED") {
        on_settled(fields, now_ms);
    } else if (name == "SUBSCRIBED") {
        on_subscribed(fields);
    } else if (name == "UNSUBSCRIBED") {
        on_unsubscribed(fields.number("sub"));
    } else if (name == "REPLY") {
        calling.on_reply(heard);
    } else if (name == "CALL") {
        serving.on_call(heard, now_ms);
    } else if (name == "FOUND" || name == "DONE" || name == "ANSWER" || name == "RESOLVED") {
        asking.on_answer(heard);
    } else if (name == "CHECK") {
        checking.on_check(heard);
    }
}

// Which part has the subscription its number says.
inline void Core::on_deliver(const Heard& heard, uint64_t now_ms) {
    const auto sub = heard.fields.number_if("sub");
    if (sub && Readings::is_mine(*sub)) return readings.on_deliver(heard);
    demands.on_deliver(heard, state_ != State::kOpen || renewing_ends_ms_.has_value(), now_ms);
}

inline void Core::on_subscribed(const Fields& fields) {
    const uint64_t sub = fields.number("sub");
    if (Readings::is_mine(sub)) return readings.on_subscribed(fields);
    demands.on_subscribed(sub);
}

inline void Core::on_unsubscribed(uint64_t sub) {
    if (Readings::is_mine(sub)) return readings.on_unsubscribed(sub);
    if (Checking::is_mine(sub)) return checking.on_unsubscribed(sub);
    Serving::is_mine(sub) ? serving.on_unsubscribed(sub) : demands.on_unsubscribed(sub);
}

inline void Core::on_refused_sub(uint64_t sub, const Failure& failure, uint64_t now_ms) {
    if (Readings::is_mine(sub)) return readings.on_refused(sub, failure);
    if (Checking::is_mine(sub)) return checking.on_refused(sub, failure);
    if (Serving::is_mine(sub)) return serving.on_refused(sub, failure);
    demands.on_refused_sub(sub, failure, now_ms);
}

inline void Core::on_welcome(const Fields& fields, uint64_t now_ms) {
    if (state_ != State::kGreeting) throw Violation("a second WELCOME");
    if (fields.number("version") != kVersion)
        throw Violation("WELCOME with a version that was not offered");
    const uint64_t epoch = fields.number("epoch"), resumed = fields.number("resumed");
    const std::optional<Held> held = Held::read(fields, groups);
    std::vector<std::string> features;
    for (const Value& each : fields.list("features"))
        features.emplace_back(text_of(each));
    const uint64_t heartbeat_ms = fields.number("heartbeat");
    const Fields limits = fields.map("limits");
    const List open_calls = fields.list_or_empty("calls");
    for (const Value& each : open_calls)
        number_of(each);
    if (fields.flag("replaced") && replaces_too_often(now_ms))
        return fail(
            {"replaced", "again and again: another client has this name, and was not told either"});

    const bool same_epoch = was_welcome_ && epoch_ == epoch;
    limit(limits);
    heartbeat_ms_ = heartbeat_ms == 0 ? kNeverMs : heartbeat_ms;
    was_welcome_ = true;
    epoch_ = epoch;
    resumed_ = resumed;
    bridge_ = std::string(fields.text_or_empty("bridge"));
    features_ = std::move(features);
    serves_publish_ = may_serve("publish");
    serves_once_ = may_serve("once");
    state_ = State::kOpen;
    said_ms_ = now_ms;
    outbox.begin_session();
    if (!serves_publish_) outbox.fail({"unsupported", "this bridge does not serve `publish` here"});
    settling.begin_session(now_ms);
    extending.begin_session(held, now_ms);
    const uint64_t known = inbox.held() + settling.never_sent();
    unclaimed_.reset();
    if (resumed > known) unclaimed_ = resumed - known;
    renewing_ends_ms_.reset();
    if (held) give_back_unknown(*held, now_ms);
    demands.begin_session(resumed, held, same_epoch, now_ms);
    calling.begin_session(open_calls);
    serving.begin_session(now_ms);
    readings.begin_session();
    checking.begin_session();
}

inline void Core::limit(const Fields& fields) {
    Limits limits;
    const auto read = [&fields](const char* key, uint64_t& to) {
        if (const auto found = fields.number_if(key)) to = std::max<uint64_t>(*found, 1);
    };
    read("header_bytes", limits.header_bytes);
    read("message_bytes", limits.message_bytes);
    read("batch_messages", limits.batch_messages);
    read("receipts", limits.receipts);
    read("receives", limits.receives);
    read("ranges", limits.ranges);
    read("settle_messages", limits.settle_messages);
    outbox.limit(limits);
    settling.limit(limits);
    extending.limit(limits);
    demands.limit(limits);
    if (const auto most = fields.number_if("calls")) calling.limit(*most);
    if (const auto most = fields.number_if("asks")) asking.limit(*most);
}

// Two of one name that are not told so would replace each other for ever.
inline bool Core::replaces_too_often(uint64_t now_ms) {
    replaces_.push_back(now_ms);
    if (replaces_.size() > kReplacesMax) replaces_.pop_front();
    return replaces_.size() == kReplacesMax && now_ms - replaces_.front() < kReplacesMs;
}

// What was on its way here when the last connection was lost, and never came.
inline void Core::give_back_unknown(const Held& held, uint64_t now_ms) {
    std::unordered_set<Key, KeyHash> known;
    inbox.list_tokens(known);
    settling.list_tokens(known);
    extending.list_tokens(known);
    const std::vector<Key> unknown = held.unknown(known);
    demands.give_back_unknown(unknown, now_ms);
    if (unclaimed_) unclaimed_ = *unclaimed_ - std::min<uint64_t>(*unclaimed_, unknown.size());
    if (held.is_whole()) unclaimed_.reset();
}

inline void Core::on_settled(const Fields& fields, uint64_t now_ms) {
    const uint64_t ref = fields.number("ref");
    if (!extending.on_settled(ref, fields, now_ms)) settling.on_settled(ref, fields, now_ms);
}

inline void Core::on_bye(uint64_t now_ms) {
    if (state_ == State::kClosing) return fail({"closed", "the client is closed"});
    if (state_ == State::kLeft) return lost("the bridge is ending", now_ms);
    if (state_ == State::kOpen) leave(now_ms);
}

// The bridge ends: what nobody has looked at goes back, what is in hand is settled as it gets done.
inline void Core::leave(uint64_t now_ms) {
    state_ = State::kLeaving;
    renewing_ends_ms_.reset();
    demands.leave(now_ms);
    calling.shut();
    serving.leave_all();
    settling.flush(now_ms);
}

inline void Core::on_refused(const Fields& fields, uint64_t now_ms) {
    const Failure failure{std::string(fields.text("code")),
                          std::string(fields.text_or_empty("text"))};
    if (fields.flag("fatal")) {
        for (const char* each :
             {"malformed", "version", "unsupported", "denied", "replaced", "identity_taken"})
            if (failure.code == each) return fail(failure);
        return lost(failure.code + ": " + failure.text, now_ms);
    }
    if (state_ == State::kGreeting) throw Violation("REFUSED, not fatal, before WELCOME");
    const std::string_view re = fields.text_or_empty("re");
    if (re == "PUBLISH" || re == "PREPARE")  // which of them it does not say
        return outbox.fail(failure);
    if (const auto sub = fields.number_if("sub")) return on_refused_sub(*sub, failure, now_ms);
    const auto ref = fields.number_if("ref");
    if (!ref) return;
    if (extending.on_refused(*ref, failure, now_ms) || calling.on_refused(*ref, failure) ||
        asking.on_refused(*ref, failure))
        return;
    if (!settling.on_refused(*ref, failure, now_ms))
        demands.on_refused_fetch(*ref, failure, now_ms);
}

}  // namespace zbridge::client::core

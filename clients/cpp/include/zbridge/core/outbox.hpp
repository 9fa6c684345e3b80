// What is published and has no outcome yet: numbered, batched, sent, sent again on each new
// connection.
//
// Flow:    add() -> [outbox] -> PUBLISH ... RECEIPT -> the message's waiter
// Promise: nothing leaves it without an outcome. What goes out again has the same topic, seq and
//          bytes.
// Limits:  Options.max_in_flight and max_in_flight_bytes: beyond them has_room() is false.
//          Limits.receipts messages on the wire; what is above waits here.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../options.hpp"
#include "block.hpp"
#include "heard.hpp"
#include "names.hpp"
#include "outcomes.hpp"
#include "ring.hpp"

namespace zbridge::client::core {

constexpr size_t kHeaderRoom = 1024;  // of a PUBLISH's header, for what is no attribute
constexpr size_t kMessageRoom = 64;   // of a ZeroMQ message, for what ZMTP puts around its frames

// A batch goes without waiting when it is this part of what is on its way: so some of them are
// always under way, however long an answer takes.
constexpr size_t kBatchesOnWayMin = 4;

// A message that is to be published. It lasts as long as its frames.
struct Publication {
    uint32_t topic = 0;  // of Outbox::topics
    bool once = false;
    bool prepares = false;  // PREPARE, not PUBLISH
    const std::vector<std::string>* frames = nullptr;
    std::string attributes;  // in msgpack; empty: none
    // One of them is told.
    std::shared_ptr<PublishWaiter> waiter;
    PublishedCallback call;

    size_t size() const {
        size_t size = attributes.size();
        for (const std::string& each : *frames)
            size += part_size(each);
        return size;
    }
};

class Outbox {
 public:
    Outbox(const Options& options, Calls& calls, uint64_t first_seq)
        : options_(options), calls_(calls), next_seq_(std::max<uint64_t>(first_seq, 1)) {}
    Outbox(const Outbox&) = delete;
    Outbox& operator=(const Outbox&) = delete;

    Topics topics;

    // --- the application's side

    // One message alone has room, however large.
    bool has_room(size_t size) const {
        return open_.empty() || (open_.size() < options_.max_in_flight &&
                                 bytes_ + size <= options_.max_in_flight_bytes);
    }
    // Its number. REQUIRES: has_room(). Throws Invalid where `seq` does not rise, and Refused
    // `too_large`: nothing of it is taken then.
    uint64_t add(Publication&& message, std::optional<uint64_t> seq, uint64_t now_ms);
    // What there is does not wait for company; whether some of it would have.
    bool flush() { return std::exchange(flush_through_, next_seq_ - 1) != next_seq_ - 1; }
    // Somebody waits for room: what there is goes, if it is worth a batch of its own, or else when
    // the rest has its outcomes. Many small batches would take each other's place.
    void press() {
        if (open_.size() - sent_ >= options_.max_in_flight / 4 ||
            unsent_bytes_ >= options_.max_in_flight_bytes / 4)
            flush();
    }
    // There will be no more outcomes.
    void fail(const Failure& failure);

    bool empty() const { return open_.empty(); }
    size_t on_wire() const { return sent_; }
    uint64_t forgotten() const { return forgotten_; }  // so many had their outcome
    bool is_shut() const { return shut_; }  // the bridge takes nothing more on this connection

    // --- the connection's side

    void limit(const Limits& limits) {
        limits_ = limits;
        limits_.header_bytes = std::max<uint64_t>(limits.header_bytes, 2 * kHeaderRoom);
        limits_.message_bytes = std::max<uint64_t>(limits.message_bytes, 2 * kHeaderRoom);
    }
    // All that has no outcome goes again, in order.
    void begin_session();
    std::optional<uint64_t> next_deadline() const;
    // Whether there is a PUBLISH that is not to wait.
    bool has_due_at_once() const { return sent_ < open_.size() && is_due_at_once(); }
    // The next PUBLISH that is due.
    std::optional<Said> take(uint64_t now_ms);
    // Takes the outcomes in the order of seq; false where the bridge said that it is shutting down.
    bool on_receipt(const Fields& fields);

 private:
    // The memory of a message's octets that stays at its place for the next one there, at most.
    static constexpr size_t kKeptBytesMax = 512;

    // A message on its way.
    struct Outgoing {
        uint32_t topic = 0;
        bool once = false;
        bool prepares = false;
        std::string body;  // as it stands in a block
        std::string attributes;
        std::shared_ptr<PublishWaiter> waiter;
        PublishedCallback call;
        uint64_t seq = 0;
        uint64_t at_ms = 0;

        size_t size() const { return body.size() + attributes.size(); }
    };

    // `span` messages from `seq` on, and their outcome.
    struct Outcome {
        uint64_t seq = 0;
        uint64_t span = 0;
        bool stored = false;
        Place id;  // of the first
        bool duplicate = false;
        Failure failure;
        std::string token;  // of one that is prepared
    };

    bool is_due(uint64_t now_ms) const {
        return is_due_at_once() || now_ms >= open_[sent_].at_ms + count_ms(options_.linger);
    }
    // With nothing on its way there is nothing to wait for: company comes while the first is away.
    bool is_due_at_once() const {
        const size_t unsent = open_.size() - sent_;
        return kBatchesOnWayMin * unsent >= sent_ || open_[sent_].seq <= flush_through_ ||
               unsent >= options_.batch_messages || unsent_bytes_ >= options_.batch_bytes;
    }
    template <class Message>
    bool fits(const Message& message) const {
        return message.attributes.size() + kHeaderRoom <= limits_.header_bytes &&
               message.size() + kHeaderRoom + kMessageRoom <= limits_.message_bytes;
    }
    // So many messages from the first unsent one on go together: one topic, numbers without a gap.
    size_t reach() const;
    Said batch(size_t count);
    void learn(const Outcome& outcome);
    void tell(Outgoing& message, const Outcome& outcome, uint64_t n);
    void refuse(Outgoing& message, const Failure& failure);
    void forget_first();
    static std::vector<Outcome> outcomes_of(const Fields& fields);

    const Options& options_;
    Calls& calls_;
    Limits limits_;
    uint64_t next_seq_;
    uint64_t flush_through_ = 0;  // up to this number nothing waits for company
    Ring<Outgoing> open_;         // without an outcome, in the order of seq
    size_t sent_ = 0;             // the first so many are on the wire
    size_t bytes_ = 0;
    size_t unsent_bytes_ = 0;
    uint64_t forgotten_ = 0;
    bool shut_ = false;
};

inline uint64_t Outbox::add(Publication&& message, std::optional<uint64_t> seq, uint64_t now_ms) {
    if (seq && *seq < next_seq_)
        throw Invalid("seq: " + std::to_string(*seq) +
                      " does not rise: " + std::to_string(next_seq_) + " is the next");
    if (!fits(message)) throw Refused("too_large", "a message larger than the bridge takes");
    Outgoing& added = open_.push();
    added.topic = message.topic;
    added.once = message.once;
    added.prepares = message.prepares;
    append_message(added.body, *message.frames);
    added.attributes = std::move(message.attributes);
    added.waiter = std::move(message.waiter);
    added.call = std::move(message.call);
    added.seq = seq.value_or(next_seq_);
    added.at_ms = now_ms;
    next_seq_ = added.seq + 1;
    bytes_ += added.size();
    unsent_bytes_ += added.size();
    return added.seq;
}

inline void Outbox::fail(const Failure& failure) {
    for (; !open_.empty(); forget_first())
        refuse(open_.front(), failure);
    sent_ = unsent_bytes_ = 0;
}

inline void Outbox::begin_session() {
    sent_ = 0;
    unsent_bytes_ = bytes_;
    shut_ = false;
    flush();
}

inline std::optional<uint64_t> Outbox::next_deadline() const {
    if (sent_ == open_.size() || sent_ >= limits_.receipts || shut_) return std::nullopt;
    if (!fits(open_[sent_]) && sent_ > 0) return std::nullopt;
    return open_[sent_].at_ms + (is_due_at_once() ? 0 : count_ms(options_.linger));
}

inline std::optional<Said> Outbox::take(uint64_t now_ms) {
    while (sent_ < open_.size() && sent_ < limits_.receipts && !shut_ && is_due(now_ms)) {
        if (fits(open_[sent_])) return batch(reach());
        // The limits have shrunk: it is refused here, when its turn has come.
        if (sent_ > 0) return std::nullopt;
        unsent_bytes_ -= open_.front().size();
        sent_ = 1;
        learn({open_.front().seq,
               1,
               false,
               {},
               false,
               {"too_large", "larger than the bridge takes"},
               {}});
    }
    return std::nullopt;
}

inline size_t Outbox::reach() const {
    const Outgoing& first = open_[sent_];
    // While one batch is away the next one is filled.
    const uint64_t half = std::max<size_t>(options_.max_in_flight / 2, 1);
    const uint64_t most = std::min({uint64_t{options_.batch_messages}, half, limits_.batch_messages,
                                    limits_.receipts - sent_, uint64_t{open_.size() - sent_}});
    const uint64_t header = limits_.header_bytes - kHeaderRoom;
    const uint64_t whole = limits_.message_bytes - kHeaderRoom - kMessageRoom;
    uint64_t size = 0, attributes = 0;
    size_t count = 0;
    while (count < most) {
        const Outgoing& each = open_[sent_ + count];
        if (each.once != first.once || each.prepares != first.prepares ||
            each.seq != first.seq + count || each.topic != first.topic)
            break;
        size += each.size() + 1;
        attributes += each.attributes.size() + 1;
        if (count > 0 && (size > options_.batch_bytes || size > whole || attributes > header))
            break;
        count++;
    }
    return count;
}

inline Said Outbox::batch(size_t count) {
    const size_t end = sent_ + count;
    size_t size = 0, attributes = 0;
    for (size_t n = sent_; n < end; n++) {
        size += open_[n].body.size();
        attributes += open_[n].attributes.size();
    }
    std::string block;
    block.reserve(size);
    for (size_t n = sent_; n < end; n++)
        block += open_[n].body;
    const Outgoing& first = open_[sent_];
    Command command(first.prepares ? "PREPARE" : "PUBLISH");
    command.text("topic", topics.name_of(first.topic))
        .number("seq", first.seq)
        .number("count", count);
    if (first.once) command.flag("once");
    if (attributes > 0) {
        command.value("attributes", [&](Packer& packer) {
            packer.pack_array(static_cast<uint32_t>(count));
            for (size_t n = sent_; n < end; n++)
                if (open_[n].attributes.empty())
                    packer.pack_nil();
                else
                    command.raw(open_[n].attributes);
        });
    }
    sent_ = end;
    unsent_bytes_ -= size + attributes;
    return command.said(std::move(block));
}

inline bool Outbox::on_receipt(const Fields& fields) {
    for (const Outcome& each : outcomes_of(fields)) {
        if (each.failure.code == "shutting_down") {
            shut_ = true;  // as all behind it: sent again on the next connection
            return false;
        }
        learn(each);
    }
    return true;
}

inline void Outbox::learn(const Outcome& outcome) {
    for (uint64_t n = 0; n < outcome.span; n++) {
        if (sent_ == 0 || open_.front().seq != outcome.seq + n)
            throw Violation("a receipt for " + std::to_string(outcome.seq + n) +
                            ", which is not the next without one");
        tell(open_.front(), outcome, n);
        forget_first();
    }
}

inline void Outbox::tell(Outgoing& message, const Outcome& outcome, uint64_t n) {
    const Receipt receipt{message.seq, MessageId(outcome.id.behind(n)), outcome.duplicate};
    if (!outcome.token.empty() && !message.waiter) return refuse(message, prepared_unasked());
    if (!outcome.token.empty()) return message.waiter->on_prepared(receipt, outcome.token);
    if (!outcome.stored) return refuse(message, outcome.failure);
    if (message.waiter) return message.waiter->on_stored(receipt);
    calls_.answered.push_back({std::move(message.call), {receipt, {}}});
}

inline void Outbox::refuse(Outgoing& message, const Failure& failure) {
    if (message.waiter)
        message.waiter->on_refused({message.seq, failure});
    else
        calls_.answered.push_back({std::move(message.call), {{message.seq, {}, false}, failure}});
}

inline void Outbox::forget_first() {
    Outgoing& first = open_.front();
    bytes_ -= first.size();
    first.waiter.reset();
    first.call = nullptr;
    first.attributes.clear();
    first.body.clear();
    if (first.body.capacity() > kKeptBytesMax) first.body = {};
    open_.pop();
    if (sent_ > 0) sent_--;
    forgotten_++;
}

inline std::vector<Outbox::Outcome> Outbox::outcomes_of(const Fields& fields) {
    std::vector<Outcome> outcomes;
    for (const Value& each : fields.list_or_empty("stored")) {
        const List entry = list_of(each, 4);
        outcomes.push_back({number_of(entry[0]),
                            number_of(entry[1]),
                            true,
                            Place::read(octets_of(entry[2])),
                            flag_of(entry[3]),
                            {},
                            {}});
    }
    for (const Value& each : fields.list_or_empty("refused")) {
        const List entry = list_of(each, 4);
        outcomes.push_back({number_of(entry[0]),
                            number_of(entry[1]),
                            false,
                            {},
                            false,
                            {std::string(text_of(entry[2])), std::string(text_of(entry[3]))},
                            {}});
    }
    for (const Value& each : fields.list_or_empty("prepared")) {
        const List entry = list_of(each, 3);
        outcomes.push_back({number_of(entry[0]),
                            1,
                            true,
                            Place::read(octets_of(entry[1])),
                            false,
                            {},
                            std::string(octets_of(entry[2]))});
        if (outcomes.back().token.size() != 16) throw Violation("a token that is not 16 octets");
    }
    std::sort(outcomes.begin(), outcomes.end(),
              [](const Outcome& one, const Outcome& other) { return one.seq < other.seq; });
    return outcomes;
}

}  // namespace zbridge::client::core

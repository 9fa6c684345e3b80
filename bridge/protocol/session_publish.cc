// What a session publishes, and what becomes of it.
#include "bridge/protocol/check_line.h"
#include "bridge/protocol/limits.h"
#include "bridge/protocol/message_block.h"
#include "bridge/protocol/session.h"

namespace zbridge::protocol {

net::Take Session::publish(const Command& command, const Message& message) {
    const Frame header = message.first();
    const Frame block = frame_at(message.wire().bytes(), header.end);
    const size_t begin = block.end - block.body.size();
    const auto rejected = [&](Refusal why, std::string_view text) {
        refuse(command, why, text, true);
        return net::Take::kTaken;
    };
    if (command.seq <= last_seq_) return rejected(Refusal::kMalformed, "`seq` does not rise");
    if (command.once && name_.empty()) return rejected(Refusal::kOutOfState, "`once` needs a name");
    if (count_messages(block.body) != command.count)
        return rejected(Refusal::kMalformed, "the block has not the messages that `count` says");

    Refusal why = Refusal::kNotFound;
    const auto topic = commons_.setup.topic(command.topic);
    const std::string_view text = why_not(command, topic, why);
    if (!text.empty()) {
        refuse_messages(command.seq + published_of_held_, command.count - published_of_held_, why,
                        text);
    } else {
        size_t at = begin;
        for (uint32_t i = 0; i < command.count; i++) {
            const MessageEnd end = message_end(message.wire().bytes(), at);
            if (i >= published_of_held_) {
                // Offered again, it goes on from here.
                published_of_held_ = i;
                const Message one(message.wire().part(at, end.end - at), end.frames);
                if (end.frames > commons_.setup.frames_max)
                    refuse_messages(command.seq + i, 1, Refusal::kTooManyFrames,
                                    meaning_of(Refusal::kTooManyFrames));
                else if (auto* engine = commons_.engine; engine->has_room())
                    publish_one(command, *topic, one, i);
                else if (commons_.setup.admin)  // is not held: whoever asks is answered
                    refuse_messages(command.seq + i, 1, Refusal::kLineFull, "the disk is behind");
                else
                    return commons_.ways.hold_for_room();
            }
            at = end.end;
        }
    }
    published_of_held_ = 0;
    last_seq_ = command.seq + command.count - 1;
    commons_.ways.on_published(*this);
    return net::Take::kTaken;
}

// Why none of it is taken; empty: it may be.
std::string_view Session::why_not(const Command& command, std::optional<TopicId> topic,
                                  Refusal& why) {
    if (commons_.draining) {
        why = Refusal::kShuttingDown;
        return meaning_of(why);
    }
    if (!topic) {
        why = Refusal::kNotFound;
        return "no topic of this name";
    }
    // Not one that goes on after a hold: it was let in.
    if (published_of_held_ == 0 && receipts_.waiting() + command.count > kReceiptsMax) {
        why = Refusal::kLineFull;
        return "as many messages have no outcome yet as may";
    }
    return {};
}

void Session::publish_one(const Command& command, TopicId topic, const Message& message,
                          uint32_t index) {
    const uint64_t seq = command.seq + index;
    const Attributes* attributes = nullptr;
    if (!command.attributes.empty() && command.attributes[index])
        attributes = &*command.attributes[index];
    if (command.once) {
        attributes_ = attributes != nullptr ? *attributes : Attributes{};
        if (!attributes_.id) attributes_.id = name_ + ":" + std::to_string(seq);
        attributes_.once = true;
        attributes = &attributes_;
    }
    const plugin::Publication publication{topic, &message, attributes};
    if (command.verb == Verb::kPrepare) {
        const plugin::Prepared prepared =
            commons_.engine->prepare(publication, CheckLine::checker_of(command.topic));
        const plugin::Published& its = prepared.published;
        if (its.why) return refuse_messages(seq, 1, *its.why, its.reason);
        commons_.counters.prepared++;
        return receipts_.add_prepared(seq, its.number, its.id, prepared.transaction);
    }
    const plugin::Published published = commons_.engine->publish({&publication, 1});
    if (published.why) return refuse_messages(seq, 1, *published.why, published.reason);
    commons_.counters.published++;
    if (published.duplicate) commons_.counters.duplicates++;
    receipts_.add_stored(seq, published.number, published.id, published.duplicate);
}

void Session::refuse_messages(uint64_t seq, uint64_t count, Refusal why, std::string_view text) {
    commons_.counters.refused += count;
    commons_.refusals.add(why, count);
    receipts_.add_refused(seq, count, why, text);
}

void Session::tell_receipts() {
    if (receipts_.empty()) return;
    const plugin::Engine* engine = commons_.engine;
    const uint64_t committed = engine != nullptr ? engine->committed() : 0;
    const std::vector<Outcome> known =
        engine != nullptr && engine->failed()
            ? receipts_.fail(committed, Refusal::kStoreFailed, engine->failure())
            : receipts_.take(committed);
    if (known.empty()) return;
    if (state_ == State::kGone) return;
    commons_.counters.receipts++;
    send(pack_receipt(known));
    end_bye_if_told();
}

}  // namespace zbridge::protocol

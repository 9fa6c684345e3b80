// What a session reads of topics, from a place of its own.
#include <algorithm>

#include "bridge/protocol/limits.h"
#include "bridge/protocol/takers.h"

namespace zbridge::protocol {

namespace {

// The first `messages` of a run.
Slice beginning_of(const plugin::Run& run, uint64_t messages) {
    size_t end = 0;
    for (uint64_t i = 0; i < messages; i++)
        end = message_end(run.wire.bytes(), end).end;
    return run.wire.part(0, end);
}

// None: there is no such start.
std::optional<uint64_t> start_of(const Command& command, plugin::Engine& engine, TopicId topic) {
    if (command.offset) return engine.position(topic, ZB_START_OFFSET, *command.offset);
    if (command.time_ms) return engine.position(topic, ZB_START_TIME, *command.time_ms);
    if (command.start == "earliest") return engine.position(topic, ZB_START_EARLIEST, 0);
    if (command.start == "latest" || command.start.empty()) return engine.bounds(topic).head;
    return std::nullopt;
}

}  // namespace

bool Session::Reading::pump() {
    for (uint64_t bytes = 0; session_.takes_more() && next_ < limit();) {
        if (bytes >= kTurnBytesMax) return true;
        const auto* runs = from_.engine().read(from_.topic(), next_, kDeliverBytesMax);
        if (runs == nullptr || runs->empty()) return false;  // on_loaded(), on_visible()
        for (const plugin::Run& run : *runs) {
            next_ = std::max(next_, run.first_offset);  // what is between is not kept any more
            if (!session_.takes_more() || next_ >= limit()) break;
            const uint64_t messages =
                std::min({uint64_t{run.messages}, limit() - next_, uint64_t{kDeliverMessagesMax}});
            const Slice wire = messages == run.messages ? run.wire : beginning_of(run, messages);
            session_.deliver_read({.sub = setup_.sub,
                                   .offset = next_,
                                   .messages = static_cast<uint32_t>(messages),
                                   .with_attributes = setup_.with_attributes},
                                  run, wire);
            next_ += messages;
            bytes += wire.size();
            if (messages < run.messages) break;  // its rest is read again
        }
    }
    return false;
}

void Session::read(const Command& command) {
    const uint32_t sub = *command.sub;
    const auto topic = commons_.setup.topic(command.topic);
    if (!topic) return refuse(command, Refusal::kNotFound, "no topic of this name");
    const auto start = start_of(command, *commons_.engine, *topic);
    if (!start) return refuse(command, Refusal::kOutOfRange, "start");
    auto made = std::make_unique<Reading>(
        *this, *commons_.ways.readers(*topic),
        Reading::Setup{sub, *start, command.credit, command.wants_attributes});
    readings_.emplace(sub, std::move(made));
    send(pack_subscribed(sub, *start));
}

// `wire`: all of the run, or its beginning.
void Session::deliver_read(Delivered header, const plugin::Run& run, const Slice& wire) {
    commons_.counters.read += header.messages;
    if (header.with_attributes)
        header.attributes.push_back(commons_.engine->read_attributes(run.attributes));
    send_with_block(pack(header), wire);
}

}  // namespace zbridge::protocol

#include "bridge/admin/tap.h"

#include <algorithm>
#include <utility>

namespace zbridge::admin {

namespace {

using telemetry::Report;

// What is kept of them: names and values.
size_t bytes_of(const Attributes& attributes) {
    size_t bytes = attributes.id.value_or("").size() + attributes.tag.value_or("").size() +
                   attributes.order_key.value_or("").size();
    for (const std::string& key : attributes.keys)
        bytes += key.size();
    for (const auto& [name, value] : attributes.properties) {
        const auto* text = std::get_if<std::string>(&value);
        bytes += name.size() + (text != nullptr ? text->size() : sizeof(value));
    }
    return bytes;
}

// Adds to `to` what fits; false: not all of it did.
bool add_frames(std::string_view wire, Report& to) {
    bool whole = true;
    for (size_t at = 0; at < wire.size();) {
        const Frame frame = frame_at(wire, at);
        at = frame.end;
        if (to.items().size() >= Tap::kFramesMax) return false;
        whole &= frame.body.size() <= Tap::kFrameBytesMax;
        to.add(std::string(frame.body.substr(0, Tap::kFrameBytesMax)));
    }
    return whole;
}

void add_attributes(const Attributes& attributes, Report& to) {
    if (attributes.id) to.add("producer_id", *attributes.id);
    if (attributes.tag) to.add("tag", *attributes.tag);
    if (attributes.order_key) to.add("order_key", *attributes.order_key);
    if (attributes.priority) to.add("priority", uint64_t{*attributes.priority});
    if (attributes.deliver_at_ms) to.add("deliver_at_ms", *attributes.deliver_at_ms);
    if (!attributes.keys.empty()) {
        Report& keys = to.add("keys", Report::list());
        for (const std::string& key : attributes.keys)
            keys.add(key);
    }
    if (attributes.properties.empty()) return;
    Report& properties = to.add("properties", Report::map());
    for (const auto& [name, value] : attributes.properties)
        std::visit([&, &its = name](const auto& each) { properties.add(its, Report(each)); },
                   value);
}

void add_text(std::string name, std::string_view text, Report& to) {
    if (!text.empty()) to.add(std::move(name), std::string(text));
}

}  // namespace

void Tap::offer(const Passing& passing, std::string_view at, Time time) {
    Passing one = passing;
    one.messages = 1;
    for (size_t begin = 0, i = 0; i < passing.messages; i++) {
        const size_t left = passing.messages - i;
        if (full()) return miss(left);
        const MessageEnd end = message_end(passing.wire.bytes(), begin);
        const Message message(passing.wire.part(begin, end.end - begin), end.frames);
        begin = end.end;
        if (filter_ && !may_look(time.now, message.size())) return miss(left);
        if (passing.offset) one.offset = *passing.offset + i;
        if (passing.id) one.id = MessageId{passing.id->epoch, passing.id->sequence + i};
        if (!filter_ || filter_->matches(one, message)) keep(one, message, at, time.wall_us);
    }
}

bool Tap::may_look(Instant now, size_t bytes) {
    if (now - looks_since_ >= kLooksEvery) {
        looks_since_ = now;
        looks_ = look_bytes_ = 0;
    }
    const size_t looked = std::min(bytes, TapFilter::kFieldsBytesMax);
    if (looks_ >= kLooksMax || looked > kLookBytesMax - look_bytes_) return false;
    looks_++;
    look_bytes_ += looked;
    return true;
}

void Tap::keep(const Passing& passing, const Message& message, std::string_view at,
               int64_t wall_us) {
    Report kept = Report::map();
    kept.add("at", std::string(at));
    kept.add("way", std::string(name_of(passing.way)));
    kept.add("time_us", wall_us);
    if (passing.peer != PeerId{}) kept.add("peer", passing.peer.number());
    add_text("address", passing.address, kept);
    add_text("identity", passing.identity, kept);
    add_text("user", passing.user, kept);
    if (passing.offset) kept.add("offset", *passing.offset);
    if (passing.id) kept.add("id", passing.id->text());
    if (passing.attempt > 0) kept.add("attempt", uint64_t{passing.attempt});
    bool whole = true;
    if (passing.attributes != nullptr) {
        const size_t bytes = bytes_of(*passing.attributes);
        whole = bytes <= kAttributeBytesMax;
        if (whole) add_attributes(*passing.attributes, kept);
        if (whole) bytes_ += bytes;
    }
    kept.add("bytes", uint64_t{passing.head.size() + message.size()});
    kept.add("frame_count", frames_in(passing.head.bytes()) + message.frames());
    Report frames = Report::list();
    whole &= add_frames(passing.head.bytes(), frames);
    whole &= add_frames(message.wire().bytes(), frames);
    if (!whole) kept.add("cut", true);
    for (const Report& frame : frames.items())
        bytes_ += frame.text().size();
    kept.add("frames", std::move(frames));
    kept_.add(std::move(kept));
}

Report Tap::take() {
    Report taken = Report::map();
    taken.add("messages", std::exchange(kept_, Report::list()));
    taken.add("missed", std::exchange(missed_, 0));
    bytes_ = 0;
    return taken;
}

}  // namespace zbridge::admin

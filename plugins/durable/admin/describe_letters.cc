// What the answers say of a dead letter.
#include "bridge/base/message_id.h"
#include "plugins/durable/admin/dead_letters.h"
#include "plugins/durable/topics/wire.h"

namespace zbridge::durable {

namespace {

bool is_told_by_itself(std::string_view property) {
    return property.starts_with(DeadLetter::kPrefix);
}

void write_properties(const DecodedAttributes& its, ValueWriter& writer) {
    size_t count = 0;
    for (const auto& [name, value] : its.properties)
        count += is_told_by_itself(name) ? 0 : 1;
    writer.begin_map(count);
    for (const auto& [name, value] : its.properties) {
        if (is_told_by_itself(name)) continue;
        writer.key(name);
        writer.value(value);
    }
}

}  // namespace

void DeadLetters::write_letters(const std::vector<zb_run>& letters, ValueWriter& writer) const {
    writer.begin_list(letters.size());
    for (const zb_run& one : letters) {
        const ReadLetter letter = ReadLetter::read(one.attributes).value();
        writer.begin_map(17);
        writer.entry("offset", one.first_offset);
        writer.entry("id", MessageId{one.id_epoch, one.first_sequence}.text());
        writer.entry("origin", letter.topic);
        writer.entry("origin_id", letter.id);
        writer.entry("group", letter.group);
        writer.entry("reason", letter.reason);
        writer.entry("attempts", letter.attempts);
        writer.entry("redriven", letter.times);  // so often
        writer.entry("stored_ms", letter.stored_ms);
        writer.entry("died_ms", letter.died_ms);
        writer.entry("producer_id", letter.its.id);
        writer.entry("order_key", letter.its.order_key);
        // What is of this key waits in the group until it is done with.
        writer.entry("holds_key",
                     groups_.holder_of(letter.group, {one.first_offset}).group != nullptr);
        writer.entry("tag", letter.its.tag);
        writer.key("keys");
        writer.begin_list(letter.its.keys.size());
        for (const std::string_view key : letter.its.keys)
            writer.text(key);
        writer.key("properties");
        write_properties(letter.its, writer);
        writer.key("frames");
        writer.begin_list(one.frames);
        for (std::string_view rest(one.wire, one.bytes); !rest.empty();)
            writer.bytes(take_frame(rest));
    }
}

}  // namespace zbridge::durable

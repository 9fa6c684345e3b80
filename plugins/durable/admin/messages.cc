#include "plugins/durable/admin/messages.h"

#include "bridge/base/message_id.h"
#include "plugins/durable/topics/attributes.h"
#include "plugins/durable/topics/wire.h"

namespace zbridge::durable {

namespace {

std::string_view from_view(zb_view view) {
    return {view.data, view.size};
}

void write_attributes(ValueWriter& writer, const DecodedAttributes& attributes) {
    writer.entry("producer_id", attributes.id);
    writer.entry("order_key", attributes.order_key);
    writer.entry("tag", attributes.tag);
    writer.entry("priority", attributes.priority);
    writer.key("keys");
    writer.begin_list(attributes.keys.size());
    for (const std::string_view key : attributes.keys)
        writer.text(key);
    writer.key("properties");
    writer.begin_map(attributes.properties.size());
    for (const auto& [name, value] : attributes.properties) {
        writer.key(name);
        writer.value(value);
    }
}

void write_frames(ValueWriter& writer, std::string_view wire, uint32_t frames) {
    writer.key("frames");
    writer.begin_list(frames);
    while (!wire.empty())
        writer.bytes(take_frame(wire));
}

}  // namespace

void write_messages(ValueWriter& writer, const zb_run& run, uint32_t count) {
    const auto attributes =
        decode_attributes(from_view(run.attributes)).value_or(DecodedAttributes());
    std::string_view wire(run.wire, run.bytes);
    for (uint32_t i = 0; i < count; i++) {
        const auto span = span_of(wire, 1, UINT64_MAX).value_or(WireSpan());
        writer.begin_map(10);
        writer.entry("offset", run.first_offset + i);
        writer.entry("id", MessageId{run.id_epoch, run.first_sequence + i}.text());
        writer.entry("stored_ms", run.stored_ms);
        write_attributes(writer, attributes);
        write_frames(writer, wire.substr(0, span.bytes), span.frames);
        wire.remove_prefix(span.bytes);
    }
}

void write_delayed(ValueWriter& writer, const zb_run& one, uint64_t due_ms) {
    writer.begin_map(10);
    writer.entry("id", MessageId{one.id_epoch, one.first_sequence}.text());
    writer.entry("due_ms", due_ms);
    writer.entry("stored_ms", one.stored_ms);
    write_attributes(writer,
                     decode_attributes(from_view(one.attributes)).value_or(DecodedAttributes()));
    write_frames(writer, {one.wire, one.bytes}, one.frames);
}

}  // namespace zbridge::durable

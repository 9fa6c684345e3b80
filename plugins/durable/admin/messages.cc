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

}  // namespace

void write_messages(ValueWriter& writer, const zb_run& run, uint32_t count) {
    const auto attributes =
        decode_attributes(from_view(run.attributes)).value_or(DecodedAttributes());
    std::string_view wire(run.wire, run.bytes);
    for (uint32_t i = 0; i < count; i++) {
        const auto span = span_of(wire, 1, UINT64_MAX).value_or(WireSpan());
        writer.begin_map(9);
        writer.entry("offset", run.first_offset + i);
        writer.entry("id", MessageId{run.id_epoch, run.first_sequence + i}.text());
        writer.entry("stored_ms", run.stored_ms);
        write_attributes(writer, attributes);
        writer.key("frames");
        writer.begin_list(span.frames);
        for (std::string_view rest = wire.substr(0, span.bytes); !rest.empty();)
            writer.bytes(take_frame(rest));
        wire.remove_prefix(span.bytes);
    }
}

}  // namespace zbridge::durable

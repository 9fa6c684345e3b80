#include "plugins/durable/topics/body_reader.h"

#include <algorithm>
#include <utility>

#include "plugins/durable/topics/payload.h"
#include "plugins/durable/topics/wire.h"

namespace zbridge::durable {

namespace {

zb_run run_of(const Body& body, const Msg& msg) {
    zb_run run{};
    run.chunk = body.chunk.get();
    run.wire = msg.wire.data();
    run.bytes = msg.wire.size();
    run.first_offset = msg.head.first.number;
    run.count = msg.head.count;
    run.frames = msg.head.frames;
    run.id_epoch = msg.head.first_id.epoch;
    run.first_sequence = msg.head.first_id.sequence;
    run.stored_ms = msg.head.stored_ms;
    run.attributes = {msg.attributes.data(), msg.attributes.size()};
    return run;
}

}  // namespace

std::optional<Offset> read_runs(const Body& body, TopicId topic, const Run& run, Offset from,
                                RunsWanted& wanted) {
    from = std::max(from, run.first);
    const Body::Mark& mark = body.mark;
    const bool goes_on = mark.position > 0 && mark.run == run.position && mark.from <= from;
    size_t position = goes_on ? mark.position : run.position;
    while (from < run.end() && !wanted.enough()) {
        if (wanted.gaps && position == body.bytes.size()) break;
        const auto record = record_at(body.bytes, position);
        if (!record) return std::nullopt;
        position = record->end;
        if (record->type != RecordType::kMsg) continue;
        const auto msg = read_msg(record->payload);
        if (!msg) return std::nullopt;
        if (msg->head.topic != topic || msg->head.end() <= from) continue;
        if (msg->head.first >= run.end() && wanted.gaps) break;
        if (msg->head.first >= run.end()) return std::nullopt;
        if (msg->head.first > from) {
            wanted.replaced += msg->head.first - from;
            from = msg->head.first;
        }

        zb_run found = run_of(body, *msg);
        if (!cut_front(found, static_cast<uint32_t>(from - msg->head.first))) return std::nullopt;
        if (!cut_back(found, found.count, wanted.bytes_max - wanted.bytes)) return std::nullopt;
        found.replaced = std::exchange(wanted.replaced, 0);
        wanted.runs[wanted.count++] = found;
        wanted.bytes += found.bytes;
        from = from + found.count;
        if (from == msg->head.end()) body.mark = {run.position, from, position};
    }
    if (wanted.enough() || from >= run.end()) return from;
    // Only gaps are left of it.
    wanted.replaced += run.end() - from;
    return run.end();
}

}  // namespace zbridge::durable

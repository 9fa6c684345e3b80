#include "plugins/durable/tool/tool.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "plugins/durable/admin/values.h"
#include "plugins/durable/record.h"
#include "plugins/durable/tool/scrub_all.h"
#include "plugins/durable/tool/survey.h"

namespace zbridge::durable {

namespace {

const char* name_of(Found::End end) {
    switch (end) {
        case Found::End::kNew:
            return "new";
        case Found::End::kCleanStop:
            return "in order";
        case Found::End::kUnclean:
            return "unclean";
        case Found::End::kTorn:
            return "torn";
    }
    return "";
}

// As docs/JOURNAL.md has them.
constexpr std::pair<RecordType, const char*> kRecordNames[] = {
    {RecordType::kMsg, "MSG"},
    {RecordType::kVisible, "VISIBLE"},
    {RecordType::kPendingDrop, "PENDING_DROP"},
    {RecordType::kMoved, "MOVED"},
    {RecordType::kAcks, "ACKS"},
    {RecordType::kCursor, "CURSOR"},
    {RecordType::kRetry, "RETRY"},
    {RecordType::kDead, "DEAD"},
    {RecordType::kPark, "PARK"},
    {RecordType::kLease, "LEASE"},
    {RecordType::kReset, "RESET"},
    {RecordType::kTxnPrepare, "TXN_PREPARE"},
    {RecordType::kTxnCommit, "TXN_COMMIT"},
    {RecordType::kTxnRollback, "TXN_ROLLBACK"},
    {RecordType::kTxnCheck, "TXN_CHECK"},
    {RecordType::kReq, "REQ"},
    {RecordType::kDispatch, "DISPATCH"},
    {RecordType::kReply, "REPLY"},
    {RecordType::kReplied, "REPLIED"},
    {RecordType::kTopic, "TOPIC"},
    {RecordType::kGroup, "GROUP"},
    {RecordType::kEpoch, "EPOCH"},
    {RecordType::kCleanStop, "CLEAN_STOP"},
    {RecordType::kFloor, "FLOOR"}};

const char* name_of(RecordType type) {
    const auto found = std::find_if(std::begin(kRecordNames), std::end(kRecordNames),
                                    [&](const auto& known) { return known.first == type; });
    return found == std::end(kRecordNames) ? "?" : found->second;
}

void write_damage(const std::vector<Damage>& damage, ValueWriter& writer) {
    writer.key("damage");
    writer.begin_list(damage.size());
    for (const Damage& each : damage) {
        writer.begin_map(8);
        writer.entry("file", each.file);
        writer.entry("offset", each.position);
        writer.entry("bytes", each.bytes);
        writer.entry("first", number(each.first));
        writer.key("last");
        if (each.last)
            writer.number(static_cast<int64_t>(number(*each.last)));
        else
            writer.nothing();
        writer.entry("witness", each.witness);
        writer.entry("accepted", each.accepted);
        writer.entry("messages_only", each.messages_only);
    }
}

void write_cut(const std::optional<Found::Cut>& cut, ValueWriter& writer) {
    writer.key("cut");
    if (!cut) return writer.nothing();
    writer.begin_map(4);
    writer.entry("file", cut->file);
    writer.entry("offset", cut->position);
    writer.entry("bytes", cut->bytes);
    writer.entry("missing", cut->missing);
}

void write_lost(const LostOffsets& topics, ValueWriter& writer) {
    size_t ranges = 0;
    for (const auto& [id, topic] : topics.topics())
        ranges += topic.lost.size();
    writer.key("lost");
    writer.begin_list(ranges);
    for (const auto& [id, topic] : topics.topics()) {
        for (const auto& range : topic.lost) {
            writer.begin_map(4);
            writer.entry("topic",
                         topic.name.empty() ? "number " + std::to_string(id.number()) : topic.name);
            writer.entry("from", range.from.number);
            writer.entry("to", range.to.number - 1);
            writer.entry("messages", range.to - range.from);
        }
    }
}

void write_segments(const std::vector<SurveyedSegment>& segments, ValueWriter& writer) {
    writer.key("segment_files");
    writer.begin_list(segments.size());
    for (const SurveyedSegment& each : segments) {
        writer.begin_map(10);
        writer.entry("file", each.file);
        writer.entry("bytes", each.bytes);
        writer.entry("used_bytes", each.used_bytes);
        writer.entry("batches", each.batches);
        writer.entry("records", each.records);
        writer.entry("first", number(each.first));
        writer.entry("last", number(each.last));
        writer.entry("first_us", each.first_us);
        writer.entry("last_us", each.last_us);
        writer.entry("digest", each.digest);
    }
}

void write_topics(const LostOffsets& topics, ValueWriter& writer) {
    writer.key("topics");
    writer.begin_list(topics.topics().size());
    for (const auto& [id, topic] : topics.topics()) {
        writer.begin_map(7);
        writer.entry("topic", topic.name);
        writer.entry("number", id.number());
        writer.entry("removed", topic.removed);
        writer.entry("messages", topic.messages);
        writer.entry("bytes", topic.bytes);
        writer.entry("floor", topic.floor.number);
        writer.entry("next", topic.next.number);
    }
}

std::string check(Disk& disk, const std::string& folder, bool stat, Status& status) {
    ValueWriter writer;
    const auto survey = Survey::of(disk, folder);
    if (!survey.ok()) {
        if (stat || survey.error().code() != Code::kInvalid) {
            status = survey.error();
            return {};
        }
        writer.begin_map(3);
        writer.entry("folder", folder);
        writer.entry("ok", false);
        writer.entry("refused", survey.error().message());
        return writer.take();
    }
    writer.begin_map(stat ? 13 : 11);
    writer.entry("folder", folder);
    writer.entry("ok", !survey->is_damaged());
    writer.entry("store", survey->store.text());
    writer.entry("segments", survey->segments.size());
    writer.entry("batches", survey->found.batches);
    writer.entry("bytes", survey->found.bytes);
    writer.entry("end", name_of(survey->found.end));
    write_cut(survey->found.cut, writer);
    write_damage(survey->found.damage, writer);
    writer.key("remarks");
    writer.begin_list(survey->found.remarks.size());
    for (const std::string& remark : survey->found.remarks)
        writer.text(remark);
    write_lost(survey->topics, writer);
    if (stat) {
        write_segments(survey->segments, writer);
        write_topics(survey->topics, writer);
    }
    return writer.take();
}

void write_record(const Record& record, ValueWriter& writer) {
    const auto msg = record.type == RecordType::kMsg ? read_msg(record.payload) : std::nullopt;
    const auto state =
        record.type == RecordType::kTopic ? read_topic(record.payload) : std::nullopt;
    const auto floor =
        record.type == RecordType::kFloor ? read_floor(record.payload) : std::nullopt;
    writer.begin_map(msg ? 7 : state ? 7 : floor ? 5 : 3);
    writer.entry("type", name_of(record.type));
    writer.entry("number", static_cast<int>(record.type));
    writer.entry("bytes", record.payload.size());
    if (msg) {
        writer.entry("topic", msg->head.topic.number());
        writer.entry("first", msg->head.first.number);
        writer.entry("messages", msg->head.count);
        writer.entry("stored_ms", msg->head.stored_ms);
    } else if (state) {
        writer.entry("topic", state->id.number());
        writer.entry("name", state->name);
        writer.entry("floor", state->floor.number);
        writer.entry("next", state->next.number);
    } else if (floor) {
        writer.entry("topic", floor->topic.number());
        writer.entry("floor", floor->floor.number);
    }
}

std::string dumped(const std::string& folder, const ReplayedBatch& batch) {
    std::vector<Record> records;
    for (size_t at = 0; at < batch.body.size();) {
        const auto record = record_at(batch.body, at);
        if (!record) break;  // the survey has said so
        at = record->end;
        records.push_back(*record);
    }
    ValueWriter writer;
    writer.begin_map(7);
    writer.entry("batch", number(batch.seq));
    writer.entry("file", folder + "/" + segment_name(batch.place.segment));
    writer.entry("offset", batch.place.position);
    writer.entry("bytes", batch.body.size());
    writer.entry("time_us", batch.time_us);
    writer.entry("flags", batch.flags);
    writer.key("records");
    writer.begin_list(records.size());
    for (const Record& record : records)
        write_record(record, writer);
    return writer.take();
}

Status dump(Disk& disk, const std::string& folder, const Request& request, const Tell& tell) {
    const uint64_t from = request.from.value_or(0);
    uint64_t left = request.max.value_or(UINT64_MAX);
    const auto survey = Survey::of(disk, folder, [&](const ReplayedBatch& batch) {
        if (number(batch.seq) >= from && left > 0) {
            left--;
            tell(dumped(folder, batch));
        }
        return Status();
    });
    return survey.ok() ? Status() : survey.error();
}

std::string scrub(Disk& disk, const std::string& folder, Status& status) {
    const auto scrubbed = scrub_all(disk, folder);
    if (!scrubbed.ok()) {
        status = scrubbed.error();
        return {};
    }
    ValueWriter writer;
    writer.begin_map(4);
    writer.entry("folder", folder);
    writer.entry("ok", scrubbed->damage.empty());
    write_damage(scrubbed->damage, writer);
    write_segments(scrubbed->segments, writer);
    return writer.take();
}

}  // namespace

Status ask_journal(Disk& disk, const std::string& folder, std::string_view verb,
                   std::string_view body, const Tell& tell) {
    const auto request = read_request(body);
    if (!request) return {Code::kInvalid, "the request is not understood"};
    Status status;
    std::string answer;
    if (verb == "journal check" || verb == "journal stat")
        answer = check(disk, folder, verb == "journal stat", status);
    else if (verb == "journal scrub")
        answer = scrub(disk, folder, status);
    else if (verb == "journal dump")
        return dump(disk, folder, *request, tell);
    else
        return {Code::kInvalid, "no such verb: " + std::string(verb)};
    if (status.ok()) tell(answer);
    return status;
}

}  // namespace zbridge::durable

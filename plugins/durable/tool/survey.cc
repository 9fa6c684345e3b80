#include "plugins/durable/tool/survey.h"

#include <algorithm>

#include "plugins/durable/record.h"

namespace zbridge::durable {

namespace {

class Reading {
 public:
    Reading(Survey& survey, const Survey::Visit& visit) : survey_(survey), visit_(visit) {}

    Status take(const ReplayedBatch& batch, const std::vector<Damage>& damage) {
        const bool hole = std::any_of(damage.begin(), damage.end(), [&](const Damage& each) {
            return each.first < batch.seq && each.first > last_;
        });
        if (hole) survey_.topics.on_hole();
        last_ = batch.seq;
        count(batch);
        for (size_t at = 0; at < batch.body.size();) {
            const auto record = record_at(batch.body, at);
            if (!record) return {Code::kInvalid, "no record stands at " + std::to_string(at)};
            at = record->end;
            take(*record);
        }
        return visit_ ? visit_(batch) : Status();
    }

 private:
    void take(const Record& record) {
        if (record.version > newest_version(record.type)) return;
        if (record.type == RecordType::kMsg) {
            if (const auto msg = read_msg(record.payload)) survey_.topics.take(*msg);
        } else if (record.type == RecordType::kMoved) {
            if (const auto moved = read_moved(record.payload, record.version))
                survey_.topics.take(*moved);
        } else if (record.type == RecordType::kTopic) {
            if (const auto state = read_topic(record.payload, record.version))
                survey_.topics.take(*state);
        } else if (record.type == RecordType::kFloor) {
            if (const auto floor = read_floor(record.payload)) survey_.topics.take(*floor);
        }
    }

    void count(const ReplayedBatch& batch) {
        const auto found = std::find_if(
            survey_.segments.begin(), survey_.segments.end(),
            [&](const SurveyedSegment& each) { return each.number == batch.place.segment; });
        if (found == survey_.segments.end()) return;
        if (found->batches++ == 0) {
            found->first = batch.seq;
            found->first_us = batch.time_us;
        }
        found->last = batch.seq;
        found->last_us = batch.time_us;
        found->records += batch.records;
        found->used_bytes += BatchMemory::capacity_for(batch.body.size());
    }

    Survey& survey_;
    const Survey::Visit& visit_;
    Seq last_{};
};

// What is damaged in a segment with a digest costs messages alone.
void look_at_digests(Disk& disk, const Folder& folder, Survey& survey) {
    for (size_t i = 0; i + 1 < folder.segments.size(); i++) {
        const auto digest = folder.digest_of(disk, folder.segments[i]);
        survey.segments[i].digest = digest.ok() ? "whole" : digest.error().message();
        for (Damage& damage : survey.found.damage) {
            if (damage.file == survey.segments[i].file) damage.messages_only = digest.ok();
        }
    }
}

}  // namespace

Result<Survey> Survey::of(Disk& disk, const std::string& folder, const Visit& visit) {
    auto looked = Folder::look(disk, folder, std::nullopt);
    if (!looked.ok()) return std::move(looked).error();
    Survey survey;
    for (const FolderSegment& each : looked->segments) {
        SurveyedSegment segment;
        segment.file = looked->segment_file(each.number);
        segment.number = each.number;
        segment.bytes = each.bytes;
        survey.segments.push_back(std::move(segment));
    }
    if (!looked->store) {
        if (looked->segments.empty()) return survey;
        return Status(Code::kInvalid, folder +
                                          ": no segment has a whole header, and nothing else tells "
                                          "whose they are");
    }
    survey.store = *looked->store;
    ReplayOptions options;
    options.accept_loss = true;
    Reading reading(survey, visit);
    const std::vector<Damage>* damage = nullptr;
    Replay replay(disk, *looked, options,
                  [&](const ReplayedBatch& batch) { return reading.take(batch, *damage); });
    damage = &replay.found().damage;
    if (auto status = replay.run(); !status.ok()) return status;
    if (auto status = replay.visit_rest(); !status.ok()) return status;
    survey.found = replay.found();
    look_at_digests(disk, *looked, survey);
    survey.topics.end();
    return survey;
}

bool Survey::is_damaged() const {
    return !found.remarks.empty() || std::any_of(found.damage.begin(), found.damage.end(),
                                                 [](const Damage& each) { return !each.accepted; });
}

}  // namespace zbridge::durable

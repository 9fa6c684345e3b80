// What happens when a batch is durable.
#include <algorithm>

#include "plugins/durable/topics/topics.h"

namespace zbridge::durable {

namespace {

const FilledRun* next_of(const Batch& batch, const FilledRun& run) {
    return run.next == FilledRun::kNone ? nullptr : &batch.runs[run.next];
}

}  // namespace

void Topics::on_batch_committed(Batch& batch, const std::optional<Place>& place) {
    if (place) place_batch(batch, *place);
    if (batch.last_number > 0) listener_.on_committed(batch.last_number);
    show(batch);
    for (const Answer& each : batch.answers)
        answer(each, true, {});
    if (tenant_ != nullptr) tenant_->on_batch();
    if (!place) return;

    if (batch.begins_snapshot) snapshot_segment_ = place->segment;
    if (batch.ends_snapshot) {
        segments_.snapshot_in(snapshot_segment_);
        snapshot_pending_ = false;
    }
    if (place->segment > segments_.snapshot() && !snapshot_pending_) {
        write_snapshot();
        if (!snapshot_pending_) segments_.snapshot_in(place->segment);
    }
    drop_segments();
    if (!batch.moved.empty() || !batch.again.empty()) clean();
}

// Into memory and the index, before anybody is told.
void Topics::place_batch(Batch& batch, const Place& place) {
    hot_.add(place, {batch.chunk, {batch.memory.body(), batch.memory.body_bytes}});
    for (size_t i = 0; i < batch.runs.size(); i++) {
        expect_soon(batch, i);
        const FilledRun& first = batch.runs[i];
        if (!first.leads) continue;
        Run run;
        run.first = {first.run.first_offset};
        run.position = first.position;
        run.place = place;
        for (const FilledRun* each = &first; each != nullptr; each = next_of(batch, *each)) {
            run.count += each->run.count;
            run.bytes += static_cast<uint32_t>(each->run.bytes + each->run.attributes.size);
            run.stored_ms = each->run.stored_ms;
        }
        // Null: removed since.
        Topic* topic = table_.find(first.topic);
        if (topic == nullptr) continue;
        add_run(*topic, run);
        if (topic->keys) note_keys(*topic, run, batch.memory);
    }
    for (MovedRun& each : batch.moved)
        place_moved(each, place, batch.memory);
    for (WrittenAgain& each : batch.again)
        place_again(each, place);
    for (const NoteEffect& note : batch.notes)
        notes_.on_written(note.key, note.closes, {place, note.at.position, note.at.bytes});
    for (const TenantEffect& effect : batch.effects)
        tenant_->on_written(effect, place.segment);
}

// With many topics what a run touches is in no cache, but where it will be needed is known ahead.
void Topics::expect_soon(const Batch& batch, size_t at) const {
    constexpr size_t kFar = 8, kNear = 4;
    if (at + kFar < batch.runs.size()) index_.expect(batch.runs[at + kFar].topic);
    if (at + kNear < batch.runs.size()) index_.expect_soon(batch.runs[at + kNear].topic);
}

void Topics::add_run(Topic& topic, const Run& run) {
    index_.add(topic.id, run);
    segments_.use(run.place.segment, live_bytes_of(run));
    topic.head = run.end();
    topic.messages += run.count;
    topic.bytes += run.bytes;
}

void Topics::show(Batch& batch) {
    for (const FilledRun& first : batch.runs) {
        if (!first.leads) continue;
        visible_.clear();
        for (const FilledRun* each = &first; each != nullptr; each = next_of(batch, *each))
            visible_.push_back(each->run);
        if (table_.find(first.topic) == nullptr) continue;
        listener_.on_visible(first.topic, visible_.data(), static_cast<uint32_t>(visible_.size()));
        if (Topic* its = table_.find(first.topic)) retain(*its);
    }
}

void Topics::answer(const Answer& answer, bool ok, const std::string& why) {
    switch (answer.to) {
        case Answer::To::kSettler:
            return listener_.on_settled(answer.cookie, ok, why);
        case Answer::To::kTenant:
            return tenant_->on_answer(answer.cookie, ok, why);
        case Answer::To::kCommand:
            return listener_.on_answer(answer.cookie, ok, ok ? answer.body : why);
    }
}

void Topics::on_commits_failed(const Status& why, std::vector<Answer> lost) {
    failure_ = why.message();
    for (const Answer& each : lost)
        answer(each, false, failure_);
    listener_.on_failed(failure_);
}

}  // namespace zbridge::durable

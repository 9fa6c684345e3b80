#include "plugins/durable/topics/notes.h"

#include <utility>

#include "bridge/base/check.h"

namespace zbridge::durable {

void Notes::on_written(uint64_t key, bool closes, const RecordPlace& at) {
    arrive(key);
    if (closes)
        forget(key);
    else
        add(key, at);
}

void Notes::on_replayed(const Note& note, RecordType kind, const RecordPlace& at) {
    // What was written again stands there twice, as long as its old segment does.
    if (note.closes || note.again) forget(note.key);
    if (note.closes) return;
    add(note.key, at);
    open_[note.key].replayed.push_back(next_);
    replayed_.emplace(next_++, Replayed{note.key, kind, std::string(note.bytes)});
}

void Notes::take_open(const Visit& visit) {
    for (auto& [key, open] : open_)
        open.replayed.clear();
    for (const auto& [order, note] : std::exchange(replayed_, {}))
        visit(note.key, note.kind, note.bytes);
}

std::optional<Needed> Notes::needed_in(uint64_t segment) const {
    for (auto at = lies_in_.lower_bound({segment, 0}); at != lies_in_.end(); ++at) {
        const auto [its_segment, key] = *at;
        if (its_segment != segment) break;
        // What follows it would be taken for what it replaces.
        if (on_the_way_.contains(key)) continue;
        return Needed{key, open_.at(key).records};
    }
    return std::nullopt;
}

std::vector<NewRecord> Notes::write_again(uint64_t key, const std::vector<Record>& records) {
    std::vector<NewRecord> written;
    for (const Record& record : records) {
        auto note = is_note(record.type) ? read_note(record.payload, record.version) : std::nullopt;
        if (!note || note->key != key || note->closes) return {};
        note->again = written.empty();
        written.push_back({record.type, note->version(), write_note(*note)});
    }
    on_taken(key);
    return written;
}

void Notes::on_written_again(uint64_t key, const std::vector<RecordPlace>& records) {
    arrive(key);
    forget(key);
    for (const RecordPlace& each : records)
        add(key, each);
}

void Notes::give_up(uint64_t key) {
    Open& open = open_.at(key);
    open.stays = true;
    for (const RecordPlace& each : open.records)
        lies_in_.erase({each.batch.segment, key});
}

void Notes::add(uint64_t key, const RecordPlace& at) {
    Open& open = open_[key];
    open.records.push_back(at);
    segments_.use(at.batch.segment, at.bytes);
    if (!open.stays) lies_in_.insert({at.batch.segment, key});
}

void Notes::forget(uint64_t key) {
    const auto found = open_.find(key);
    if (found == open_.end()) return;  // nothing of it is kept
    for (const RecordPlace& each : found->second.records) {
        segments_.release(each.batch.segment, each.bytes);
        lies_in_.erase({each.batch.segment, key});
    }
    for (const uint64_t order : found->second.replayed)
        replayed_.erase(order);
    open_.erase(found);
}

void Notes::arrive(uint64_t key) {
    const auto found = on_the_way_.find(key);
    ZB_CHECK(found != on_the_way_.end(), key);
    if (--found->second == 0) on_the_way_.erase(found);
}

}  // namespace zbridge::durable

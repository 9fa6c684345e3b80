#include "plugins/durable/topics/notes.h"

#include <utility>

namespace zbridge::durable {

void Notes::on_written(uint64_t key, bool closes, uint64_t segment) {
    if (!closes) {
        open_[key].segments.push_back(segment);
        segments_.use(segment);
        return;
    }
    const auto found = open_.find(key);
    if (found == open_.end()) return;  // nothing of it is kept
    for (const uint64_t used : found->second.segments)
        segments_.release(used);
    for (const uint64_t order : found->second.replayed)
        replayed_.erase(order);
    open_.erase(found);
}

void Notes::on_replayed(uint64_t key, RecordType kind, bool closes, std::string_view bytes,
                        uint64_t segment) {
    on_written(key, closes, segment);
    if (closes) return;
    open_[key].replayed.push_back(next_);
    replayed_.emplace(next_++, Replayed{key, kind, std::string(bytes)});
}

void Notes::take_open(const Visit& visit) {
    for (auto& [key, open] : open_)
        open.replayed.clear();
    for (const auto& [order, note] : std::exchange(replayed_, {}))
        visit(note.key, note.kind, note.bytes);
}

}  // namespace zbridge::durable

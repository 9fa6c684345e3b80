#include "plugins/durable/groups/due_messages.h"

#include <algorithm>
#include <iterator>

#include "plugins/durable/topics/wire.h"

namespace zbridge::durable {

void DueMessages::read_on(const From& from) {
    if (wanted_.empty() && held_.size() <= wanted_max_ / 2 && bytes_ <= kBytesMax / 2)
        gather(last_, from);
    read_slice(from.reader);
}

void DueMessages::read_from(const Due& due, const From& from) {
    if (!wanted_.empty()) return;
    wanted_.push_back(due);
    gather(due, from);
    read_slice(from.reader);
}

// The next ones behind `at` that are not there yet, in the order of their offsets.
void DueMessages::gather(Due at, const From& from) {
    for (size_t known = 0; wanted_.size() < wanted_max_ && known < kKnownMax;) {
        const auto next = from.exceptions.next_due(at);
        if (!next || next->first > from.now_ms + kAheadMs) break;
        at = *next;
        if (held_.contains(at))
            known++;
        else if (at.second < from.head)  // else it is not durable yet
            wanted_.push_back(at), known = 0;
    }
    if (wanted_.empty()) return;
    passes_++;
    pass_messages_ = pass_bytes_ = 0;
    cut_.reset();
    first_ = wanted_.front();
    last_ = wanted_.back();
    std::sort(wanted_.begin(), wanted_.end(),
              [](const Due& a, const Due& b) { return b.second < a.second; });
}

void DueMessages::read_slice(Reader& reader) {
    waits_ = false;
    if (wanted_.empty()) return;
    for (size_t i = 0; i < kSliceMax && !wanted_.empty(); i++) {
        const Due due = wanted_.back();
        const bool is_cut = cut_ && *cut_ <= due;
        const Reader::Found found = is_cut ? Reader::Found::kEnd : reader.find(due.second);
        waits_ = found == Reader::Found::kLater;
        if (waits_) return;
        wanted_.pop_back();
        if (found == Reader::Found::kHere) hold(due, reader.front());
    }
    if (!wanted_.empty()) return;
    reader.drop();
    const uint64_t each = pass_bytes_ / std::max<uint64_t>(pass_messages_, 1) + 1;
    wanted_max_ = std::clamp<size_t>(kBytesMax / 2 / each, 1, kMessagesMax / 2);
}

void DueMessages::hold(const Due& due, zb_run run) {
    if (!cut_back(run, 1, UINT64_MAX)) return;
    Held held;
    held.bytes.reserve(run.attributes.size + run.bytes);
    held.bytes.append(run.attributes.data, run.attributes.size);
    held.bytes.append(run.wire, run.bytes);
    held.run = run;
    held.run.chunk = nullptr;
    const size_t its = held.bytes.size() + kBytesEach;
    pass_messages_++;
    pass_bytes_ += its;
    if (!held_.emplace(due, std::move(held)).second) return;
    bytes_ += its;
    while (bytes_ > kBytesMax && held_.size() > 1) {
        cut_ = std::prev(held_.end())->first;
        drop(std::prev(held_.end()));
    }
}

void DueMessages::drop(std::map<Due, Held>::iterator at) {
    bytes_ -= at->second.bytes.size() + kBytesEach;
    held_.erase(at);
}

const zb_run* DueMessages::find(const Due& due) {
    while (!held_.empty() && held_.begin()->first < due)
        drop(held_.begin());
    if (held_.empty() || held_.begin()->first != due) return nullptr;
    Held& its = held_.begin()->second;
    // Short ones lie within the map's node: where, is known only now.
    its.run.attributes.data = its.bytes.data();
    its.run.wire = its.bytes.data() + its.run.attributes.size;
    return &its.run;
}

void DueMessages::clear() {
    held_.clear();
    wanted_.clear();
    bytes_ = 0;
    last_ = {};
}

}  // namespace zbridge::durable

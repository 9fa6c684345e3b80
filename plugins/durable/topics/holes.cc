#include "plugins/durable/topics/holes.h"

#include <algorithm>

#include "bridge/base/check.h"

namespace zbridge::durable {

void Holes::put(const Run& run, uint64_t gone, Segments& segments) {
    ZB_CHECK(gone <= run.count, gone, run.count);
    remove(run, segments);
    if (gone > 0) of(run).gone = gone;
}

void Holes::bury(const Run& run, uint32_t messages, uint64_t bytes, Segments& segments) {
    Hole& hole = of(run);
    hole.buried += messages;
    const uint64_t more = std::min(bytes, hole.bytes_max - hole.bytes);
    hole.bytes += more;
    if (hole.end <= limit_) segments.bury(more);
}

void Holes::remove(const Run& run, Segments& segments) {
    const auto found = holes_.find(run.first);
    if (found == holes_.end()) return;
    if (found->second.end <= limit_) segments.unearth(found->second.bytes);
    holes_.erase(found);
}

void Holes::unearth(Segments& segments) {
    for (auto at = holes_.begin(); at != holes_.end();) {
        Hole& hole = at->second;
        if (hole.end <= limit_) segments.unearth(hole.bytes);
        hole.buried = hole.bytes = 0;
        at = hole.gone == 0 ? holes_.erase(at) : std::next(at);
    }
}

void Holes::set_limit(Offset limit, Segments& segments) {
    if (limit == limit_) return;
    // Runs do not overlap: those that end between the two.
    auto at = holes_.upper_bound(std::min(limit, limit_));
    if (at != holes_.begin()) --at;
    for (; at != holes_.end() && at->first < std::max(limit, limit_); ++at) {
        const bool was = at->second.end <= limit_, is = at->second.end <= limit;
        if (is && !was) segments.bury(at->second.bytes);
        if (was && !is) segments.unearth(at->second.bytes);
    }
    limit_ = limit;
}

bool Holes::is_dead(const Run& run) const {
    if (run.bytes == 0) return true;
    const auto found = holes_.find(run.first);
    if (found == holes_.end()) return false;
    const Hole& hole = found->second;
    return hole.end <= limit_ && hole.gone + hole.buried == run.count;
}

uint64_t Holes::gone(const Run& run) const {
    const auto found = holes_.find(run.first);
    return found == holes_.end() ? 0 : found->second.gone;
}

Holes::Hole& Holes::of(const Run& run) {
    const auto [found, is_new] = holes_.try_emplace(run.first);
    if (is_new) {
        found->second.end = run.end();
        found->second.bytes_max = run.bytes;
    }
    return found->second;
}

}  // namespace zbridge::durable

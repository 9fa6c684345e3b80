#include "bridge/net/outbox.h"

#include "bridge/base/check.h"

namespace zbridge::net {

void Outbox::add(const Slice& wire, uint32_t ends) {
    const bool whole = ends == 1 && !unended_;
    unended_ = ends == 0;
    bytes_ += wire.size();
    appended_ += wire.size();
    messages_ += ends;
    if (whole && !segments_.empty()) {
        Segment& last = segments_.back();
        if (last.run && last.slice.is_followed_by(wire)) {
            last.slice.extend(wire.size());
            last.ends++;
            return;
        }
    }
    segments_.push_back({wire, ends, whole});
}

void Outbox::append_command(const Slice& wire) {
    ZB_CHECK(!unended_);
    bytes_ += wire.size();
    appended_ += wire.size();
    segments_.push_back({wire, 0, false});
}

void Outbox::pop_segment() {
    messages_ -= segments_.front().ends;
    segments_.pop_front();
}

size_t Outbox::gather(std::span<iovec> into) const {
    size_t filled = 0;
    for (const Segment& segment : segments_) {
        if (filled == into.size()) break;
        const size_t skip = filled == 0 ? cut_ : 0;
        // writev only reads what iov_base points to.
        into[filled].iov_base = const_cast<char*>(segment.slice.data() + skip);
        into[filled].iov_len = segment.slice.size() - skip;
        filled++;
    }
    return filled;
}

void Outbox::consume(size_t bytes) {
    ZB_CHECK(bytes <= bytes_, bytes, bytes_);
    bytes_ -= bytes;
    cut_ += bytes;
    while (!segments_.empty() && cut_ >= segments_.front().slice.size()) {
        cut_ -= segments_.front().slice.size();
        pop_segment();
    }
    if (segments_.empty() || cut_ == 0) return;

    // Advance a run to the message that was cut: what is in front of it needs no more room.
    Segment& first = segments_.front();
    if (!first.run) return;
    for (;;) {
        const size_t end = message_end(first.slice.bytes(), 0).end;
        if (end > cut_) return;
        first.slice.remove_prefix(end);
        first.ends--;
        messages_--;
        cut_ -= end;
        if (cut_ == 0) return;
    }
}

bool Outbox::drop_oldest() {
    if (segments_.empty() || !segments_.front().run) return false;
    Segment& first = segments_.front();
    const size_t start = cut_ == 0 ? 0 : message_end(first.slice.bytes(), 0).end;
    if (start == first.slice.size()) {  // only the cut message is in it: the next segment has the oldest whole one
        if (segments_.size() < 2 || !segments_[1].run) return false;
        Segment& second = segments_[1];
        const size_t end = message_end(second.slice.bytes(), 0).end;
        bytes_ -= end;
        appended_ -= end;
        messages_--;
        if (end == second.slice.size()) {
            segments_.erase(segments_.begin() + 1);
        } else {
            second.slice.remove_prefix(end);
            second.ends--;
        }
        return true;
    }
    const size_t end = message_end(first.slice.bytes(), start).end;
    bytes_ -= end - start;
    appended_ -= end - start;
    messages_--;
    if (start == 0) {
        if (end == first.slice.size()) {
            segments_.pop_front();
        } else {
            first.slice.remove_prefix(end);
            first.ends--;
        }
        return true;
    }
    const Segment rest{first.slice.from(end), first.ends - 2, true};
    first.slice = first.slice.part(0, start);
    first.ends = 1;
    if (!rest.slice.empty()) segments_.insert(segments_.begin() + 1, rest);
    return true;
}

std::vector<Message> Outbox::take_unfinished() {
    std::vector<Message> messages;
    messages.reserve(messages_);
    for (const Segment& segment : segments_) {
        if (!segment.run) continue;
        for (size_t at = 0; at < segment.slice.size();) {
            const MessageEnd message = message_end(segment.slice.bytes(), at);
            messages.emplace_back(segment.slice.part(at, message.end - at), message.frames);
            at = message.end;
        }
    }
    segments_.clear();
    cut_ = 0;
    bytes_ = 0;
    messages_ = 0;
    return messages;
}

void Outbox::compact(MemoryBudget& memory) {
    for (Segment& segment : segments_) {
        if (segment.slice.chunk()->sparse()) segment.slice = memory.copy(segment.slice.bytes());
    }
}

}  // namespace zbridge::net

#include "bridge/net/outbox.h"

#include <string>
#include <utility>

#include "bridge/base/check.h"

namespace zbridge::net {

namespace {

Slice joined(const std::vector<Slice>& pieces, MemoryBudget& memory) {
    std::string bytes;
    for (const Slice& piece : pieces)
        bytes += piece.bytes();
    return memory.copy(bytes);
}

}  // namespace

void Outbox::add(const Slice& wire, uint32_t ends) {
    const bool whole = ends > 0 && !unended_;
    ZB_CHECK(ends < 2 || whole, ends);
    unended_ = ends == 0;
    bytes_ += wire.size();
    appended_ += wire.size();
    messages_ += ends;
    if (whole && !segments_.empty()) {
        Segment& last = segments_.back();
        if (last.run && last.slice.is_followed_by(wire)) {
            last.slice.extend(wire.size());
            last.ends += ends;
            return;
        }
    }
    segments_.push_back({wire, ends, whole, false});
}

void Outbox::append_command(const Slice& wire) {
    ZB_CHECK(!unended_);
    bytes_ += wire.size();
    appended_ += wire.size();
    commands_++;
    segments_.push_back({wire, 0, false, true});
}

void Outbox::pop_written() {
    Segment& written = segments_.front();
    messages_ -= written.ends;
    if (written.command) commands_--;
    if (written.ends > 0)
        begun_.clear();
    else if (!written.command)
        begun_.push_back(std::move(written.slice));
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
        pop_written();
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
    for (size_t i = 0; i < segments_.size(); i++) {
        const Segment& segment = segments_[i];
        if (segment.command) continue;
        if (!segment.run) return false;
        const bool cut = i == 0 && cut_ > 0;
        const size_t start = cut ? message_end(segment.slice.bytes(), 0).end : 0;
        if (start == segment.slice.size()) continue;  // only the cut message is in it
        drop_from_run(i, start);
        return true;
    }
    return false;
}

// The message at `start` of a run: its first one, or the one behind the message that was cut.
void Outbox::drop_from_run(size_t segment, size_t start) {
    Segment& run = segments_[segment];
    const size_t end = message_end(run.slice.bytes(), start).end;
    bytes_ -= end - start;
    appended_ -= end - start;
    messages_--;
    const auto at = segments_.begin() + static_cast<std::ptrdiff_t>(segment);
    if (start == 0) {
        if (end == run.slice.size()) {
            segments_.erase(at);
        } else {
            run.slice.remove_prefix(end);
            run.ends--;
        }
        return;
    }
    const Segment rest{run.slice.from(end), run.ends - 2, true, false};
    run.slice = run.slice.part(0, start);
    run.ends = 1;
    if (!rest.slice.empty()) segments_.insert(at + 1, rest);
}

std::vector<Message> Outbox::take_unfinished(MemoryBudget& memory) {
    std::vector<Message> messages;
    messages.reserve(messages_);
    std::vector<Slice> pieces = std::exchange(begun_, {});
    for (const Segment& segment : segments_) {
        if (segment.command) continue;
        if (!segment.run) {
            pieces.push_back(segment.slice);
            if (segment.ends == 0) continue;
            const Slice whole = joined(std::exchange(pieces, {}), memory);
            messages.emplace_back(whole, message_end(whole.bytes(), 0).frames);
            continue;
        }
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
    commands_ = 0;
    return messages;
}

void Outbox::compact(MemoryBudget& memory) {
    const auto gather = [&](Slice& slice) {
        if (slice.chunk()->sparse()) slice = memory.copy(slice.bytes());
    };
    for (Slice& piece : begun_)
        gather(piece);
    for (Segment& segment : segments_)
        gather(segment.slice);
}

}  // namespace zbridge::net

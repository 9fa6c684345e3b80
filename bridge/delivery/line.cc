#include "bridge/delivery/line.h"

namespace zbridge::delivery {

void Line::append(const Message& message) {
    bytes_ += message.size();
    messages_++;
    if (!runs_.empty() && runs_.back().slice.is_followed_by(message.wire())) {
        runs_.back().slice.extend(message.size());
        runs_.back().messages++;
        return;
    }
    runs_.push_back({message.wire(), 1});
}

void Line::put_back(const Message& message) {
    bytes_ += message.size();
    messages_++;
    runs_.push_front({message.wire(), 1});
}

Message Line::take() {
    ZB_CHECK(!runs_.empty());
    Run& first = runs_.front();
    const MessageEnd end = message_end(first.slice.bytes(), 0);
    Message message(first.slice.part(0, end.end), end.frames);
    first.slice.remove_prefix(end.end);
    if (--first.messages == 0) runs_.pop_front();
    bytes_ -= end.end;
    messages_--;
    return message;
}

void Line::compact(MemoryBudget& memory) {
    for (Run& run : runs_) {
        if (run.slice.chunk()->sparse()) run.slice = memory.copy(run.slice.bytes());
    }
}

}  // namespace zbridge::delivery

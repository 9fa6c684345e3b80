#include "plugins/durable/groups/exceptions.h"

#include "bridge/base/check.h"

namespace zbridge::durable {

static_assert(sizeof(Exception) == 16);

const Exception* Exceptions::find(Offset offset) const {
    const auto found = all_.find(offset.number);
    return found == all_.end() ? nullptr : &found->second;
}

void Exceptions::put(Offset offset, const Exception& exception) {
    const auto [at, fresh] = all_.try_emplace(offset.number, exception);
    if (!fresh) {
        count(offset, at->second, false);
        at->second = exception;
    }
    count(offset, exception, true);
}

void Exceptions::set_taken(Offset offset, bool taken) {
    Exception& its = at(offset);
    count(offset, its, false);
    its.taken = taken ? 1 : 0;
    count(offset, its, true);
}

void Exceptions::set_segment(Offset offset, uint32_t segment) {
    at(offset).segment = segment;
}

Exception& Exceptions::at(Offset offset) {
    const auto found = all_.find(offset.number);
    ZB_CHECK(found != all_.end(), offset.number);
    return found->second;
}

Exception Exceptions::remove(Offset offset) {
    const auto found = all_.find(offset.number);
    ZB_CHECK(found != all_.end(), offset.number);
    const Exception its = found->second;
    count(offset, its, false);
    all_.erase(found);
    return its;
}

void Exceptions::count(Offset offset, const Exception& exception, bool here) {
    if (exception.waits()) {
        const std::pair<uint64_t, uint64_t> due{exception.due_ms, offset.number};
        if (here)
            waiting_.insert(due);
        else
            waiting_.erase(due);
    }
    if (exception.reason() == Why::kHeld) {
        const std::pair<uint64_t, uint64_t> held{exception.due_ms, offset.number};
        if (here)
            held_.insert(held);
        else
            held_.erase(held);
    }
    const auto counted = [here](size_t& count) { count = here ? count + 1 : count - 1; };
    if (exception.reason() == Why::kParked) counted(parked_);
    if (exception.taken != 0) counted(taken_);
}

std::optional<Offset> Exceptions::first_of(OffsetRange range) const {
    const auto at = all_.lower_bound(range.first.number);
    if (at == all_.end() || at->first >= range.end().number) return std::nullopt;
    return Offset{at->first};
}

std::optional<Exceptions::Due> Exceptions::next_due(const Due& behind) const {
    const auto at = waiting_.upper_bound({behind.first, behind.second.number});
    if (at == waiting_.end()) return std::nullopt;
    return Due{at->first, {at->second}};
}

std::optional<Offset> Exceptions::held_by(Offset letter) const {
    const auto at = held_.lower_bound({letter.number, 0});
    if (at == held_.end() || at->first != letter.number) return std::nullopt;
    return Offset{at->second};
}

std::optional<Offset> Exceptions::lowest_held() const {
    if (held_.empty()) return std::nullopt;
    return Offset{held_.begin()->first};
}

std::optional<Offset> Exceptions::lowest() const {
    if (all_.empty()) return std::nullopt;
    return Offset{all_.begin()->first};
}

}  // namespace zbridge::durable

#include "bridge/protocol/check_line.h"

#include <algorithm>
#include <utility>

namespace zbridge::protocol {

void CheckLine::remove(Checker& checker) {
    checkers_.remove(&checker);
    if (!checkers_.empty()) return;
    // Whoever comes next would be asked of what is long decided.
    line_.clear();
    line_bytes_ = 0;
}

bool CheckLine::on_check(const plugin::Check& check) {
    take_off(check.transaction);  // it is asked for once
    const bool fits =
        line_.size() < kWaitingMax && line_bytes_ + check.wire.size() <= kWaitingBytesMax;
    if (checkers_.empty() || !fits) return false;
    line_.push_back(check);
    line_bytes_ += check.wire.size();
    give();
    return true;
}

void CheckLine::give() {
    while (!line_.empty()) {
        const auto next = std::find_if(checkers_.begin(), checkers_.end(),
                                       [](const Checker* each) { return each->free(); });
        if (next == checkers_.end()) return;
        const plugin::Check check = std::move(line_.front());
        line_.pop_front();
        line_bytes_ -= check.wire.size();
        Checker& its = **next;
        checkers_.splice(checkers_.end(), checkers_, next);
        its.take(check);
    }
}

void CheckLine::take_off(TransactionToken token) {
    const auto known = std::find_if(line_.begin(), line_.end(), [&](const plugin::Check& each) {
        return each.transaction == token;
    });
    if (known == line_.end()) return;
    line_bytes_ -= known->wire.size();
    line_.erase(known);
}

}  // namespace zbridge::protocol

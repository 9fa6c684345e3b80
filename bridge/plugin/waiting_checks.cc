#include "bridge/plugin/waiting_checks.h"

#include <algorithm>
#include <utility>

namespace zbridge::plugin {

bool WaitingChecks::add(const Check& check) {
    if (line_.size() >= kMessagesMax || bytes_ + check.wire.size() > kBytesMax) return false;
    line_.push_back(check);
    bytes_ += check.wire.size();
    return true;
}

Check WaitingChecks::take() {
    Check check = std::move(line_.front());
    line_.pop_front();
    bytes_ -= check.wire.size();
    return check;
}

void WaitingChecks::remove(TransactionToken token) {
    const auto known = std::find_if(line_.begin(), line_.end(),
                                    [&](const Check& each) { return each.transaction == token; });
    if (known == line_.end()) return;
    bytes_ -= known->wire.size();
    line_.erase(known);
}

void WaitingChecks::clear() {
    line_.clear();
    bytes_ = 0;
}

}  // namespace zbridge::plugin

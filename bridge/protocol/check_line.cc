#include "bridge/protocol/check_line.h"

#include <algorithm>
#include <utility>

namespace zbridge::protocol {

void CheckLine::remove(Checker& checker) {
    checkers_.remove(&checker);
    if (!checkers_.empty()) return;
    // Whoever comes next would be asked of what is long decided.
    line_.clear();
}

bool CheckLine::on_check(const plugin::Check& check) {
    take_off(check.transaction);  // it is asked for once
    if (checkers_.empty() || !line_.add(check)) return false;
    give();
    return true;
}

void CheckLine::give() {
    while (!line_.empty()) {
        const auto next = std::find_if(checkers_.begin(), checkers_.end(),
                                       [](const Checker* each) { return each->free(); });
        if (next == checkers_.end()) return;
        const plugin::Check check = line_.take();
        Checker& its = **next;
        checkers_.splice(checkers_.end(), checkers_, next);
        its.take(check);
    }
}

}  // namespace zbridge::protocol

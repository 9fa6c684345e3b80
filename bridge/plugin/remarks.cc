#include "bridge/plugin/remarks.h"

namespace zbridge::plugin {

void Remarks::say(Kind kind, std::string_view what) {
    if (log_ == nullptr) return;
    Said& said = said_.at(static_cast<size_t>(kind));
    const uint64_t times = said.times.fetch_add(1, std::memory_order_relaxed) + 1;
    const int64_t now = clock_->now().time_since_epoch().count();
    int64_t again = said.again_ns.load(std::memory_order_relaxed);
    const int64_t next = now + Duration(kAgainAfter).count();
    if (now < again || !said.again_ns.compare_exchange_strong(again, next)) return;
    log_->warn("plugin", "plugin " + of_.title + " " + std::string(what),
               {{"instance", of_.instance}, {"at", of_.place}, {"times", times}});
}

}  // namespace zbridge::plugin

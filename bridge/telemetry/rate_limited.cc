#include "bridge/telemetry/rate_limited.h"

#include <vector>

namespace zbridge::telemetry {

RateLimited::~RateLimited() {
    for (const std::string& key : oldest_first_)
        tell(key, lines_.at(key));
    tell("others", others_);
}

void RateLimited::log(std::string_view key, Level level, std::string_view module,
                      std::string_view message, Fields fields) {
    if (!log_.on(level, module)) return;
    const Instant now = clock_.now();
    const std::string owned(key);
    auto known = lines_.find(owned);
    if (known != lines_.end() && now < known->second.until) {
        known->second.suppressed++;
        return;
    }
    uint64_t suppressed = 0;
    if (known != lines_.end()) {  // its count goes into this line, not into one of its own
        suppressed = known->second.suppressed;
        known->second.suppressed = 0;
    }
    tick();
    if (lines_.size() >= keys_max_) {
        if (now < others_.until)
            others_.suppressed++;
        else
            write(others_, level, module, message, fields);
        return;
    }
    Line& line = lines_[owned];
    line.suppressed = suppressed;
    oldest_first_.push_back(owned);
    write(line, level, module, message, fields);
}

void RateLimited::write(Line& line, Level level, std::string_view module, std::string_view message,
                        Fields fields) {
    std::vector<Field> all(fields);
    if (line.suppressed != 0) all.emplace_back("suppressed", line.suppressed);
    log_.write(level, module, message, all);
    line = {clock_.now() + every_, 0, level, std::string(module), std::string(message)};
}

void RateLimited::tick() {
    const Instant now = clock_.now();
    while (!oldest_first_.empty()) {
        const auto oldest = lines_.find(oldest_first_.front());
        if (now < oldest->second.until) break;
        tell(oldest->first, oldest->second);
        lines_.erase(oldest);
        oldest_first_.pop_front();
    }
    if (now >= others_.until) {
        tell("others", others_);
        others_.suppressed = 0;
    }
}

void RateLimited::tell(const std::string& key, const Line& line) {
    if (line.suppressed == 0) return;
    log_.log(line.level, line.module, line.message,
             {{"about", key}, {"suppressed", line.suppressed}});
}

}  // namespace zbridge::telemetry

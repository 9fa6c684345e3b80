#include "plugins/durable/admin/log_walk.h"

#include <memory>
#include <utility>
#include <vector>

namespace zbridge::durable {

namespace {

struct Walk {
    Log* log = nullptr;
    Look look;
    std::function<bool()> goes_on;
    std::function<void(const Status&)> done;
    std::vector<uint64_t> segments;
    size_t next = 0;
};

void go_on(const std::shared_ptr<Walk>& walk) {
    while (walk->next < walk->segments.size()) {
        if (!walk->goes_on()) return walk->done({Code::kUnavailable, "the bridge stops"});
        const uint64_t segment = walk->segments[walk->next++];
        const bool taken =
            walk->log->journal().look_through(segment, walk->look, [walk](const Status& status) {
                if (status.ok() || status.code() == Code::kNotFound) return go_on(walk);
                walk->done(status);
            });
        if (taken) return;
        // It was dropped meanwhile: what was in it is gone, or was moved behind.
    }
    walk->done({});
}

}  // namespace

void walk_log(Log& log, Look look, std::function<bool()> goes_on,
              std::function<void(const Status&)> done) {
    auto walk = std::make_shared<Walk>();
    walk->log = &log;
    walk->look = std::move(look);
    walk->goes_on = std::move(goes_on);
    walk->done = std::move(done);
    for (const SegmentInfo& each : log.journal().segments())
        walk->segments.push_back(each.segment);
    go_on(walk);
}

}  // namespace zbridge::durable

#include "bridge/telemetry/event_ring.h"

#include <algorithm>
#include <vector>

#include "bridge/telemetry/line.h"
#include "bridge/telemetry/log.h"

namespace zbridge::telemetry {

namespace {

static_assert(static_cast<size_t>(Level::kOff) + 1 == EventRing::kLevels);

struct ValueOf {
    Report operator()(std::string_view text) const { return escape(text, Log::kValueBytesMax); }
    template <class Value>
    Report operator()(Value value) const {
        return value;
    }
};

Report report_of(uint64_t number, const Line& line) {
    Report report = Report::map();
    report.add("number", number);
    report.add("time_us", line.time_us);
    report.add("level", std::string(name_of(line.level)));
    report.add("module", std::string(line.module));
    report.add("message", escape(line.message, Log::kMessageBytesMax));
    Report values = Report::map();
    for (const Field& field : line.fields)
        values.add(std::string(field.name), std::visit(ValueOf{}, field.value));
    report.add("values", std::move(values));
    return report;
}

}  // namespace

void EventRing::add(int64_t time_us, Level level, std::string_view module, std::string_view message,
                    std::span<const Field> fields) {
    const std::lock_guard lock(mutex_);
    const uint64_t number = ++last_;
    Lane& lane = lanes_[static_cast<size_t>(level)];
    if (lane.events.size() == kEventsMax) {
        lane.dropped_up_to = lane.events.front().number;
        lane.events.pop_front();
    }
    lane.events.push_back({number, report_of(number, {time_us, level, module, message, fields})});
}

Report EventRing::told(const Wanted& wanted) const {
    const std::lock_guard lock(mutex_);
    bool missing = false;
    std::vector<const Event*> found;
    for (size_t level = static_cast<size_t>(wanted.least); level < kLevels; level++) {
        const Lane& lane = lanes_[level];
        missing |= lane.dropped_up_to > wanted.after;
        for (const Event& event : lane.events) {
            if (event.number > wanted.after) found.push_back(&event);
        }
    }
    std::sort(found.begin(), found.end(),
              [](const Event* a, const Event* b) { return a->number < b->number; });
    missing |= found.size() > wanted.max;
    const size_t first = found.size() - std::min(found.size(), wanted.max);
    Report report = Report::map();
    report.add("last", last_);
    report.add("missing", missing);
    Report events = Report::list();
    for (size_t i = first; i < found.size(); i++)
        events.add(found[i]->report);
    report.add("events", std::move(events));
    return report;
}

}  // namespace zbridge::telemetry

#include "plugins/durable/admin/traces.h"

#include <utility>

#include "plugins/durable/admin/log_walk.h"

namespace zbridge::durable {

void Traces::begin(const Request& request, uint64_t cookie) {
    const std::string id = request.id.value_or("");
    if (id.empty())
        return listener_.on_admin_answer(cookie, ZB_INVALID,
                                         "the id of the message to trace is empty");
    if (traces_.size() == kTracesMax)
        return listener_.on_admin_answer(cookie, ZB_FULL,
                                         "too many traces are under way: try again");
    OwnTopics own;
    if (const Delays* delays = groups_.delayed()) own.delays = delays->topic();
    if (const Transactions* its = groups_.transactions()) own.prepared = its->topic();
    auto trace = std::make_shared<Trace>(Trace{cookie, id, TraceSearch(id, own)});
    traces_.push_back(trace);
    walk_log(
        log_,
        [trace](const Place& place, std::string_view body) {
            trace->search.look_for_copies(place, body);
        },
        [this] { return goes_on(); },
        [this, trace](const Status& walked) { on_copies(trace, walked); });
}

void Traces::on_copies(const Shared& trace, const Status& status) {
    if (!status.ok()) return end(trace, ZB_FAILED, status.message());
    if (trace->search.copies().empty()) {
        return end(trace, ZB_NOT_FOUND,
                   "the journal has no message with the id `" + trace->id +
                       "`: there was none, or it is not kept any more");
    }
    trace->search.follow(traced_groups());
    walk_log(
        log_,
        [trace](const Place& place, std::string_view body) {
            trace->search.look_for_events(place, body);
        },
        [this] { return goes_on(); },
        [this, trace](const Status& walked) { on_events(trace, walked); });
}

void Traces::on_events(const Shared& trace, const Status& status) {
    if (!status.ok()) return end(trace, ZB_FAILED, status.message());
    std::vector<Place> places;
    for (const TracedEvent& each : trace->search.events())
        places.push_back(each.place);
    const bool taken = log_.journal().read_heads(
        std::move(places),
        [this, trace](const Journal::Heads& heads) { end(trace, ZB_OK, answer(*trace, heads)); });
    if (!taken) end(trace, ZB_FULL, "too many wait for the disk: try again");
}

void Traces::end(const Shared& trace, zb_result result, std::string_view body) {
    traces_.remove(trace);
    listener_.on_admin_answer(trace->cookie, result, body);
}

std::vector<TracedGroup> Traces::traced_groups() const {
    std::vector<TracedGroup> all;
    groups_.each_with_marks([&](const Group& group) {
        all.resize(group.id().number() + 1);  // they come in the order of their numbers
        all.back() = {true, group.keeps_marks, group.hands_over, group.topic()};
    });
    return all;
}

}  // namespace zbridge::durable

#include "bridge/plugin/step_stage.h"

namespace zbridge::plugin {

struct StepStage::Batch {
    struct One {
        zb_message view;
        routing::PeerView peer;
        StepCall call;
        StepAnswer answer;
    };
    std::vector<One> all;
    size_t done = 0;  // the step has seen so many; the last of them may have been held
};

namespace {

// Of line_bytes; while it waits nobody changes it.
size_t bytes_of(const Flight& flight) {
    return flight.item.body.size() + plugin::bytes_of(flight.item.attributes);
}

}  // namespace

StepStage::StepStage(Worker& worker, Pipeline& pipeline, Timers& timers, const Clock& clock,
                     StageListener& listener)
    : worker_(worker),
      pipeline_(pipeline),
      clock_(clock),
      listener_(listener),
      again_(timers, [this] { send(); }) {}

bool StepStage::has_room(RoomListener& waiting) {
    const InstanceOptions& options = worker_.instance.context().options();
    if (messages() < options.line_messages && bytes_ < options.line_bytes) return true;
    wait_for_room_.add(waiting);
    return false;
}

void StepStage::take(Flight flight) {
    bytes_ += bytes_of(flight);
    waiting_.push_back(std::move(flight));
    send();
}

void StepStage::send() {
    if (telling_ || again_.armed() || !in_work_.empty() || waiting_.empty()) return;
    if (!listener_.stage_may_go_on()) return;
    while (!waiting_.empty() && in_work_.size() < kBatchMax) {
        in_work_.push_back(std::move(waiting_.front()));
        waiting_.pop_front();
    }
    auto batch = std::make_shared<Batch>();
    batch->all = std::vector<Batch::One>(in_work_.size());
    for (size_t i = 0; i < in_work_.size(); i++) {
        const Flight& flight = in_work_[i];
        Batch::One& one = batch->all[i];
        one.peer = flight.peer.view();
        one.view.look_at(flight.item.body, flight.item.attributes, &one.peer);
        one.call.targets = &pipeline_.targets();
    }
    const bool submitted = worker_.executor->submit(
        [this, batch] {
            size_t emitted_bytes = 0;
            for (Batch::One& one : batch->all) {
                one.answer = worker_.instance.on_message(one.view, one.call, worker_.pulse);
                batch->done++;
                if (one.answer.verdict == ZB_HOLD) return;
                for (const auto& emitted : one.call.emitted)
                    emitted_bytes += emitted->kept_bytes();
                if (emitted_bytes >= kBatchEmittedBytesMax) return;
            }
        },
        [this, batch] { on_done(*batch); });
    ZB_CHECK(submitted, worker_.instance.name());  // at most one of each route's stages
}

void StepStage::on_done(Batch& batch) {
    std::vector<Flight> flights = std::exchange(in_work_, {});
    size_t settled = batch.done;
    std::optional<Duration> hold;
    if (batch.done > 0 && batch.all[batch.done - 1].answer.verdict == ZB_HOLD) {
        settled--;
        hold = batch.all[settled].answer.hold;
        worker_.instance.counters.calls++;
        worker_.instance.counters.held++;
    }
    for (size_t i = flights.size(); i-- > settled;)
        waiting_.push_front(std::move(flights[i]));
    telling_ = true;
    for (size_t i = 0; i < settled; i++) {
        Flight& flight = flights[i];
        bytes_ -= bytes_of(flight);
        std::vector<Item> emitted;
        Batch::One& one = batch.all[i];
        Passed passed =
            pipeline_.take_answer(flight.item, one.view, std::move(one.answer), one.call, emitted);
        listener_.on_stage_done(std::move(flight), std::move(passed), std::move(emitted));
    }
    telling_ = false;
    if (hold) again_.arm(clock_.now() + *hold);
    send();
    wait_for_room_.tell();
}

}  // namespace zbridge::plugin

#include "bridge/plugin/sink_line.h"

#include <algorithm>

namespace zbridge::plugin {

struct SinkLine::Batch {
    std::vector<zb_message> views;
    std::vector<zb_message*> handles;
    std::vector<uint32_t> answers;
    Status status;
};

SinkLine::SinkLine(Worker& worker, Timers& timers, const Clock& clock)
    : worker_(worker), clock_(clock), again_(timers, [this] { send(); }) {}

bool SinkLine::has_room(RoomListener& waiting) {
    const InstanceOptions& options = worker_.instance.context().options();
    if (messages() < options.line_messages && bytes_ < options.line_bytes) return true;
    wait_for_room_.add(waiting);
    return false;
}

void SinkLine::take(Message message, Attributes attributes, Ticket ticket, Settling& settling) {
    const uint64_t bytes = message.size() + bytes_of(attributes);
    bytes_ += bytes;
    waiting_.push_back({std::move(message), std::move(attributes), ticket, &settling, bytes});
    worker_.instance.counters.delivered++;
    send();
}

void SinkLine::compact(MemoryBudget& memory) {
    for (Waiting& waiting : waiting_) {
        Message& message = waiting.message;
        if (message.wire().chunk()->sparse())
            message = Message(memory.copy(message.wire().bytes()), message.frames());
    }
}

void SinkLine::send() {
    if (again_.armed() || !in_work_.empty() || waiting_.empty()) return;
    const zb_sink& sink = *worker_.instance.declaration().sink();
    const uint32_t messages_max = sink.batch_messages == 0
                                      ? kBatchMessages
                                      : std::min(sink.batch_messages, kBatchMessagesMax);
    const uint64_t bytes_max = sink.batch_bytes == 0 ? kBatchBytes : sink.batch_bytes;
    uint64_t bytes = 0;
    while (!waiting_.empty() && in_work_.size() < messages_max) {
        bytes += waiting_.front().message.size();
        if (!in_work_.empty() && bytes > bytes_max) break;
        in_work_.push_back(std::move(waiting_.front()));
        waiting_.pop_front();
    }
    // The messages stay here, with their memory: its counts are the reactor's.
    auto batch = std::make_shared<Batch>();
    batch->views = std::vector<zb_message>(in_work_.size());
    batch->answers.assign(in_work_.size(), ZB_RETRY);
    for (size_t i = 0; i < in_work_.size(); i++) {
        batch->views[i].look_at(in_work_[i].message, in_work_[i].attributes, nullptr);
        batch->handles.push_back(&batch->views[i]);
    }
    const bool submitted = worker_.executor->submit(
        [this, batch] {
            batch->status =
                worker_.instance.on_batch(batch->handles, batch->answers, worker_.pulse);
        },
        [this, batch] { on_done(*batch); });
    ZB_CHECK(submitted, name());  // one at a time
}

void SinkLine::on_done(Batch& batch) {
    InstanceCounters& counters = worker_.instance.counters;
    if (!batch.status.ok()) {
        failing_ = true;
        worker_.instance.context().set_trouble(batch.status.message());
    } else if (std::exchange(failing_, false)) {
        worker_.instance.context().set_trouble("");
    }
    std::vector<Waiting> done = std::exchange(in_work_, {});
    bool retry = false, progress = false;
    for (size_t i = done.size(); i-- > 0;) {  // backwards: the first one is to be in front again
        const uint32_t answer = batch.answers[i];
        if (answer == ZB_DONE || answer == ZB_REJECT) continue;
        counters.retried++;
        waiting_.push_front(std::move(done[i]));
        retry = true;
    }
    for (size_t i = 0; i < done.size(); i++) {
        const uint32_t answer = batch.answers[i];
        if (answer != ZB_DONE && answer != ZB_REJECT) continue;
        bytes_ -= done[i].bytes;
        progress = true;
        if (answer == ZB_DONE) {
            counters.accepted++;
            done[i].settling->on_settled(done[i].ticket, std::nullopt, "");
        } else {
            counters.rejected++;
            done[i].settling->on_settled(done[i].ticket, Refusal::kRejected, "");
        }
    }
    if (progress) backoff_.reset();  // it does take messages: pauses grow while it takes none
    if (retry) again_.arm(clock_.now() + backoff_.next());
    send();
    wait_for_room_.tell();
}

}  // namespace zbridge::plugin

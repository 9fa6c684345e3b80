#include "plugins/durable/topics/commits.h"

#include <iterator>
#include <utility>

#include "bridge/base/check.h"

namespace zbridge::durable {

void Commits::begin_next(size_t bytes) {
    if (failed_) {
        Batch nowhere = writer_.take();
        writer_.give_back(nowhere);
        return writer_.begin(bytes);
    }
    // Numbers and answers alone go with what is written next.
    if (writer_.body_bytes() > 0) close();
    // Not advance(): what has no records would be told within this call.
    if (!in_flight_ && !telling_ && !ready_.empty() && ready_.front().memory.records > 0)
        append_front();
    writer_.begin(bytes);
}

// The batch that fills is full, or its turn has come.
void Commits::close() {
    if (writer_.batch().empty() && writer_.body_bytes() == 0) return;
    ready_.push_back(writer_.take());
    ready_bytes_ += ready_.back().memory.body_bytes;
}

void Commits::advance() {
    while (!in_flight_ && !telling_ && !failed_) {
        if (ready_.empty()) close();
        if (ready_.empty()) return;
        if (ready_.front().memory.records > 0) return append_front();
        Batch batch = std::move(ready_.front());
        ready_.pop_front();
        telling_ = true;
        listener_.on_batch_committed(batch, std::nullopt);
        telling_ = false;
    }
}

void Commits::append_front() {
    in_flight_.emplace(InFlight{std::move(ready_.front()), {}});
    ready_.pop_front();
    ready_bytes_ -= in_flight_->batch.memory.body_bytes;
    in_flight_->place =
        store_.append(in_flight_->batch.memory, [this](const Status& status) { on_done(status); });
}

void Commits::on_done(const Status& status) {
    ZB_CHECK(in_flight_.has_value() && !telling_);
    if (!status.ok()) return fail(status);
    InFlight committed = std::move(*in_flight_);
    in_flight_.reset();

    // The disk is busy with the next one while the effects of this one are told.
    if (ready_.empty()) close();
    if (!ready_.empty() && ready_.front().memory.records > 0) append_front();
    telling_ = true;
    listener_.on_batch_committed(committed.batch, committed.place);
    telling_ = false;
    writer_.give_back(committed.batch);
    advance();

    if (waiting_bytes() <= kWaitingBytesMax / 2) tell_room();
}

void Commits::tell_room() {
    if (std::exchange(room_wanted_, false)) listener_.on_commits_room();
}

void Commits::fail(const Status& why) {
    failed_ = true;
    std::vector<Answer> lost;
    const auto lose = [&](Batch& batch) {
        std::move(batch.answers.begin(), batch.answers.end(), std::back_inserter(lost));
    };
    lose(in_flight_->batch);
    for (Batch& batch : ready_)
        lose(batch);
    Batch filling = writer_.take();
    lose(filling);
    in_flight_.reset();
    ready_.clear();
    ready_bytes_ = 0;
    listener_.on_commits_failed(why, std::move(lost));
}

}  // namespace zbridge::durable

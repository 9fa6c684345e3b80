#include "bridge/plugin/source_reader.h"

namespace zbridge::plugin {

struct SourceReader::Round {
    std::vector<Outcome> outcomes;
    bool reads = false;
    ReadCall call;
    Status told;    // of the outcomes
    Status status;  // of the read
};

SourceReader::SourceReader(Worker& worker, Timers& timers, const Clock& clock)
    : worker_(worker), clock_(clock), again_(timers, [this] { send(); }) {}

void SourceReader::begin() {
    begun_ = true;
    send();
}

void SourceReader::go_on() {
    forward();
    send();
}

void SourceReader::outcome(uint64_t cookie, bool accepted, std::string_view reason) {
    open_--;
    outcomes_.push_back({cookie, accepted, std::string(reason)});
    InstanceCounters& counters = worker_.instance.counters;
    (accepted ? counters.accepted : counters.rejected)++;
    send();
}

// One round: what became of earlier messages, then more of them.
void SourceReader::send() {
    if (!begun_ || in_work_ || forwarding_) return;
    const size_t window = worker_.instance.context().options().window;
    // Outcomes do not wait for the pause after a failed read: an end might, for them.
    const bool reads = !ending_ && !again_.armed() && delivered_.empty() && open_ < window;
    if (!reads && outcomes_.empty()) return;
    auto round = std::make_shared<Round>();
    round->outcomes = std::exchange(outcomes_, {});
    round->reads = reads;
    round->call.messages_max = window - open_;
    round->call.bytes_max = kReadBytesMax;
    in_work_ = worker_.executor->submit(
        [this, round] {
            std::vector<zb_outcome> outcomes;
            for (const Outcome& one : round->outcomes) {
                outcomes.push_back({one.cookie,
                                    static_cast<uint32_t>(one.accepted ? ZB_ACCEPTED : ZB_REFUSED),
                                    0, to_c(one.reason)});
            }
            round->told = worker_.instance.on_outcomes(outcomes, worker_.pulse);
            if (round->reads)
                round->status =
                    worker_.instance.read(round->call, clock_.now() + kWait, worker_.pulse);
        },
        [this, round] { on_done(*round); });
    ZB_CHECK(in_work_, name());  // one at a time
}

void SourceReader::on_done(Round& round) {
    in_work_ = false;
    for (auto& delivered : round.call.delivered)
        delivered_.push_back(std::move(delivered));
    worker_.instance.counters.delivered += round.call.delivered.size();
    if (!round.outcomes.empty()) cannot_take_ = round.told.ok() ? "" : round.told.message();
    if (!round.status.ok()) {
        cannot_read_ = round.status.message();
        again_.arm(clock_.now() + backoff_.next());
    } else if (round.reads) {
        cannot_read_.clear();
        backoff_.reset();
    }
    show_trouble();
    forward();
    send();
}

void SourceReader::show_trouble() const {
    worker_.instance.context().set_trouble(cannot_read_.empty() ? cannot_take_ : cannot_read_);
}

void SourceReader::forward() {
    if (forwarding_) return;
    forwarding_ = true;
    while (!delivered_.empty()) {
        open_++;  // first: its outcome may come from within
        if (!target_->take(delivered_.front().message, delivered_.front().cookie)) {
            open_--;
            break;
        }
        delivered_.pop_front();
    }
    forwarding_ = false;
}

}  // namespace zbridge::plugin

#include "tests/sim/rpc_peers.h"

#include <algorithm>

namespace zbridge::sim {

Client::Client(PeerSetup setup, Surroundings around, Ways ways, RpcModel& model)
    : SimPeer(std::move(setup), std::move(around)), ways_(ways), model_(model) {
    const std::string identity = setup_.identity.value_or("");
    persona_ = identity.empty() ? "client " + std::to_string(number())
                                : "known " + identity + " of " + std::to_string(ways.endpoint);
}

void Client::ask(uint64_t times) {
    planned_ += times;
    ask_next();
}

void Client::ask_next() {
    if (type() == "REQ") {
        if (ready() && !waiting_ && planned_ > 0) ask_one();
        return;
    }
    while (planned_ > 0 && !gone() && !left_by_itself())
        ask_one();
}

void Client::ask_one() {
    if (gone() || left_by_itself()) return;
    planned_--;
    RpcModel::Asked asked;
    asked.index = asked_;
    asked.label = "@" + std::to_string(number()) + ":" + std::to_string(asked_++) + ";";
    asked.persona = persona_;
    asked.client = number();
    asked.lockstep = type() == "REQ";
    asked.correlates = ways_.correlates;
    if (!ways_.raw) {
        if (ways_.correlates) asked.envelope.push_back("id" + asked.label);
        if (ways_.correlates && type() == "DEALER" && around_.random.below(3) == 0)
            asked.envelope.emplace_back("\0\1hop", 5);
        asked.envelope.emplace_back();
    }
    Frames frames = asked.envelope;
    if (ways_.keys > 0) {
        asked.key = "key-" + std::to_string(around_.random.below(ways_.keys));
        frames.push_back(asked.key);
    } else if (!ways_.raw && around_.random.below(3) == 0) {
        frames.emplace_back();  // bodies of several frames, empty ones too
        if (around_.random.below(2) == 0) frames.emplace_back("argument");
    }
    frames.push_back(asked.label +
                     std::string(around_.random.below(ways_.body_bytes_max + 1), '.'));
    waiting_ = true;
    model_.on_asked(std::move(asked));
    ends_.push_back(~uint64_t{0});
    ends_.back() = say(encoded(frames));
    if (ways_.patience > Duration{} && type() == "REQ") {
        around_.agenda.after(ways_.patience, [this, asked_now = asked_] {
            if (gone() || stalled() || asked_ != asked_now || !waiting_ || planned_ == 0) return;
            ask_one();  // and takes no answer to the one before
        });
    }
}

void Client::on_read(uint64_t bytes, uint64_t appended) {
    while (said_before_.size() < ends_.size() && ends_[said_before_.size()] <= bytes)
        said_before_.push_back(appended);
}

void Client::on_frames(Frames frames) {
    std::optional<RpcModel::Answered> newest;
    for (size_t i = 0; i < said_before_.size() && said_before_[i] < position(); i++) {
        const bool unsure = i > 0 && said_before_[i - 1] == said_before_[i];
        newest = RpcModel::Answered{number(), i, unsure};
    }
    const auto answered = model_.on_answer(name(), persona_, number(), frames, newest);
    if (answered && type() == "REQ") {
        // What the bridge had not said when it read a newer request it must not say any more.
        const size_t newer = answered->client == number() ? answered->index + 1 : 0;
        const bool at_once = newer > 0 && newer < said_before_.size() &&
                             said_before_[newer - 1] == said_before_[newer];
        if (!at_once && newer < said_before_.size() && position() > said_before_[newer]) {
            fail("got the answer to request " + std::to_string(answered->index) + " of client " +
                 std::to_string(answered->client) + " though the bridge has read a newer one");
        }
    }
    if (type() != "REQ") return;
    // A REQ that correlates drops what is not for its newest request.
    const std::string current =
        "id@" + std::to_string(number()) + ":" + std::to_string(asked_ - 1) + ";";
    if (asked_ == 0 || (ways_.correlates && frames[0] != current)) return;
    waiting_ = false;
    ask_next();
}

Worker::Worker(PeerSetup setup, Surroundings around, Ways ways, RpcModel& model)
    : SimPeer(std::move(setup), std::move(around)), ways_(ways), model_(model) {
    if (!many_at_once()) ways_.credit = 1;
}

void Worker::take_over(Worker& before, Duration patience) {
    held_ = before.held_;
    next_ = before.next_;
    for (Held& each : held_)
        each.from_before = true;
    silent_ = !held_.empty();
    silent_until_ = around_.agenda.now() + patience;
}

void Worker::on_ready() {
    if (!silent_) {
        if (type() == "REQ") say(wire::message({"", "READY"}));
        return;
    }
    for (const Held& each : held_) {
        const auto work = Duration(static_cast<int64_t>(
            around_.random.below(static_cast<uint64_t>(ways_.work_max.count()) + 1)));
        around_.agenda.after(work, [this, number = each.number] { reply(number); });
    }
}

void Worker::on_frames(Frames frames) {
    // A REQ's own empty frame first; then the corr and the empty frame, then the body.
    const size_t from = type() == "REQ" ? 1 : 0;
    if (from == 1 && (frames.empty() || !frames[0].empty()))
        return fail("a REQ was sent no empty frame first");
    if (frames.size() < from + 3 || frames[from].size() != 16 || !frames[from + 1].empty()) {
        return fail("a request of " + std::to_string(frames.size()) +
                    " frames that is not [corr][\"\"][body]");
    }
    if (silent_ && (type() == "REQ" || around_.agenda.now() < silent_until_))
        return fail("is given a request though it may still be busy with an earlier one");
    Held held;
    held.number = next_++;
    held.envelope.assign(frames.begin(), frames.begin() + static_cast<long>(from) + 2);
    held.body.assign(frames.begin() + static_cast<long>(from) + 2, frames.end());
    const std::string label = RpcModel::label_in(held.body.back());
    if (label.empty()) return fail("a request whose last frame is not what was asked");
    model_.on_executed(name(), label);
    const uint64_t number = held.number;
    held_.push_back(std::move(held));
    const auto given = std::count_if(held_.begin(), held_.end(),
                                     [](const Held& each) { return !each.from_before; });
    if (given > ways_.credit) {
        return fail("has " + std::to_string(held_.size()) + " requests, its credit is " +
                    std::to_string(ways_.credit));
    }
    if (hurries_) return reply(number);
    if (around_.random.below(100) < ways_.stuck_in_100) return model_.on_worker_trouble();
    Duration work{};
    if (ways_.work_max > Duration{})
        work = Duration(static_cast<int64_t>(
            around_.random.below(static_cast<uint64_t>(ways_.work_max.count()) + 1)));
    if (work >= ways_.slow_from) model_.on_worker_trouble();
    around_.agenda.after(work, [this, number] { reply(number); });
}

void Worker::reply(uint64_t number) {
    const auto held = std::find_if(held_.begin(), held_.end(),
                                   [&](const Held& each) { return each.number == number; });
    if (held == held_.end() || gone()) return;
    if (stalled()) {  // a stopped process does not answer either
        around_.agenda.after(std::chrono::milliseconds(20), [this, number] { reply(number); });
        return model_.on_worker_trouble();
    }
    Frames frames = held->envelope;
    frames.insert(frames.end(), held->body.begin(), held->body.end() - 1);
    frames.push_back(RpcModel::kReplyPrefix + RpcModel::label_in(held->body.back()) +
                     std::string(around_.random.below(ways_.reply_bytes_max + 1), '!'));
    held_.erase(held);
    silent_ = false;
    const std::string bytes = encoded(frames);
    say(bytes);
    if (many_at_once() && around_.random.below(100) < ways_.twice_in_100) say(bytes);
}

void Worker::hurry_up() {
    hurries_ = true;
    const std::deque<Held> held = held_;
    for (const Held& each : held)
        reply(each.number);
}

}  // namespace zbridge::sim

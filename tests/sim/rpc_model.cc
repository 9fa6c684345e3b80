#include "tests/sim/rpc_model.h"

#include <algorithm>

namespace zbridge::sim {

namespace {

bool begins_with(const Frames& frames, const Frames& beginning) {
    return frames.size() > beginning.size() &&
           std::equal(beginning.begin(), beginning.end(), frames.begin());
}

}  // namespace

std::string RpcModel::label_in(const std::string& frame) {
    const size_t from = frame.find('@'), to = frame.find(';', from == std::string::npos ? 0 : from);
    return from == std::string::npos || to == std::string::npos ? ""
                                                                : frame.substr(from, to - from + 1);
}

size_t RpcModel::on_asked(Asked asked) {
    const size_t number = requests_.size();
    std::vector<size_t>& mine = by_persona_[asked.persona];
    if (asked.lockstep) {
        for (const size_t earlier : mine)
            requests_[earlier].superseded = true;
    }
    mine.push_back(number);
    by_label_[asked.label] = number;
    Request request;
    static_cast<Asked&>(request) = std::move(asked);
    request.life = life_;
    requests_.push_back(std::move(request));
    return number;
}

void RpcModel::on_restart(uint32_t first_client, const rpc::ServiceStatus& before) {
    life_++;
    life_from_client_ = first_client;
    answered_before_ += before.answered;
}

void RpcModel::on_executed(const std::string& worker, const std::string& label) {
    executions_++;
    const auto found = by_label_.find(label);
    if (found == by_label_.end())
        return fail_(worker + ": got a request that nobody made: " + label);
    Request& request = requests_[found->second];
    request.executed++;
    const uint32_t times = request.executed + request.lost;
    const bool once = options_.execute == rpc::ServiceOptions::Execute::kAtMostOnce || !trouble_;
    if (once && times > 1) return fail_(worker + ": got " + label + ", which a worker had before");
    if (times > 1 + options_.retry_times)
        fail_(worker + ": got " + label + " for the " + std::to_string(times) + "th time");
}

void RpcModel::on_lost_with_worker(const std::string& label) {
    const auto found = by_label_.find(label);
    if (found == by_label_.end())
        return fail_("a worker was sent a request that nobody made: " + label);
    Request& request = requests_[found->second];
    request.lost++;
    if (options_.execute == rpc::ServiceOptions::Execute::kAtMostOnce &&
        request.executed + request.lost > 1) {
        fail_(label + " lay in a lost worker's wire, and another had it too");
    }
}

// The request that these frames answer, by their envelope and what the reply says.
RpcModel::Request* RpcModel::find(const std::string& persona, uint32_t client, const Frames& frames,
                                  bool error, std::optional<Answered> newest) {
    const std::string label = error ? "" : label_in(frames.back());
    const auto mine = by_persona_.find(persona);
    if (mine == by_persona_.end()) return nullptr;
    Request* best = nullptr;
    for (auto number = mine->second.rbegin(); number != mine->second.rend(); ++number) {
        Request& request = requests_[*number];
        if (!begins_with(frames, request.envelope)) continue;
        // Where neither the envelope nor the label tells, it is about the newest request of a REQ.
        if ((error || options_.dedup) && request.lockstep && !request.correlates && newest &&
            !newest->unsure) {
            if (request.client != newest->client || request.index != newest->index) continue;
            const auto other = by_label_.find(label);
            const bool same_key =
                error || (other != by_label_.end() && requests_[other->second].key == request.key);
            return same_key ? &request : nullptr;
        }
        if (!error &&
            options_.dedup) {  // the reply may be that to another's request of the same key
            const auto other = by_label_.find(label);
            if (other == by_label_.end() || requests_[other->second].key != request.key ||
                request.key.empty())
                continue;
        } else if (!error && request.label != label) {
            continue;
        }
        // The oldest that waits; of this connection rather than of one before.
        const auto rank = [client](const Request& each) {
            return each.answered() ? 0 : each.client == client ? 2 : 1;
        };
        if (best == nullptr || rank(request) > rank(*best) ||
            (rank(request) > 0 && rank(request) == rank(*best)))
            best = &request;
    }
    return best;
}

std::optional<RpcModel::Answered> RpcModel::on_answer(const std::string& name,
                                                      const std::string& persona, uint32_t client,
                                                      const Frames& frames,
                                                      std::optional<Answered> newest) {
    const bool reply = frames.back().compare(0, 5, kReplyPrefix) == 0;
    if (!reply && options_.error_frames.empty()) {
        fail_(name + ": was told something, though errors are silent");
        return std::nullopt;
    }
    (reply ? replies_ : errors_)++;
    Request* request = find(persona, client, frames, !reply, newest);
    if (request == nullptr) {
        fail_(name +
              ": got what is no answer to a request of its own: " + frames.back().substr(0, 60));
        return std::nullopt;
    }
    const bool names_it = request->correlates || (reply && !options_.dedup) ||
                          (request->lockstep && !(newest && newest->unsure));
    if (!names_it && (!reply || request->lockstep)) {
        unnamed_[persona]++;
        return std::nullopt;
    }
    if (request->life != life_ && client >= life_from_client_)
        fail_(name + ": got an answer to " + request->label + " of an earlier life");
    if (request->answered()) {
        fail_(name + ": got a second answer to " + request->label);
        return std::nullopt;
    }
    (reply ? request->replies : request->errors)++;
    if (reply && !options_.dedup && request->executed == 0)
        fail_(name + ": got an answer to " + request->label + ", which nobody has done");
    if (!request->lockstep || request->correlates) return std::nullopt;
    return Answered{request->client, request->index};
}

void RpcModel::check(const std::string& name, const rpc::ServiceStatus& status,
                     const std::vector<uint32_t>& live, uint64_t messages_in,
                     uint64_t dropped) const {
    const auto n = [](uint64_t number) { return std::to_string(number); };
    if (status.accepted !=
        status.answered + status.ended.total() + status.unanswered + status.kept_answers) {
        fail_(name + ": accepted " + n(status.accepted) + " is not answered " + n(status.answered) +
              " and ended " + n(status.ended.total()) + " and waiting " + n(status.unanswered) +
              " and kept " + n(status.kept_answers));
    }
    if (status.accepted + status.refused.total() != messages_in) {
        fail_(name + ": of " + n(messages_in) + " requests " + n(status.accepted) +
              " were accepted and " + n(status.refused.total()) + " refused");
    }
    if (status.unanswered > 0) {
        fail_(name + ": workers are there, and yet " + n(status.unanswered) +
              " requests have no end; in line " + n(status.waiting) + ", in work " +
              n(status.in_work) + ", joined " + n(status.joined) + ", workers " +
              n(status.workers) + ", free " + n(status.workers_free));
    }
    const uint64_t answered = answered_before_ + status.answered;
    if (replies_ > answered) {
        fail_(name + ": clients got " + n(replies_) + " replies, it counts " + n(answered));
    }
    uint64_t unanswered = 0, superseded = 0;
    std::string example;
    for (const Request& request : requests_) {
        if (request.answered() || std::find(live.begin(), live.end(), request.client) == live.end())
            continue;
        unanswered++;
        if (request.superseded)
            superseded++;
        else
            example = request.label;
    }
    for (const auto& [persona, errors] : unnamed_) {
        uint64_t open = 0;
        for (const size_t number : by_persona_.at(persona))
            open += requests_[number].answered() ? 0 : 1;
        if (errors > open)
            fail_(persona + ": got " + n(errors) + " errors for " + n(open) +
                  " requests without an answer");
        unanswered -= std::min(unanswered, errors);
    }
    const uint64_t counted = status.ended.total() + status.refused.total() + status.unanswered;
    if (unanswered > counted) {
        fail_(name + ": " + n(unanswered) + " requests of clients that are there have no answer, " +
              n(counted) + " are counted; e.g. " + example);
    }
    if (options_.error_frames.empty()) return;
    const uint64_t untold =
        std::max(dropped, status.ended.of(Refusal::kOutboxFull)) + status.unanswered;
    if (unanswered > superseded + untold) {
        fail_(name + ": " + n(unanswered - superseded) +
              " clients that are there were not even told an error; e.g. " + example);
    }
}

}  // namespace zbridge::sim

#include "bridge/rpc/service.h"

#include <algorithm>
#include <utility>

namespace zbridge::rpc {

class Service::ClientFace final : public net::PeerHandler {
 public:
    explicit ClientFace(Service& service) : service_(service) {}

    void on_opened(net::Peer& peer) override {
        auto made = std::make_unique<ClientState>();
        ClientState* state = made.get();
        peer.set_state(std::move(made));
        service_.open_client(peer, state);
    }
    net::Take on_message(net::Peer& peer, const Message& message) override {
        Client* client = peer.state<ClientState>().client;
        return client == nullptr ? net::Take::kTaken : service_.accept(*client, message);
    }
    void on_closed(net::Peer& peer) override {
        Client* client = peer.state<ClientState>().client;
        if (client != nullptr) service_.close_client(*client);
    }

 private:
    Service& service_;
};

class Service::WorkerFace final : public net::PeerHandler {
 public:
    explicit WorkerFace(Service& service) : service_(service) {}

    void on_opened(net::Peer& peer) override { service_.on_worker_opened(peer); }
    net::Take on_message(net::Peer& peer, const Message& message) override {
        service_.on_worker_message(peer.state<Worker>(), message);
        return net::Take::kTaken;
    }
    void on_writable(net::Peer& peer) override {
        service_.pool_.has_room(peer.state<Worker>());
        service_.dispatch();
    }
    void on_closed(net::Peer& peer) override { service_.on_worker_closed(peer.state<Worker>()); }

 private:
    Service& service_;
};

Service::Service(ServiceId id, ServiceOptions options, Life life, RequestNumbers& numbers,
                 Clock& clock, Timers& timers, MemoryBudget& memory, DedupKey dedup_key,
                 RequestJournal* journal)
    : id_(id),
      options_(std::move(options)),
      attempt_timeout_(options_.attempt_timeout > Duration{} ? options_.attempt_timeout
                                                             : options_.timeout),
      life_(life),
      numbers_(numbers),
      clock_(clock),
      memory_(memory),
      dedup_key_(std::move(dedup_key)),
      error_reply_(options_.error_frames),
      client_face_(std::make_unique<ClientFace>(*this)),
      worker_face_(std::make_unique<WorkerFace>(*this)),
      journal_(options_.resume ? journal : nullptr),
      pool_(clock, timers, options_.worker_credit, attempt_timeout_, [this] { dispatch(); }),
      clients_(
          clock, timers, options_.resume_window, [this](Client& client) { forget_client(client); },
          [this](Client& client) { on_silent(client); }),
      sent_timer_(timers, [this] { look_at_sent(); }),
      deadlines_(clock, timers, [this](Request& request) { on_deadline(request); }),
      own_deadlines_(clock, timers, [this](Request& request) { on_deadline(request); }),
      attempts_(clock, timers, [this](Request& request) { on_attempt_timeout(request); }),
      graces_(clock, timers, [this](Request& request) { on_grace_over(request); }) {
    // A corr has one byte for the attempt.
    options_.retry_times = std::min<uint32_t>(options_.retry_times, 254);
    if (options_.dedup) {
        ZB_CHECK(dedup_key_ != nullptr, options_.name);
        dedup_ = std::make_unique<Dedup>(
            *options_.dedup, clock, timers, memory,
            [this](Request& lingering) { remove(lingering, Fate::kEnded); },
            [this](uint64_t number) { journal_->done(number, RequestJournal::Need::kRepeats); });
    }
    if (journal_ == nullptr) return;
    journal_->listen(*this);
    recover();
}

Service::~Service() = default;

net::PeerHandler& Service::clients() {
    return *client_face_;
}
net::PeerHandler& Service::workers() {
    return *worker_face_;
}

void Service::compact() {
    const auto gather = [this](Slice& slice) {
        if (!slice.empty() && slice.chunk()->sparse()) slice = memory_.copy(slice.bytes());
    };
    table_.for_each([&](Request& request) {
        gather(request.wire);
        if (request.reply) gather(request.reply->wire);
    });
    clients_.for_each([&](Client& client) {
        for (Answer& answer : client.kept) {
            gather(answer.head);
            gather(answer.rest);
        }
    });
}

ServiceStatus Service::status() const {
    ServiceStatus status = counts_;
    status.waiting = line_.size() + ready_.size() + noting_.size();
    status.joined = joined_;
    status.in_work = table_.size() - status.waiting - joined_;
    status.unanswered = asked_;
    status.clients = clients_.size() - clients_.away();
    status.clients_away = clients_.away();
    status.workers = pool_.size();
    status.workers_free = pool_.free();
    status.kept_answers = kept_;
    status.paused = paused_;
    if (dedup_ != nullptr) {
        status.dedup_entries = dedup_->size();
        status.dedup_bytes = dedup_->bytes();
        status.dedup_dropped = dedup_->dropped();
    }
    return status;
}

std::vector<WorkerStatus> Service::worker_statuses() const {
    std::vector<WorkerStatus> statuses;
    for (const Worker* worker = pool_.first(); worker != nullptr;
         worker = WorkerPool::next(*worker)) {
        statuses.push_back({worker->peer.id(), worker->peer.type(), worker->holds.size(),
                            worker->credit, worker->free_link.linked, worker->answered});
    }
    return statuses;
}

bool Service::holds_worker() const {
    for (const Worker* worker = pool_.first(); worker != nullptr;
         worker = WorkerPool::next(*worker)) {
        if (!worker->holds.empty()) return true;
    }
    return false;
}

void Service::check_invariants() const {
    pool_.check_invariants();
    ZB_CHECK(counts_.accepted == counts_.answered + counts_.ended.total() + asked_ + kept_,
             counts_.accepted, counts_.answered, counts_.ended.total(), asked_, kept_);

    size_t asked = 0, waiting = 0, joined = 0, held = 0, noting = 0, marks = 0;
    table_.for_each([&](const Request& request) {
        if (request.client != nullptr) asked++;
        if (request.stage == Stage::kWaiting) waiting++;
        if (request.stage == Stage::kJoined) joined++;
        const bool is_noting = request.stage == Stage::kNoting || request.stage == Stage::kMarking;
        if (is_noting || request.stage == Stage::kReplying) noting++;
        if (request.marked && request.is_undispatched()) marks++;
        if (request.worker != nullptr) held++;
        ZB_CHECK(request.client_link.linked == (request.client != nullptr), request.number);
        ZB_CHECK(request.client != nullptr || request.entry != nullptr, request.number);
        ZB_CHECK((request.stage == Stage::kJoined) ==
                     (request.entry != nullptr && request.entry->leader != &request),
                 request.number);
        ZB_CHECK(request.worker == nullptr || request.attempt > 0, request.number);
        ZB_CHECK(request.client != nullptr || !request.has_deadline(), request.number);
    });
    ZB_CHECK(asked == asked_ && waiting == line_.size() + ready_.size() && joined == joined_, asked,
             asked_, waiting, line_.size(), ready_.size(), joined, joined_);
    ZB_CHECK(noting == noting_.size() && marks == marks_, noting, noting_.size(), marks, marks_);

    size_t open = 0;
    for (const Worker* worker = pool_.first(); worker != nullptr;
         worker = WorkerPool::next(*worker)) {
        for (const Hold& hold : worker->holds) {
            if (hold.fate != Fate::kOpen) continue;
            const Request* request = table_.find(hold.number);
            ZB_CHECK(
                request != nullptr && request->worker == worker && request->attempt == hold.attempt,
                hold.number, int{hold.attempt});
            open++;
        }
    }
    ZB_CHECK(open == held, open, held);
}

void Service::audit() const {
#ifdef ZB_AUDIT
    constexpr size_t kAuditedMax = 64;  // beyond it the audits would be most of the work
    if (table_.size() <= kAuditedMax) check_invariants();
#endif
}

}  // namespace zbridge::rpc

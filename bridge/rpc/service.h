// A service: an RPC name with clients on one side and workers on the other.
//
// Flow:    client -> [accept] -> line -> [dispatch] -> free worker -> [settle] -> client, which are
//          service_accept.cc, service_dispatch.cc and service_settle.cc; service_deliver.cc is how
//          an answer gets to its client. What sessions of ZBP/1 need beside: service_zbp.cc. With a
//          journal also service_note.cc, which has requests
//          stored on their way, and service_recover.cc, the start after a life before.
// Thread:  the reactor thread only. It is ended after its peers, and before what it was given.
// Promise: an accepted request ends once: answered, or counted in ended(). A client gets at most
//          one answer to it. kAtMostOnce: it is given to a second worker only if no byte of it left
//          for the first. kAtLeastOnce: it may be executed again, after a loss or where a timeout
//          is to be retried. A worker never holds more than its credit. With a journal this holds
//          over restarts too: what was accepted and stored is executed and answered in the next
//          life; an answer goes to nobody but its client (kUnresumable, where that cannot be told).
// Failure: without its store, a service with a journal goes on as one without; what may have been
//          stored as not dispatched is ended (store_failed), for the next life would execute it.
// Limits:  line_max requests wait (busy), and as many repeats join running ones (busy);
//          kKeptAnswersMax answers are kept for a client that is away (the oldest is dropped); a
//          REQ worker whose envelope is above kWorkerEnvelopeBytesMax is malformed; above the
//          memory budget's pressure nothing is accepted. Each is counted, and the client told as
//          the service's error template says.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "bridge/base/clock.h"
#include "bridge/base/memory.h"
#include "bridge/base/timers.h"
#include "bridge/net/peer.h"
#include "bridge/rpc/client_table.h"
#include "bridge/rpc/dedup.h"
#include "bridge/rpc/due_line.h"
#include "bridge/rpc/error_reply.h"
#include "bridge/rpc/frames.h"
#include "bridge/rpc/life.h"
#include "bridge/rpc/line.h"
#include "bridge/rpc/options.h"
#include "bridge/rpc/own_deadlines.h"
#include "bridge/rpc/request_journal.h"
#include "bridge/rpc/request_table.h"
#include "bridge/rpc/status.h"
#include "bridge/rpc/worker_pool.h"

namespace zbridge::rpc {

class Service final : private RequestJournal::Listener {
 public:
    // After an unclean end of the bridge, a worker that connects this soon is given nothing for
    // resume_grace: it may be busy still, and its reply is to come first.
    static constexpr Duration kReturnTime = std::chrono::seconds(10);
    static constexpr size_t kKeptAnswersMax = 1000;
    // So often is it seen which answers their clients' sockets have taken.
    static constexpr Duration kSentLook = std::chrono::milliseconds(20);
    static constexpr size_t kWorkerEnvelopeBytesMax = 1024;

    // `dedup_key` is asked if options.dedup is set; a `journal` is used if options.resume is, and
    // has begun. What is passed by reference outlives the service, and so does the journal.
    Service(ServiceId id, ServiceOptions options, Life life, RequestNumbers& numbers, Clock& clock,
            Timers& timers, MemoryBudget& memory, DedupKey dedup_key = {},
            RequestJournal* journal = nullptr);
    ~Service() override;
    Service(const Service&) = delete;
    Service& operator=(const Service&) = delete;

    ServiceId id() const { return id_; }
    const ServiceOptions& options() const { return options_; }

    // The handlers of its endpoints.
    net::PeerHandler& clients();
    net::PeerHandler& workers();

    // The same as clients() for peers of a source endpoint with a route `to: service/...`: their
    // handler calls these. A peer that was not announced is by its first message.
    void client_opened(net::Peer& peer);
    net::Take submit(net::Peer& peer, const Message& message);
    void client_closed(net::Peer& peer);

    // For peers that are parts of sessions (PeerInfo::zbp), beside clients() and workers().
    //
    // A caller's [ref][""][body...]: answered by [ref][""][reply...], or by [ref][a Refusal, one octet][text].
    // `timeout`: what it waits at most, if that is less than all do; 0: it does not say.
    void ask(net::Peer& caller, const Message& message, Duration timeout);
    // What a caller with this routing id waits for: the refs.
    std::vector<std::string> awaited(const net::PeerInfo& caller) const;
    // It will not come back, whatever it waits for.
    void forget(net::Peer& caller);
    // How many requests this worker may hold: none before the first time.
    void set_credit(net::Peer& worker, uint32_t credit);
    // In place of a reply: the worker could not do it.
    void fail(net::Peer& worker, const Corr& corr, std::string_view text);
    // How long a reply is of use; none: for ever, or nobody waits for it any more.
    std::optional<Duration> time_left(const Corr& corr) const;

    // Copies requests and kept answers out of sparsely used memory.
    void compact();

    // Nothing is given to workers until resume(): requests wait in the line, as long as they may.
    // What workers have goes on.
    void pause() { paused_ = true; }
    void resume();
    // From now on new requests are refused (shutting_down); those accepted go on.
    void drain() { draining_ = true; }
    // What clients' sockets have taken is known to be there: before the store is closed.
    void look_at_sent();
    // Nobody waits for an answer that this life could give: the next one knows of the others.
    bool idle() const { return asked_ == 0 || (unkept() == 0 && !holds_worker()); }
    // Requests that the bridge would lose if it ended now.
    size_t unkept() const { return journal_ == nullptr || journal_->failed() ? asked_ : 0; }
    // Some worker has not replied to what it was given, whoever waits for it.
    bool holds_worker() const;

    ServiceStatus status() const;
    std::vector<WorkerStatus> worker_statuses() const;  // in the order of their connecting
    void check_invariants() const;

 private:
    class ClientFace;
    class WorkerFace;
    using Requests = DueLine<Request, &Request::stage_link, &Request::stage_due>;
    using Noting = LinkedList<Request, &Request::stage_link>;

    // accept: what a client asks
    Client& open_client(net::Peer& peer, ClientState* state);
    net::Take accept(Client& client, const Message& message, Duration timeout = {});
    void supersede_earlier(Client& client);
    bool is_full();
    void on_spoken(Client& client);
    std::string dedup_key(const Message& body, std::string_view user) const;
    bool repeat(Client& client, const Message& message, const RequestFrames& frames,
                std::string& key);
    void join(Request& request, DedupEntry& entry);
    void refuse(Client& client, const Message& message, const RequestFrames& frames, Refusal why,
                Refusal said);
    Request& admit(Client& client, const Message& message, const RequestFrames& frames);
    void close_client(Client& client);
    void forget_client(Client& client);

    // note: what is stored of it on its way
    bool is_once() const { return options_.execute == ServiceOptions::Execute::kAtMostOnce; }
    bool needs_mark(const Request& request) const;
    void begin(Request& request);
    std::optional<uint64_t> note_request(const Request& request);
    bool note_joined(Request& request);
    void mark(Request& request);
    std::optional<uint64_t> note_reply(const Request& request, const ReplyFrames& reply);
    bool hold_reply(Request& request, const ReplyFrames& reply);
    void on_committed(uint64_t number) override;
    void on_store_failed() override;
    void line_up(Request& request);
    void end_without_store(Request& request, Refusal why);
    void share_notes(Request& request);
    void close_notes(Request& request);

    // recover: requests of a life before
    struct Pending;
    void recover();
    void recover_ended(const Pending& pending, const std::string& key);
    void recover_reply(const Pending& pending, const std::string& key, Client& client);
    void recover_request(const Pending& pending, const std::string& key, Client& client);
    Request& add_recovered(const Pending& pending);
    bool repeats(Request& request, const Pending& pending, const std::string& key);
    void resume(Request& request, const Pending& pending);
    bool store_recovered(const Pending& pending, const std::string& key, const ReplyFrames& reply);
    Duration left_of(int64_t until_us, Duration at_most) const;
    Duration left_of_window(int64_t since_us) const;
    void give_up_on(Client& client);

    // dispatch: who gets it, and what becomes of that
    void dispatch();
    Line& line_of(const Request& request) { return request.marked ? ready_ : line_; }
    void give(Request& request, Worker& worker);
    void on_worker_opened(net::Peer& peer);
    void on_worker_closed(Worker& worker);
    void lose(Worker& worker, const Hold& hold, bool sent);
    void on_never_sent(Request& request);
    void on_worker_lost(Request& request);
    void on_attempt_timeout(Request& request);
    void on_grace_over(Request& request);
    void wait_for_return(Request& request);
    void give_again(Request& request);
    bool may_retry(const Request& request) const;

    // settle: how it ends
    void on_worker_message(Worker& worker, const Message& message);
    void on_reply(Worker& worker, const WorkerFrames& frames);
    void on_error(const Corr& corr, const std::optional<Hold>& hold, Request* request,
                  std::string_view text);
    void restart_clocks(Worker& worker);
    Request* find(const Corr& corr) const;
    LateReason late_reason(const Corr& corr, const std::optional<Hold>& hold) const;
    void settle(Request& request, const ReplyFrames& reply);
    void settle_now(Request& request, const ReplyFrames& reply);
    void answer(Request& request, const ReplyFrames& reply);
    static Answer answer_of(const Request& request, const ReplyFrames& reply);
    void on_deadline(Request& request);
    void tell(Request& request, Refusal why, std::string_view text = {});
    void tell_all(Request& request, Refusal why, std::string_view text = {});
    void cancel(Request& request, Refusal why, Fate fate);

    // deliver: how an answer gets to its client
    void say(Client& client, const Slice& envelope, Refusal why, uint64_t number,
             std::string_view text = {});
    Answer coded_error(const Slice& envelope, Refusal why, std::string_view text);
    void deliver(Client& client, Answer answer);
    void send(Client& client, const Answer& answer);
    static bool leaves_at_once(const Client& client, bool correlates);
    void keep(Client& client, Answer answer);
    void offer(Answer& answer, Client& candidate);
    void on_silent(Client& client);
    void deliver_kept(Client& client);
    void drop_kept(Client& client, Refusal why, LateReason reason);
    void drop(const Answer& answer, Refusal why, LateReason reason);
    void drop_unresumable(const Answer& answer);
    void take_written(Client& client);
    void forget_sent(Client& client);
    void keep_unsent(Client& client);
    void done(uint64_t number);

    static bool is_asked(const Request& request);
    void unask(Request& request);
    void leave(Request& request, Fate fate);
    void leave_stage(Request& request);
    void remove_joined(Request& request);
    void remove(Request& request, Fate fate);
    void audit() const;

    ServiceId id_;
    ServiceOptions options_;
    Duration attempt_timeout_;
    Life life_;
    RequestNumbers& numbers_;
    Clock& clock_;
    MemoryBudget& memory_;
    DedupKey dedup_key_;
    ErrorReply error_reply_;
    std::unique_ptr<ClientFace> client_face_;
    std::unique_ptr<WorkerFace> worker_face_;

    RequestJournal* journal_;  // null: nothing is stored

    RequestTable table_;
    Line line_;
    // With a journal: the line's head, of which notes say that workers may have it; and what waits
    // for its note, in the order of that.
    Line ready_;
    Noting noting_;
    size_t marks_ = 0;  // of requests that are marked, and with no worker
    WorkerPool pool_;
    ClientTable clients_;
    Client nobody_;                                   // waits for what can be answered to no client
    LinkedList<Client, &Client::sent_link> senders_;  // with answers under way
    Timer sent_timer_;
    bool told_unresumable_ = false;
    std::unique_ptr<Dedup> dedup_;  // null: the service has none
    DueLine<Request, &Request::deadline_link, &Request::deadline> deadlines_;
    OwnDeadlines own_deadlines_;
    Requests attempts_;  // kWithWorker
    Requests graces_;    // kInGrace; kAwaitingLate where there is no deadline

    bool draining_ = false;
    bool paused_ = false;
    size_t asked_ = 0;      // requests of the table that somebody waits for
    size_t joined_ = 0;     // kJoined
    size_t kept_ = 0;       // kept answers that are not counted yet
    ServiceStatus counts_;  // the counters of it
};

}  // namespace zbridge::rpc

// The engine of topics and groups, as the rest of the bridge sees it: what stands behind
// zbridge.engine/0.
//
// Flow:    intake: has_room() -> publish() -> [engine commits] -> CommitListener -> receipts
//                                                              -> TopicListener -> delivery
//          consumers: receive() -> [sent] -> settle(); GroupListener: there is more
//          transactions: prepare() -> [receipt] -> resolve(); CheckListener: what is it to be?
// Thread:  the reactor.
// Promise: numbers rise with each publish that was taken; on_committed(n) speaks for all up to n,
//          in order. What is visible of a topic is told to its listeners after that, without a gap.
// Failure: after on_failed() nothing is committed any more; publish() refuses with kStoreFailed.
// Limits:  as many bytes as the engine lets wait for its disk: has_room().
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/disk.h"
#include "bridge/base/executor.h"
#include "bridge/base/message_id.h"
#include "bridge/base/random.h"
#include "bridge/model/attributes.h"
#include "bridge/model/ids.h"
#include "bridge/model/lease_token.h"
#include "bridge/model/message.h"
#include "bridge/model/refusal.h"
#include "bridge/model/room_listener.h"
#include "bridge/model/transaction_token.h"
#include "bridge/model/watch.h"
#include "bridge/plugin/instance.h"
#include "plugins/sdk/zbridge_engine.h"

namespace zbridge::plugin {

using MakeExecutor = std::function<std::unique_ptr<Executor>(ExecutorOptions)>;

// What an engine stands on: it outlives it.
struct EngineWorld {
    Disk* disk = nullptr;
    Clock* clock = nullptr;
    Random* random = nullptr;
    MemoryBudget* memory = nullptr;
    std::string data_dir;
    uint64_t epoch = 0;  // of this life
    bool was_clean = true;
};

struct Publication {
    TopicId topic;
    const Message* message = nullptr;
    const Attributes* attributes = nullptr;  // null: none
};

struct Published {
    std::optional<Refusal> why;  // none: taken
    std::string_view reason;     // of a refusal; until the next call
    uint64_t number = 0;         // that on_committed() names
    MessageId id;                // of a duplicate: the first one's
    bool duplicate = false;      // nothing new is stored
};

// Messages that follow each other in a topic, in offset and in memory.
struct Run {
    Slice wire;
    uint32_t messages = 0;
    uint64_t first_offset = 0;
    uint64_t replaced = 0;  // offsets right before it that have no message any more: see zb_run
    std::string_view attributes = {};  // of each, as the engine encodes them; as long as `wire`
};

// Deliveries of messages that follow each other.
struct Lent {
    LeaseToken first;
    uint32_t count = 1;
};

// What a consumer of a group would be given.
struct Wanted {
    uint32_t messages = 1;
    uint64_t bytes = 1 << 20;  // about: the message that reaches it is the last
    Duration lease{0};         // none: as the group says
    PeerId consumer;
    // What it was given before, and may never have come to it: as long as any of it is open it is
    // given that once more, under the same tokens, and nothing else.
    std::vector<Lent> again = {};
};

// Messages that follow each other, leased to one consumer.
struct Delivery {
    Run run;
    LeaseToken token;      // of the first
    uint32_t attempt = 1;  // of each
    MessageId id;          // of the first
};

enum class Verdict : uint32_t {
    kAck = ZB_SETTLE_ACK,
    kRetry = ZB_SETTLE_RETRY,
    kReject = ZB_SETTLE_REJECT,
    kExtend = ZB_SETTLE_EXTEND,
    kLost = ZB_SETTLE_LOST,
    kRelease = ZB_SETTLE_RELEASE,
};

struct Settlement {
    Verdict verdict = Verdict::kAck;
    LeaseToken token;                    // of the first
    uint32_t count = 1;                  // messages from it on
    std::optional<Duration> delay = {};  // of a retry, of an extension; none: as the group says
    std::string_view reason = {};
};

struct Settled {
    bool later = false;          // nothing is settled: try again when there is room
    std::optional<Refusal> why;  // nothing is settled: the replies were refused
    std::string_view reason;     // of a refusal; until the next call
    uint32_t stale = 0;          // of so many there was no delivery that is open
    LeaseToken token;            // of an extension: the new one
};

struct Prepared {
    Published published;
    TransactionToken transaction;
};

enum class Resolution : uint32_t { kCommit = ZB_COMMIT, kRollback = ZB_ROLLBACK };

// What has become of a resolve(); durable.
struct Resolved {
    std::optional<Refusal> why;   // none: it is as it was to be
    std::string_view reason;      // of a refusal; until the next call
    std::optional<MessageId> id;  // of the message; none: not known
};

// Of a prepared message: is it to be?
struct Check {
    TransactionToken transaction;
    uint32_t number = 1, number_max = 1;  // the first one is 1
    MessageId id;
    Slice wire;
    std::string_view attributes = {};  // as Run has them
};

class CommitListener {
 public:
    virtual ~CommitListener() = default;
    virtual void on_committed(uint64_t number) = 0;
    virtual void on_commit_failed() = 0;
};

class TopicListener {
 public:
    virtual ~TopicListener() = default;
    // They follow what was visible before.
    virtual void on_visible(TopicId topic, std::span<const Run> runs) = 0;
    // A read() that had to wait is worth another try.
    virtual void on_loaded(TopicId topic) = 0;
};

class GroupListener {
 public:
    virtual ~GroupListener() = default;
    // A receive() that gave less than was wanted is worth another try.
    virtual void on_ready(GroupId group) = 0;
};

class CheckListener {
 public:
    virtual ~CheckListener() = default;
    // False: nobody is there who could be asked now.
    virtual bool on_check(const Check& check) = 0;
};

class Engine {
 public:
    static constexpr uint32_t kRunsMax = 256;  // of one read()

    // `instance` has not been started. All of these outlive it.
    Engine(Instance& instance, EngineWorld world, MakeExecutor make_executor);
    ~Engine();
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    // After start. None: there is no such topic.
    std::optional<TopicId> topic(std::string_view name) const;
    // None: there is none now, or it is the engine's own. None is made.
    std::optional<TopicId> find_topic(std::string_view name) const;
    // Run::attributes. None: there are none.
    std::optional<Attributes> read_attributes(std::string_view bytes) const;
    void listen(CommitListener& listener) { commit_listeners_.push_back(&listener); }
    void listen(TopicId topic, TopicListener& listener);
    // Before start: of notes that a life before has left open.
    using OnNote = std::function<void(uint64_t key, uint32_t kind, std::string_view bytes)>;
    void at_note(OnNote on_note) { on_note_ = std::move(on_note); }

    bool has_room() const;
    // False: `waiting` is told when it is worth another try.
    bool has_room(RoomListener& waiting);
    // All or none. REQUIRES: has_room() in this very call of the source.
    Published publish(std::span<const Publication> publications);
    // The bridge's own memory over restarts: open until one of the same key closes it. None: the
    // store has failed.
    std::optional<uint64_t> note(uint64_t key, uint32_t kind, std::string_view bytes, bool closes);

    struct Bounds {
        uint64_t floor = 0, head = 0;
    };
    Bounds bounds(TopicId topic) const;
    uint64_t position(TopicId topic, uint32_t where, int64_t value) const;
    // Visible messages from `offset` on. None: they are being read from the disk: on_loaded(). None
    // in it: `offset` is the head.
    const std::vector<Run>* read(TopicId topic, uint64_t offset, uint64_t bytes_max);

    // After start. None: there is no such group.
    std::optional<GroupId> group(std::string_view name) const;
    void listen(GroupId group, GroupListener& listener);
    void unlisten(GroupId group, GroupListener& listener);
    // It is told of no room any more.
    void forget(RoomListener& waiting);
    // The cursor of a named consumer of a group that is `mode: broadcast`: made, if the name is new.
    // None: not, and why.
    std::optional<GroupId> join(GroupId group, std::string_view consumer, std::string& why);
    // A connection of it has come, or gone.
    void attend(GroupId joined, bool present);
    // What a consumer is to have now; until the next call. Less than wanted: on_ready() comes.
    const std::vector<Delivery>& receive(GroupId group, const Wanted& wanted);
    // Is shown what is given of a group from now on; null: nobody is.
    void watch(GroupId group, Watch* watch);
    // `replies` are published with it, in the same batch. `when_durable`: told once, if anything
    // was settled and the settlement is durable (or never will be: with the reason).
    using OnSettled = std::function<void(bool durable, std::string_view reason)>;
    Settled settle(GroupId group, const Settlement& settlement,
                   std::span<const Publication> replies = {}, OnSettled when_durable = nullptr);

    // One message, which nobody sees before resolve(). `checker`: whose CheckListener is asked, if
    // that does not come. REQUIRES: as publish().
    Prepared prepare(const Publication& publication, std::string_view checker);
    // Told once, also that it could not be: that perhaps within this call. Null: nobody is told.
    using OnResolved = std::function<void(const Resolved& resolved)>;
    void resolve(TransactionToken transaction, Resolution how, OnResolved told);
    // It outlives this. Of several of one name the first that somebody is at is asked.
    void listen(const std::string& checker, CheckListener& listener) {
        check_listeners_[checker].push_back(&listener);
    }

    using OnAnswer = std::function<void(zb_result result, std::string_view body)>;
    void admin(std::string_view verb, std::string_view body, OnAnswer answer);

    // Each turn, behind what the sources have brought: finishes what its threads have done, and has
    // what was published committed.
    void on_turn_end();
    // So long it is worth to look for what its threads are about to finish, instead of sleeping.
    Duration hurries() const;
    // What was taken is committed, and told.
    bool idle() const;
    bool failed() const { return failed_; }
    uint64_t committed() const { return committed_; }
    const std::string& failure() const { return failure_; }
    // It failed, and its options say that the process ends then.
    bool ends_process() const { return ends_process_; }

 private:
    friend struct EngineCalls;  // the C functions over it

    const zb_engine& calls() const { return *calls_; }
    const zb_publication* to_c_publications(std::span<const Publication> publications);
    void show_given(GroupId group, PeerId consumer) const;

    Instance& instance_;
    const zb_engine* calls_;
    EngineWorld world_;
    zb_world c_world_{};
    MakeExecutor make_executor_;
    std::vector<std::unique_ptr<Executor>> executors_;
    std::vector<CommitListener*> commit_listeners_;
    std::vector<std::vector<TopicListener*>> topic_listeners_;  // by topic
    std::vector<std::vector<GroupListener*>> group_listeners_;  // by group
    std::vector<RoomListener*> waiting_;
    std::map<GroupId, Watch*> watches_;  // empty: nobody looks
    OnNote on_note_;
    std::vector<std::pair<uint64_t, OnAnswer>> answers_;
    uint64_t next_answer_ = 1;
    std::map<uint64_t, OnSettled> settling_;  // by cookie
    uint64_t next_settling_ = 1;
    std::map<uint64_t, OnResolved> resolving_;  // by cookie
    uint64_t next_resolving_ = 1;
    std::map<std::string, std::vector<CheckListener*>, std::less<>> check_listeners_;  // by name
    uint64_t committed_ = 0;
    bool failed_ = false;
    bool ends_process_ = false;
    std::string failure_;
    // Kept for their memory.
    std::vector<zb_publication> publications_;
    struct Given;  // attributes, as C sees them
    std::vector<std::unique_ptr<Given>> given_;
    std::vector<zb_run> c_runs_;
    std::vector<Run> runs_;
    std::vector<zb_lent> c_again_;
    std::vector<zb_delivery> c_deliveries_;
    std::vector<Delivery> deliveries_;
};

// zb_host.get_extension(): what an engine may call.
const zb_engine_host& engine_host_table();

}  // namespace zbridge::plugin

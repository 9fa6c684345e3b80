// A consumer group: which messages of its topic are settled, who has the others, and what is next.
//
// Flow:    receive() -> leased -> settle(): acked | retried, when it is due | dead letter
//          on_visible(), on_loaded(), run_due() -> GroupListener::on_group_ready() -> receive()
// State:   floor: all below is settled, or an exception. cursor: nothing from there on was given.
//          Between them a bit each. An exception waits for its retry, its key, or a long lease; or
//          its key waits for it.
// Thread:  the reactor.
// Promise: each message is given until it is settled, or has become a dead letter; never after its
//          ack is durable. Of an order key one at a time, in order, also over retries and restarts.
//          A token settles the delivery that it names, also over a restart, and no other.
// Restart: what was given and is not settled is in doubt: after an unclean end it is given again when
//          resume_grace is over, unless its old token settles it before.
// Marks:   a group that keeps_marks has no consumers: what is settled is what was named to mark().
// Limits:  in_flight_max given at once; kSpanMax between floor and cursor: beyond it what is leased
//          longest becomes an exception; exceptions_max, parked_max: nothing new then.
#pragma once

#include <algorithm>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/durable/groups/crash_loop.h"
#include "plugins/durable/groups/due_messages.h"
#include "plugins/durable/groups/exceptions.h"
#include "plugins/durable/groups/key_gate.h"
#include "plugins/durable/groups/leases.h"
#include "plugins/durable/groups/levels.h"
#include "plugins/durable/groups/options.h"
#include "plugins/durable/groups/payload.h"
#include "plugins/durable/groups/reader.h"
#include "plugins/durable/groups/settled_bits.h"
#include "plugins/durable/topics/keeper.h"

namespace zbridge::durable {

class GroupListener {
 public:
    virtual ~GroupListener() = default;
    virtual void on_group_ready(GroupId group) = 0;
    // Something is to be written by write_gathered().
    virtual void on_gathered(GroupId group) = 0;
    // Likewise, and who has this cookie is told when it is durable.
    virtual void on_settled_later(GroupId group, uint64_t cookie) = 0;
    // There is room for no further dead letter: bury_dying() when there is.
    virtual void on_waits_for_room(GroupId group) = 0;
    // A line for people.
    virtual void on_trouble(const std::string& sentence) = 0;
    // Who has this cookie is told that what was asked for will not be.
    virtual void on_not_settled(uint64_t cookie, const std::string& why) = 0;
};

struct GroupCounters {
    uint64_t given = 0;  // deliveries, with those that were given again
    uint64_t acked = 0;
    uint64_t retried = 0;
    uint64_t expired = 0;  // of these: a lease ended
    uint64_t lost = 0;     // of these: a consumer went
    uint64_t released = 0;
    uint64_t filtered = 0;           // that are not for this group
    uint64_t dead = 0;               // now among the dead letters
    uint64_t dead_refused = 0;       // times that they did not take one: it is tried again
    uint64_t stale = 0;              // settlements of no delivery that is open
    uint64_t lost_to_retention = 0;  // that were gone before they were settled
    uint64_t missing = 0;            // that cannot be read: damaged

    GroupCounters& operator+=(const GroupCounters& other);
};

class Group {
 public:
    static constexpr uint64_t kSpanMax = 1 << 20;
    static constexpr uint64_t kLookMax = 100'000;  // messages of one receive() that are not for it
    static constexpr size_t kDueLookMax = 16;      // retries that are due, and wait for the disk
    static constexpr Duration kDeadAgain = std::chrono::seconds(10);
    static constexpr Duration kLostAgain = std::chrono::minutes(1);  // a line of what was lost
    static constexpr size_t kRipenMax = 1'000;      // retries of one receive() that are made ripe
    static constexpr size_t kReasonBytesMax = 200;  // of a dead letter
    static constexpr size_t kMarkPagesMax = 128;    // of SettledBits, 4 KiB each

    // What it stands on; all outlives it.
    struct World {
        Topics* topics = nullptr;
        const Clock* clock = nullptr;
        GroupListener* listener = nullptr;
    };

    Group(GroupId id, const World& world);
    Group(const Group&) = delete;
    Group& operator=(const Group&) = delete;

    // ---- the start: replay ... -> configure() -> begin() ----
    void replay(const GroupSnapshot& snapshot, const SettledBits& settled);
    void replay(const Acks& acks);
    void replay(RecordType type, const ExceptionRecord& record, uint64_t segment);
    void replay(const Reset& reset);
    void name(std::string name) { name_ = std::move(name); }
    void configure(const GroupOptions& options, TopicId topic);
    // It is new: here it begins.
    void begin_at(Offset offset);
    // What the life before had given is in doubt.
    void take_over(bool was_clean);

    // ---- deliveries ----
    uint32_t receive(const zb_receive& wanted, zb_delivery* deliveries, uint32_t deliveries_max);
    zb_taken settle(const zb_settlement& settlement, const zb_publication* replies, uint32_t count,
                    zb_settled& settled);

    // Both by on_group_ready(), which calls nothing back at once.
    void on_visible() { tell_ready(); }
    void on_loaded();
    // The dead letters take more, as far as there is room.
    void bury_dying();
    // Ends leases, finds what is due.
    void run_due();
    // Until run_due() has something to do; none: nothing by itself.
    std::optional<Duration> next_due() const;

    // ---- for Delays and Transactions: nobody receives of a group that hands_over ----
    // The message, which was just written, is due then. `target`: as its exception's key.
    void delay(Offset offset, int64_t due_ms, uint32_t target);
    // They are due then instead: one batch. REQUIRES: each of them waits.
    void delay_again(const std::vector<Offset>& offsets, int64_t due_ms);
    // They are settled: one record. REQUIRES: likewise, and in their order.
    void drop_waiting(const std::vector<Offset>& offsets);
    // hand_over() and hand_one() are worth another try.
    void wake() {
        waits_ = false;
        starving_ = true;
        grace_until_.reset();  // nobody has had any of them
    }
    // What became of one.
    enum class HandedOver : uint8_t {
        kDone,   // it is settled by the record that was written
        kAgain,  // due once more, `again` from now
        kNext,   // likewise, and that is one attempt more, durably
        kKept,   // as it was
        kStop,   // nothing more goes now
        kLater,  // by hand_one() itself: it is read from the disk, or not durable yet
        kGone    // likewise: it cannot be read any more, and is settled
    };
    // Gives those that are due to `take`, at most so many, each with the record that settles it. True:
    // there are more.
    template <class Take>
    bool hand_over(size_t max, Duration again, Take take);
    // Likewise this one, due or not. REQUIRES: it is an exception.
    template <class Take>
    HandedOver hand_one(Offset offset, Duration again, Take take);
    const DueMessages& soon() const { return soon_; }

    // ---- records ----
    void write_gathered();
    bool has_gathered() const { return !acks_.empty() || written_cursor_ != cursor_; }
    void write_snapshot();
    void on_written(const TenantEffect& effect, uint64_t segment);
    // Whether exceptions have their records there, and none of these is on its way to another place.
    bool needs_segment(uint64_t segment) const {
        return moving_.empty() && in_segments_.contains(static_cast<uint32_t>(segment));
    }
    // The records of these, as they would be written now: at most so many.
    std::vector<NewRecord> write_again(uint64_t segment, size_t max);
    void on_written_again(uint64_t segment);

    // ---- marks: no consumer reads it, its messages are settled by name ----
    bool is_marked(Offset offset) const { return offset < floor_ || settled_.has(offset); }
    // Publishes, and marks the message in the same batch: both are durable, or none is. With no
    // publication it is gathered. ZB_STORE_FULL: kMarkPagesMax; other results as of publish().
    zb_taken mark(Offset offset, const zb_publication* publications, uint32_t count,
                  zb_receipt& receipt);
    // Below it nothing is kept.
    void forget_below(Offset topic_floor);
    // Of its topic's messages from `topic_floor` on.
    uint64_t marked(Offset topic_floor) const;

    // ---- dead letters that hold their key (group_held.cc) ----
    // REQUIRES, of both: it is one of these. Given again, at its place, as if it had never been.
    void give_held(Offset offset);
    // It is settled, and its key goes on.
    void drop_held(Offset offset);

    // ---- commands ----
    void pause(bool paused);
    // It goes on from there, and forgets what was before; REQUIRES: within the topic's bounds.
    void reset(Offset offset);
    // A REJECT that waits for its dead letter is answered: `why` it will not come.
    void forget(const std::string& why);
    // Likewise, of what can be written no more.
    void fail(const std::string& why);
    // It is removed: its segments are needed no longer.
    void release_all();

    GroupId id() const { return id_; }
    const std::string& name() const { return name_; }
    // Without the mark of a range.
    std::string_view title() const {
        return std::string_view(name_).substr(0, name_.rfind(GroupPart::kRangeMark));
    }
    TopicId topic() const { return topic_; }
    const GroupOptions& options() const { return options_; }
    Origin origin = Origin::kDeclared;
    bool unconfigured = false;  // it was in the file once: kept, and gives nothing
    GroupPart owner{};          // of one that was made for another group
    uint32_t attended = 0;      // connections of the consumer that it is for
    bool keeps_marks = false;   // it is no consumers' group: of dead letters that are done with
    bool hands_over = false;   // nor this one: of messages that wait for their time or their commit
    bool reads_ahead = false;  // of these: many are due together, and are read in their order

    Offset floor() const { return floor_; }
    Offset cursor() const { return cursor_; }
    // The first message that is not settled durably.
    Offset unread() const;
    uint64_t in_flight() const { return leases_.messages(); }
    uint64_t in_doubt() const { return again_.offsets() - levels_.offsets(); }
    bool is_in_doubt(Offset offset) const { return again_.has(offset); }
    const Levels& levels() const { return levels_; }
    template <class Visit>
    void each_in_doubt(Visit visit) const {
        again_.each(visit);
    }
    const Exceptions& exceptions() const { return exceptions_; }
    const Leases& leases() const { return leases_; }
    const SettledBits& settled() const { return settled_; }
    bool paused() const { return paused_; }
    const CrashLoop& crash_loop() const { return crash_loop_; }
    // Messages that are there and are not settled, without dead letters.
    uint64_t lag() const;
    // A range that was given, and is settled: all of it.
    bool is_done() const { return cursor_ >= owner.until && lag() == 0 && in_flight() == 0; }
    // Why nothing new is given; empty: it is.
    std::string_view held() const;
    const GroupCounters& counters() const { return counters_; }

 private:
    // What a receive() still wants.
    struct Wanted {
        const zb_receive* asked = nullptr;
        zb_delivery* deliveries = nullptr;
        uint32_t deliveries_max = 0;
        uint32_t count = 0;
        uint64_t messages = 0;
        uint64_t bytes = 0;
        Instant since, until;

        bool enough() const {
            return count == deliveries_max || messages >= asked->messages_max ||
                   bytes >= asked->bytes_max;
        }
    };
    struct Giving {
        uint8_t attempt = 1;
        uint32_t key = 0;
        uint8_t level = 0;
    };
    struct Dying {
        Offset offset;
        std::string reason;
        uint64_t cookie = 0;
    };

    int64_t wall_ms() const { return world_.clock->wall_us() / 1000; }
    void tell_ready();

    // group.cc
    template <class Visit>
    void each_unset(Offset from, Offset end, Visit visit) const;
    void lose_exception(Offset offset);
    std::vector<Offset> take_over_exceptions();
    void put_exception(RecordType type, Offset offset, Exception exception);
    void write_exception_record(RecordType type, Offset offset, const Exception& exception);
    std::string exception_payload(Offset offset, const Exception& exception) const;
    void use(uint32_t segment);
    void release(uint32_t segment);
    void leave_segment(uint32_t segment);
    TenantEffect floor_effect() const;
    TenantEffect exception_effect(Offset offset) const;
    void release_written();
    uint64_t leased_exceptions() const;

    // group_once_more.cc
    bool give_once_more(Wanted& wanted);
    std::vector<LeasedRange> open_of(const zb_receive& asked) const;
    bool lend_once_more(Wanted& wanted, const LeasedRange& part);

    // group_give.cc
    Wanted begin(const zb_receive& asked, zb_delivery* deliveries, uint32_t deliveries_max) const;
    void give_due(Wanted& wanted);
    void give_again(Wanted& wanted);
    void give_new(Wanted& wanted);
    bool may_give_new() const;
    static zb_run only_front(zb_run run);
    bool is_full(const Wanted& wanted) const;
    bool is_full() const {
        return leases_.messages() >= options_.in_flight_max ||
               leases_.bytes() >= options_.in_flight_bytes_max;
    }
    uint64_t give(Wanted& wanted, zb_run run, uint64_t messages_max, const Giving& its);
    void hand_out(Wanted& wanted, const zb_run& run, const Lease& lease);
    void move_out_leased();
    void pass_by(OffsetRange others);
    // Of what it gives.
    Offset topic_head() const {
        return std::min(Offset{world_.topics->bounds(topic_).head}, owner.until);
    }
    Reader::Found look_for(Offset at) {
        return at >= owner.until ? Reader::Found::kEnd : ahead_.seek(at);
    }
    uint64_t make_span(uint64_t messages);
    uint64_t due_in(Duration delay) const;
    bool is_for_it(const zb_run& run) const {
        return !options_.filter ||
               options_.filter->matches({run.attributes.data, run.attributes.size});
    }
    uint32_t key_of(const zb_run& run) const;
    void skip(OffsetRange range, uint64_t replaced = 0);
    void lose_to_retention(OffsetRange range, uint64_t messages);
    void park(Offset offset, uint32_t key);
    void learn_keys();
    void forget_key(OffsetRange range);
    void end_doubt();
    bool is_in_grace() const {
        return grace_until_.has_value() && world_.clock->now() < *grace_until_;
    }
    void let_go(Offset offset);

    // group_priority.cc
    void give_by_priority(Wanted& wanted);
    bool ripen();
    bool look_ahead(uint64_t& looked);
    OffsetRange next_to_look_at();
    void pass(OffsetRange range, bool is_new);
    uint64_t look_at(const zb_run& run, OffsetRange range, bool is_new);
    bool give_ripe(Wanted& wanted, Offset offset);
    bool give_waiting(Wanted& wanted, Level level);

    // group_settle.cc
    void find_open(const zb_settlement& asked, uint32_t& stale);
    bool keeps_order(const LeasedRange& part);
    void lose_consumer(uint64_t consumer, Instant now);
    std::optional<LeasedRange> doubtful(const Token& token, OffsetRange range) const;
    zb_taken publish_replies(const zb_publication* replies, uint32_t count, bool acks,
                             zb_settled& settled);
    void close(const LeasedRange& part);
    void settle_range(OffsetRange range, bool is_written);
    void ack(const LeasedRange& part, bool is_written);
    void mark_settled(OffsetRange range);
    void retry(const LeasedRange& part, int64_t delay_ms, std::string_view reason);
    void release(const LeasedRange& part);
    void give_back(OffsetRange range, const Lease& lease);
    void extend(const LeasedRange& part, int64_t delay_ms, zb_settled& settled);
    void leave_key(uint32_t key, Offset offset);
    void raise_floor();
    void drop_exception(Offset offset);
    void begin_dying(Offset offset, uint8_t attempts, uint32_t key, std::string_view reason,
                     uint64_t cookie);
    void tell_buried(uint64_t cookie);
    bool bury(const Dying& dying, const zb_run& run);
    Exception buried(Exception its, TopicId letters) const;
    void lose(Offset offset);
    Token token_of(Offset first, const Lease& lease) const;
    template <class Take>
    HandedOver hand(Offset offset, const zb_run& message, Duration again, Take& take);
    Reader::Found find_due(const Exceptions::Due& due, Offset head, const zb_run*& message);

    GroupId id_;
    World world_;
    std::string name_;
    TopicId topic_;
    GroupOptions options_;

    Offset floor_, cursor_;
    SettledBits settled_;  // [floor, cursor)
    Exceptions exceptions_;
    Leases leases_;
    RangeSet again_;         // given before, and to be given again: in doubt, or released
    Levels levels_;          // of these: looked at (group_priority.cc)
    Offset looked_until_;    // so far
    bool in_doubt_ = false;  // again_ has what the life before had given
    // Of what is in again_, as far as it is known: in doubt it is up to there.
    std::map<Offset, uint32_t> again_keys_;
    Offset learned_until_;
    std::optional<Instant> grace_until_;  // what a life before may have given is not given before
    KeyGate gate_;
    CrashLoop crash_loop_;
    std::list<Dying> dying_;
    // By cookie: of its messages those that are not buried yet.
    std::map<uint64_t, uint64_t> rejects_;
    std::vector<Dying> refused_;  // that the dead letters did not take: they are tried again then
    Instant refused_until_;

    uint32_t epoch_ = 1, oldest_epoch_ = 0;
    // Nothing is given before: else a next life's tokens would be those of this one.
    bool epoch_is_durable_ = false;
    uint16_t grant_ = 0;
    bool paused_ = false;
    bool starving_ = false;  // a receive() has got less than it wanted
    bool waits_ = false;  // what is due is read from the disk, or has no room: on_loaded(), wake()
    bool more_ = false;   // a receive() has looked at as much as it may: there is more

    RangeSet acks_;          // settled, and not written yet
    Offset written_cursor_;  // in the newest record
    Offset durable_floor_;
    std::map<uint32_t, uint64_t> in_segments_;  // records of exceptions, by segment
    std::vector<Offset> moving_;  // exceptions whose records are on their way from moving_from_
    uint32_t moving_from_ = 0;
    // Segments of exceptions that are gone: needed until that is durable.
    struct Releasing {
        uint32_t segment = 0;
        uint64_t times = 0;
    };
    std::list<Releasing> releasing_;  // an empty one costs nothing: there are many groups
    uint64_t releasing_times_ = 0;    // of all of them
    uint64_t releasing_written_ = 0;  // of these: whose record is on its way

    Reader ahead_, behind_;          // from the cursor on; all that is given again
    DueMessages soon_;               // for hand_over()
    std::vector<ChunkRef> given_;    // of the last receive()
    std::vector<LeasedRange> open_;  // of the settle() that runs
    GroupCounters counters_;
    OffsetRange lost_;                  // to retention, since the last line
    std::optional<Instant> lost_told_;  // that line
};

template <class Take>
bool Group::hand_over(size_t max, Duration again, Take take) {
    const auto now_ms = static_cast<uint64_t>(wall_ms());
    const Offset head{world_.topics->bounds(topic_).head};
    if (reads_ahead) soon_.read_on({exceptions_, head, now_ms, ahead_});
    size_t looks = 0;
    starving_ = true;
    for (Exceptions::Due at{0, {0}}; looks < kDueLookMax; max--) {
        const auto due = exceptions_.next_due(at);
        if (!due || due->first > now_ms) return soon_.more();
        if (max == 0) return true;
        at = *due;
        const zb_run* message = nullptr;
        switch (find_due(*due, head, message)) {
            case Reader::Found::kLater:
                // What is due behind it waits for it, also where others are being read now.
                if (soon_.is_on_its_way(*due) || (reads_ahead && due->second < head)) {
                    waits_ = !soon_.more();
                    return soon_.more();
                }
                waits_ = true;
                looks++;
                continue;
            case Reader::Found::kEnd:
                lose(due->second);
                continue;
            default:
                break;
        }
        const HandedOver handed = hand(due->second, *message, again, take);
        if (handed == HandedOver::kStop) return false;
        if (handed == HandedOver::kDone) soon_.done_with(*due);
    }
    return soon_.more();
}

template <class Take>
Group::HandedOver Group::hand_one(Offset offset, Duration again, Take take) {
    const uint64_t head = world_.topics->bounds(topic_).head;
    // Not durable yet?
    const Reader::Found found =
        offset.number >= head ? Reader::Found::kLater : behind_.find(offset);
    if (found == Reader::Found::kLater) {
        waits_ = true;
        return HandedOver::kLater;
    }
    if (found == Reader::Found::kEnd) {
        lose(offset);
        return HandedOver::kGone;
    }
    return hand(offset, behind_.front(), again, take);
}

template <class Take>
Group::HandedOver Group::hand(Offset offset, const zb_run& message, Duration again, Take& take) {
    const std::string payload = write_acks({id_, cursor_, {{offset, 1}}});
    const HandedOver handed =
        take(only_front(message), Companion{RecordType::kAcks, payload, floor_effect(), true});
    switch (handed) {
        case HandedOver::kDone:
            settle_range({offset, 1}, true);
            release_written();
            counters_.acked++;
            break;
        case HandedOver::kAgain: {
            Exception its = *exceptions_.find(offset);
            its.due_ms = due_in(again);
            exceptions_.put(offset, its);
            break;
        }
        case HandedOver::kNext: {
            Exception its = *exceptions_.find(offset);
            its.attempts++;
            its.due_ms = due_in(again);
            put_exception(RecordType::kRetry, offset, its);
            break;
        }
        case HandedOver::kStop:
            waits_ = true;
            break;
        default:
            break;
    }
    return handed;
}

}  // namespace zbridge::durable

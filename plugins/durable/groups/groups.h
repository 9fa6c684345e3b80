// All consumer groups, and their records in the topics' log.
//
// Flow:    the start: replay() ... -> begin(); a turn: receive(), settle() ... -> turn_end(): who is
//          ready is told, what has gathered is written, with what else is committed
// Thread:  the reactor.
// Promise: a settlement whose cookie is told is durable. Groups of one life are told in the order of
//          their numbers.
// Limits:  kGroupsMax groups; kIdMax numbers, of which none is given twice. What is settled is
//          written with the next batch, or after kAckLinger.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/durable/groups/delays.h"
#include "plugins/durable/groups/group.h"
#include "plugins/durable/groups/transactions.h"

namespace zbridge::durable {

class GroupsListener {
 public:
    virtual ~GroupsListener() = default;
    virtual void on_ready(GroupId group) = 0;
    virtual void on_not_settled(uint64_t cookie, const std::string& why) = 0;
    // False: nobody is there to be asked.
    virtual bool on_check(const zb_check&) { return false; }
    virtual void warn(const std::string& sentence) = 0;
};

class Groups final : public Tenant, public Keeper, public GroupListener {
 public:
    static constexpr size_t kGroupsMax = 10'000;
    static constexpr uint32_t kIdMax = UINT16_MAX;
    static constexpr uint32_t kPartIdMax = kIdMax / 2;  // of them: for groups of the engine's own
    static constexpr Duration kForgetGrace =
        std::chrono::minutes(10);                    // after a start: no consumer is forgotten
    static constexpr size_t kWriteAgainMax = 4'000;  // exceptions, in one go
    static constexpr Duration kAckLinger = std::chrono::milliseconds(10);

    // Both outlive it.
    Groups(GroupsOptions options, Topics& topics, const Clock& clock, GroupsListener& listener);

    Status replay(const Record& record, uint64_t segment) override;
    Status begin(bool was_clean) override;
    void write_snapshot() override;
    void on_written(const TenantEffect& effect, uint64_t segment) override;
    std::optional<TopicId> delays() override;
    void on_delayed(Offset offset, int64_t due_ms, TopicId target) override;
    std::optional<TopicId> prepared() override;
    void on_prepared(Offset offset) override;
    void on_answer(uint64_t cookie, bool ok, const std::string& why) override;
    bool needs(TopicId topic, Offset offset) const override;
    void on_room() override;
    void on_batch() override;
    // Exceptions, by their group.
    std::optional<Needed> needed_in(uint64_t segment) const override;
    std::vector<NewRecord> write_again(uint64_t key, const std::vector<Record>& records) override;
    void on_written_again(uint64_t key, const std::vector<RecordPlace>& records) override;
    void give_up(uint64_t) override {}  // nothing is read for it

    // Null: there is none.
    Group* find(GroupId id) const {
        return id.number() < groups_.size() ? groups_[id.number()].get() : nullptr;
    }
    Group* find(std::string_view name) const;
    uint32_t receive(GroupId group, const zb_receive& wanted, zb_delivery* deliveries,
                     uint32_t deliveries_max);
    zb_taken settle(GroupId group, const zb_settlement& settlement, const zb_publication* replies,
                    uint32_t count, zb_settled& settled);
    // As Topics::prepare(); the token names it from now on.
    zb_taken prepare(const zb_publication& publication, std::string_view checker,
                     zb_receipt& receipt, TransactionToken& transaction);
    // Told once it is durable; of another result than ZB_TAKEN not at all.
    zb_taken resolve(TransactionToken transaction, bool commit, Transactions::OnResolved told);
    // Nothing is written any more.
    void fail(const std::string& why);
    // REQUIRES: it is there, of all of these. `offset` is within its topic's bounds.
    void reset(GroupId group, Offset offset);
    void pause(GroupId group, bool paused);
    void remove(GroupId group);

    // Which messages of a topic of dead letters are done with. Null: none are.
    Group* marks_of(TopicId topic) const;
    // Made, if they are not there. Null: there are too many groups.
    Group* make_marks(TopicId topic);
    // Nothing, if they are not there.
    void remove_marks(TopicId topic);

    void on_visible(TopicId topic);
    void on_loaded(TopicId topic);
    // Before that of the topics.
    void turn_end();
    // Leases that end, retries that are due.
    void run_due();
    std::optional<Duration> next_due();
    // Nothing waits to be written.
    bool idle() const { return gathered_.empty() && cookies_.empty(); }
    // What gathers is written at once from now on.
    void begin_end() { ending_ = true; }

    // ---- named consumers of groups that are `mode: broadcast` (groups_parts.cc) ----
    // The cursor of this one, made if it was not seen before. Null: not, and why.
    Group* join(Group& of, std::string_view consumer, std::string& why);
    // It has one connection more, or less.
    void attend(GroupId consumer, bool present);
    // Each second: gives up those that are gone for long, and keys of letters that are gone.
    void tick();
    const std::set<GroupId>& consumers_of(GroupId group) const;

    // Gives these again, before it goes on where it is. False: there are too many groups.
    bool give_again(GroupId group, Offset from, Offset until);
    // Null: none is given again.
    Group* range_of(GroupId group) const;
    void drop_range(GroupId group);

    // ---- dead letters that hold their key (groups_held.cc) ----
    struct Holder {
        Group* group = nullptr;  // null: nothing waits for it
        Offset offset;           // of the message in its topic
    };
    // By the letter and the group that it names.
    Holder holder_of(std::string_view group, Offset letter) const;
    // The topic of dead letters is removed: nothing waits for what it had.
    void let_keys_go(TopicId letters);

    // Null: none was ever delayed.
    const Delays* delayed() const { return delays_.get(); }
    // As Delays has them.
    void recall(const std::vector<Delayed>& delayed);
    void reschedule(const std::vector<Delayed>& delayed, int64_t due_ms);
    // Null: none was ever prepared.
    const Transactions* transactions() const { return transactions_.get(); }
    const TransactionsOptions& transactions_options() const { return options_.transactions; }

    // In the order of their numbers; without marks.
    template <class Visit>
    void each(Visit visit) const {
        for (const auto& group : groups_) {
            if (group && !group->keeps_marks) visit(*group);
        }
    }
    template <class Visit>
    void each_with_marks(Visit visit) const {
        for (const auto& group : groups_) {
            if (group) visit(*group);
        }
    }
    // Of a topic; without marks.
    const std::vector<GroupId>& of(TopicId topic) const;

 private:
    void on_group_ready(GroupId group) override { ready_.insert(group); }
    void on_gathered(GroupId group) override;
    void on_settled_later(GroupId group, uint64_t cookie) override;
    void on_waits_for_room(GroupId group) override { want_room_.insert(group); }
    void on_trouble(const std::string& sentence) override { listener_.warn(sentence); }
    void on_not_settled(uint64_t cookie, const std::string& why) override {
        listener_.on_not_settled(cookie, why);
    }

    Group* at_replay(GroupId id);
    Group* make(GroupId id);
    bool has_room() const { return names_.size() < kGroupsMax && groups_.size() <= kIdMax; }
    void put_in_topic(Group& group);
    Status begin(const DeclaredGroup& declared);
    Offset start_of(const GroupOptions& options, TopicId topic) const;
    Group* of_key(uint64_t key) const { return find(GroupId(static_cast<uint32_t>(key))); }
    // groups_own.cc. Options of its groups: nothing in them dies of its attempts.
    static GroupOptions own_options();
    Result<Group*> make_own(std::string_view name);
    void begin_parts();
    void configure_part(Group& part, const Group& of);
    Group* make_part(const Group& of, const GroupPart& its, std::string name, Offset begin);
    void end_range(GroupId id);
    std::vector<GroupId> parts_of(GroupId id) const;
    void forget_part(const Group& part);
    GroupId asked_as(GroupId id) const;
    GroupId settled_as(GroupId id, zb_token token) const;
    Status make_delays();
    Status make_transactions();
    void pump_delays();
    void pump_transactions();
    bool is_done(const Topic& letters, Offset letter) const;
    void let_done_go(Group& group, bool all);
    bool pump_own(TopicId topic);
    void tell_ready();
    void write_gathered();
    void hold_unread(TopicId topic);

    GroupsOptions options_;
    Topics& topics_;
    const Clock& clock_;
    GroupsListener& listener_;

    std::vector<std::unique_ptr<Group>> groups_;  // by number; null: none, or removed
    std::map<std::string, GroupId, std::less<>> names_;
    std::map<TopicId, std::vector<GroupId>> of_topic_;
    std::map<TopicId, GroupId> marks_;
    std::map<GroupId, std::set<GroupId>> named_;  // consumers, by their group
    std::map<GroupId, GroupId> ranges_;           // by their group
    Instant forget_from_;
    std::set<GroupId> ready_, gathered_;
    std::set<GroupId> want_room_;  // for dead letters
    std::set<TopicId> moved_;      // topics of which something may be settled durably
    std::optional<Instant> gathered_since_;
    // When each group has something to do by itself; of those that were touched since it is not
    // known.
    std::set<std::pair<Instant, GroupId>> dues_;
    std::map<GroupId, Instant> due_of_;
    std::set<GroupId> touched_;
    std::vector<uint64_t> cookies_;
    std::unique_ptr<Delays> delays_;
    bool delays_again_ = false;  // there are more that are due
    std::unique_ptr<Transactions> transactions_;
    bool transactions_again_ = false;  // likewise
    bool ending_ = false;
};

}  // namespace zbridge::durable

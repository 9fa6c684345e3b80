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

#include "plugins/durable/groups/group.h"

namespace zbridge::durable {

class GroupsListener {
 public:
    virtual ~GroupsListener() = default;
    virtual void on_ready(GroupId group) = 0;
    virtual void warn(const std::string& sentence) = 0;
};

class Groups final : public Tenant, public GroupListener {
 public:
    static constexpr size_t kGroupsMax = 10'000;
    static constexpr uint32_t kIdMax = UINT16_MAX;
    static constexpr Duration kAckLinger = std::chrono::milliseconds(10);

    // Both outlive it.
    Groups(std::vector<DeclaredGroup> declared, Topics& topics, const Clock& clock,
           GroupsListener& listener);

    Status replay(const Record& record, uint64_t segment) override;
    Status begin(bool was_clean) override;
    void write_snapshot() override;
    void on_written(const TenantEffect& effect, uint64_t segment) override;
    void on_batch() override;

    // Null: there is none.
    Group* find(GroupId id) const {
        return id.number() < groups_.size() ? groups_[id.number()].get() : nullptr;
    }
    Group* find(std::string_view name) const;
    uint32_t receive(GroupId group, const zb_receive& wanted, zb_delivery* deliveries,
                     uint32_t deliveries_max);
    zb_taken settle(GroupId group, const zb_settlement& settlement, const zb_publication* replies,
                    uint32_t count, zb_settled& settled);
    // REQUIRES: it is there.
    void remove(GroupId group);

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

    // In the order of their numbers.
    template <class Visit>
    void each(Visit visit) const {
        for (const auto& group : groups_) {
            if (group) visit(*group);
        }
    }
    // Of a topic.
    const std::vector<GroupId>& of(TopicId topic) const;
    size_t size() const { return names_.size(); }

 private:
    void on_group_ready(GroupId group) override { ready_.insert(group); }
    void on_gathered(GroupId group) override;
    void on_settled_later(GroupId group, uint64_t cookie) override;

    Group* at_replay(GroupId id);
    Group* make(GroupId id);
    void put_in_topic(Group& group);
    Status begin(const DeclaredGroup& declared);
    Offset start_of(const GroupOptions& options, TopicId topic) const;
    void tell_ready();
    void write_gathered();
    void hold_unread(TopicId topic);

    std::vector<DeclaredGroup> declared_;
    Topics& topics_;
    const Clock& clock_;
    GroupsListener& listener_;

    std::vector<std::unique_ptr<Group>> groups_;  // by number; null: none, or removed
    std::map<std::string, GroupId, std::less<>> names_;
    std::map<TopicId, std::vector<GroupId>> of_topic_;
    std::set<GroupId> ready_, gathered_;
    std::set<TopicId> moved_;  // topics of which something may be settled durably
    std::optional<Instant> gathered_since_;
    // When each group has something to do by itself; of those that were touched since it is not
    // known.
    std::set<std::pair<Instant, GroupId>> dues_;
    std::map<GroupId, Instant> due_of_;
    std::set<GroupId> touched_;
    std::vector<uint64_t> cookies_;
    bool ending_ = false;
};

}  // namespace zbridge::durable

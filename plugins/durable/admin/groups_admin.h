// What the command line asks of consumer groups.
//
//   group ls                                 [{name, topic, state, lag, ...}, ...]
//   group show    {group}                    one of these, with its counters and options
//   group pending {group, max?}              {leased: [...], in_doubt: [...], retries: [...],
//                                             parked: [...]}: at most so many of each
//   group reset   {group, to: "latest"|"earliest" | time_ms | offset}    {group, offset}
//                 with until_offset | until_ms: what is before that, and then on from where it is:
//                 {group, offset, until}
//   group pause   {group}, group resume {group}, group rm {group}        {group}
//   Of one of its consumers (`mode: broadcast`), but for pause and resume: {group, consumer}.
//
// Thread:  the reactor. An answer comes when what was asked is durable.
// Failure: ZB_INVALID, ZB_NOT_FOUND, ZB_WRONG_STATE, ZB_FAILED, ZB_UNSUPPORTED with a sentence.
// Limits:  kPendingMax of a kind; of those that wait for their key only those among the first
//          kLookMax exceptions.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "plugins/durable/admin/dead_letters.h"
#include "plugins/durable/admin/listener.h"
#include "plugins/durable/admin/values.h"
#include "plugins/durable/groups/groups.h"

namespace zbridge::durable {

class GroupsAdmin {
 public:
    static constexpr uint64_t kPendingDefault = 20;
    static constexpr uint64_t kPendingMax = 1'000;
    static constexpr size_t kLookMax = 100'000;

    // All outlive it.
    GroupsAdmin(Topics& topics, Groups& groups, const DeadLetters& letters, const Clock& clock,
                AdminListener& listener)
        : topics_(topics), groups_(groups), letters_(letters), clock_(clock), listener_(listener) {}
    GroupsAdmin(const GroupsAdmin&) = delete;
    GroupsAdmin& operator=(const GroupsAdmin&) = delete;

    // `verb` begins with "group ".
    void ask(std::string_view verb, const Request& request, uint64_t cookie);
    // As `group ls` answers.
    void write_list(ValueWriter& writer) const;

 private:
    // What the engine has made for itself, nobody is told of.
    static bool is_told(const Group& group) { return group.origin == Origin::kDeclared; }
    void ask_of(Group& group, std::string_view verb, const Request& request, uint64_t cookie);
    void reset(Group& group, const Request& request, uint64_t cookie);
    void give_again(Group& group, Offset from, const Request& request, uint64_t cookie);
    void remove(Group& group, uint64_t cookie);
    // None: it was refused.
    Group* consumer_of(const Group& group, const std::string& consumer) const;
    std::optional<Offset> wanted_offset(const Group& group, const Request& request,
                                        uint64_t cookie);
    void write_group(const Group& group, ValueWriter& writer, bool whole) const;
    void write_consumers(const Group& group, ValueWriter& writer) const;
    GroupCounters counters_of(const Group& group) const;
    uint64_t in_flight_of(const Group& group) const;
    uint64_t lag_of(const Group& group) const;
    std::string_view held(const Group& group) const;
    void write_options(const Group& group, ValueWriter& writer) const;
    void write_pending(const Group& group, uint64_t max, ValueWriter& writer) const;
    void write_leased(const Group& group, uint64_t max, ValueWriter& writer) const;
    void write_retries(const Group& group, uint64_t max, ValueWriter& writer) const;
    void write_parked(const Group& group, uint64_t max, ValueWriter& writer) const;
    std::optional<int64_t> oldest_age_s(const Group& group) const;
    std::string topic_name(const Group& group) const;
    int64_t now_ms() const { return clock_.wall_us() / 1000; }
    void answer_durable(const std::string& group, uint64_t cookie);
    void refuse(uint64_t cookie, zb_result why, std::string_view sentence) {
        listener_.on_admin_answer(cookie, why, sentence);
    }

    Topics& topics_;
    Groups& groups_;
    const DeadLetters& letters_;
    const Clock& clock_;
    AdminListener& listener_;
};

}  // namespace zbridge::durable

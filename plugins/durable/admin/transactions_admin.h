// What the command line asks of transactions.
//
//   tx ls        {topic?, from?, max?}    {transactions: [{token, id, topic, checker, ...}], next, done}
//   tx commit    {token}                  {token, id}
//   tx rollback  {token}                  {token, id}
//
// `from`, `next`: where the listing begins, and goes on; the oldest ones first.
// Thread:  the reactor. An answer comes when what was asked is durable, or read.
// Failure: ZB_INVALID, ZB_NOT_FOUND, ZB_WRONG_STATE (nothing that is prepared has this token), ZB_FULL,
//          ZB_FAILED, ZB_UNSUPPORTED with a sentence.
// Limits:  kListedMax an answer, and kLooksMax are looked at; of kListsMax that wait for the disk a
//          further one is refused.
#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <string_view>

#include "plugins/durable/admin/listener.h"
#include "plugins/durable/admin/values.h"
#include "plugins/durable/groups/groups.h"

namespace zbridge::durable {

class TransactionsAdmin {
 public:
    static constexpr uint64_t kListedDefault = 20;
    static constexpr uint64_t kListedMax = 1'000;
    static constexpr uint64_t kLooksMax = 10'000;
    static constexpr size_t kListsMax = 16;

    // All outlive it.
    TransactionsAdmin(Topics& topics, Groups& groups, AdminListener& listener)
        : topics_(topics), groups_(groups), listener_(listener) {}
    TransactionsAdmin(const TransactionsAdmin&) = delete;
    TransactionsAdmin& operator=(const TransactionsAdmin&) = delete;

    // `verb` begins with "tx ".
    void ask(std::string_view verb, const Request& request, uint64_t cookie);
    // Messages of this topic may be read now.
    void on_loaded(TopicId topic);
    // As status tells of them.
    void write_status(ValueWriter& writer) const;

 private:
    struct Listing {
        uint64_t cookie = 0;
        std::string topic;  // of this one alone; empty: of all
        Offset from;
        uint64_t max = 0;
    };
    struct Listed {
        ValueWriter entries;
        uint64_t count = 0, looks = 0;
        Offset next;
        bool done = false;
    };

    void resolve(bool commit, const Request& request, uint64_t cookie);
    // False: it has to wait for the disk.
    bool try_list(const Listing& listing);
    void look_at(const Listing& listing, const Transactions& its, Listed& listed);
    bool write_one(const Listing& listing, const zb_run& message, const Exception& waits,
                   ValueWriter& writer) const;
    void refuse(uint64_t cookie, zb_result why, std::string_view sentence) {
        listener_.on_admin_answer(cookie, why, sentence);
    }

    Topics& topics_;
    Groups& groups_;
    AdminListener& listener_;
    std::list<Listing> lists_;  // that wait
};

}  // namespace zbridge::durable

// What the command line asks of topics, of groups (groups_admin.h, dead_letters.h, delays_admin.h) and of
// transactions (transactions_admin.h): msgpack in, msgpack out.
//
//   status                                          {store: {...}, topics: [{...}, ...], groups: ...,
//                                                    transactions: {...}}
//   topic ls                                        [{name, state, messages, bytes, ...}, ...]
//   topic show    {topic}                           one of these, with its options
//   topic create  {topic, options?}                 {topic}
//   topic set     {topic, options}                  {topic}; options: {retention.age: ns, keep: "all",
//                                                   max_message: null ...}, null: as it is by itself
//   topic purge   {topic, below?: offset}           {topic, floor}
//   topic rm      {topic}                           {topic}
//   topic browse  {topic, from?: offset, max?}      [{offset, id, stored_ms, ..., frames}, ...]
//   topic query   {topic, key | id | from_ms?, to_ms?; max?}      likewise (queries.h)
//   trace         {id}                              (traces.h)
//
// Thread:  the reactor. An answer comes when what was asked is durable, or read.
// Failure: ZB_INVALID, ZB_NOT_FOUND, ZB_WRONG_STATE, ZB_FAILED, ZB_UNSUPPORTED with a sentence.
// Limits:  kBrowseMax messages or about kBrowseBytesMax bytes an answer; of kBrowsesMax that wait
//          for the disk a further one is refused: ZB_FULL.
#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <string_view>

#include "plugins/durable/admin/dead_letters.h"
#include "plugins/durable/admin/delays_admin.h"
#include "plugins/durable/admin/groups_admin.h"
#include "plugins/durable/admin/listener.h"
#include "plugins/durable/admin/queries.h"
#include "plugins/durable/admin/traces.h"
#include "plugins/durable/admin/transactions_admin.h"
#include "plugins/durable/admin/values.h"
#include "plugins/durable/log.h"
#include "plugins/durable/topics/topics.h"

namespace zbridge::durable {

class Admin {
 public:
    static constexpr uint32_t kBrowseDefault = 20;
    static constexpr uint32_t kBrowseMax = 1'000;
    static constexpr uint64_t kBrowseBytesMax = 1 << 20;
    static constexpr size_t kBrowsesMax = 16;

    // All outlive it.
    Admin(Topics& topics, Groups& groups, Log& log, const Clock& clock, AdminListener& listener)
        : topics_(topics),
          groups_(groups),
          log_(log),
          clock_(clock),
          listener_(listener),
          letters_(topics, groups, listener),
          groups_admin_(topics, groups, letters_, clock, listener),
          delays_admin_(topics, groups, clock, listener),
          transactions_admin_(topics, groups, listener),
          queries_(
              topics, log,
              [this](uint64_t cookie, zb_result result, std::string_view body) {
                  listener_.on_admin_answer(cookie, result, body);
              },
              [this] { listener_.on_admin_unfinished(); }),
          traces_(topics, groups, log, clock, listener) {}
    Admin(const Admin&) = delete;
    Admin& operator=(const Admin&) = delete;

    void ask(std::string_view verb, std::string_view body, uint64_t cookie);
    // Messages of this topic may be read now.
    void on_loaded(TopicId topic);
    void go_on() { queries_.go_on(); }
    // The end begins: nothing that takes long goes on.
    void stop() {
        queries_.stop();
        traces_.stop();
    }

 private:
    struct Browse {
        uint64_t cookie = 0;
        TopicId topic;
        Offset from;
        uint32_t max = 0;
    };

    void ask_of(const Topic& topic, std::string_view verb, const Request& request, uint64_t cookie);
    std::string status() const;
    std::string list() const;
    std::string show(const Topic& topic) const;
    void write_store(ValueWriter& writer) const;
    void write_topic(const Topic& topic, ValueWriter& writer, bool options) const;
    void create(const Request& request, uint64_t cookie);
    void set(const Topic& topic, const Request& request, uint64_t cookie);
    void purge(const Topic& topic, const Request& request, uint64_t cookie);
    void remove(const Topic& topic, uint64_t cookie);
    void browse(const Topic& topic, const Request& request, uint64_t cookie);
    // False: it has to wait for the disk.
    bool try_browse(const Browse& browse);
    void answer(uint64_t cookie, std::string_view body) {
        listener_.on_admin_answer(cookie, ZB_OK, body);
    }
    void refuse(uint64_t cookie, zb_result why, std::string_view sentence) {
        listener_.on_admin_answer(cookie, why, sentence);
    }

    Topics& topics_;
    Groups& groups_;
    Log& log_;
    const Clock& clock_;
    AdminListener& listener_;
    DeadLetters letters_;
    GroupsAdmin groups_admin_;
    DelaysAdmin delays_admin_;
    TransactionsAdmin transactions_admin_;
    std::list<Browse> browses_;  // that wait
    Queries queries_;
    Traces traces_;
};

}  // namespace zbridge::durable

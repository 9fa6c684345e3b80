// What the command line asks of messages that wait for their time: a piece of the work a call, the
// caller goes on.
//
//   delay ls          {topic, due_ms?, offset?, max?}   {messages: [{id, due_ms, ...}], due_ms,
//                                                        offset, done}: the next ones first. Not
//                                                        done: it goes on with these two
//   delay recall      {id}                              {id, topics, recalled}
//   delay reschedule  {id, time_ms | in_ms}             {id, topics, rescheduled, due_ms}
//
// `id`: a receipt's. What was published as one to several topics has one id, and is recalled, or
// rescheduled, as one.
//
// Flow:    an id: halved between offsets, as ids rise with them (groups/delays.h) -> read -> done
// Promise: what was recalled is never delivered, what was rescheduled not before its new time, also
//          over a crash: both are answered when they are durable. Until its message is delivered
//          both can be done; a time that is over by now: it is delivered at once.
// Thread:  the reactor. An answer comes when what was asked is durable, or read.
// Failure: ZB_INVALID, ZB_NOT_FOUND, ZB_FULL, ZB_FAILED, ZB_UNSUPPORTED with a sentence.
// Limits:  kListMax messages or about kBytesMax bytes a call of `delay ls`, which looks at kLooksMax
//          that are for other topics; of kPiecesMax that wait for the disk a further one is refused.
#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/message_id.h"
#include "plugins/durable/admin/listener.h"
#include "plugins/durable/admin/values.h"
#include "plugins/durable/groups/groups.h"

namespace zbridge::durable {

class DelaysAdmin {
 public:
    static constexpr uint64_t kListMax = 64;
    static constexpr uint64_t kBytesMax = 1 << 20;
    static constexpr size_t kLooksMax = 20'000;
    static constexpr size_t kPiecesMax = 16;

    // All outlive it.
    DelaysAdmin(Topics& topics, Groups& groups, const Clock& clock, AdminListener& listener)
        : topics_(topics), groups_(groups), clock_(clock), listener_(listener) {}
    DelaysAdmin(const DelaysAdmin&) = delete;
    DelaysAdmin& operator=(const DelaysAdmin&) = delete;

    // `verb` begins with "delay ".
    void ask(std::string_view verb, const Request& request, uint64_t cookie);
    // Messages of this topic may be read now.
    void on_loaded(TopicId topic);

 private:
    enum class Verb : uint8_t { kList, kRecall, kReschedule };
    struct Piece {
        Verb verb{};
        uint64_t cookie = 0;
        // Of a list: what was looked at, and what was found.
        TopicId target;
        Exceptions::Due at{};
        uint64_t max = 0;
        size_t looks = 0;
        std::string found;
        uint64_t messages = 0;
        // Of one message: it is between these offsets.
        MessageId id;
        Offset low, high;
        int64_t due_ms = 0;
    };
    enum class Read : uint8_t { kHere, kNone, kLater, kFailed };

    void list(const Request& request, uint64_t cookie);
    void change(std::string_view verb, const Request& request, uint64_t cookie);
    std::optional<int64_t> wanted_due(const Request& request, uint64_t cookie);
    // False: it has to wait for the disk.
    bool try_piece(Piece& piece);
    bool try_list(Piece& piece);
    bool try_change(Piece& piece);
    Read find(Piece& piece);
    void act(const Piece& piece, const std::vector<Delayed>& waiting,
             const std::vector<std::string>& names);
    void refuse_late(const Piece& piece, bool was_there);
    // The message at this offset, or the first one behind it.
    Read read(const Piece& piece, Offset offset, zb_run& one);
    void begin(Piece piece);
    int64_t now_ms() const { return clock_.wall_us() / 1000; }
    void refuse(uint64_t cookie, zb_result why, std::string_view sentence) {
        listener_.on_admin_answer(cookie, why, sentence);
    }

    Topics& topics_;
    Groups& groups_;
    const Clock& clock_;
    AdminListener& listener_;
    std::list<Piece> pieces_;  // that wait
};

}  // namespace zbridge::durable

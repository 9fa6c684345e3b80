// What the command line asks of dead letters: a piece of the work a call, the caller goes on.
//
//   dead ls       {group, where?, id?, from?, below?, max?}     {letters: [{offset, origin, ...}]}
//   dead redrive  the same, and dry_run?                        {matched, redriven, refused, reason}
//   dead rm       the same                                      {matched, removed}
//   dead edit     {group, offset, body}                         {offset}
//
// All but `edit` answer also {next, below, done}: what is asked is done, or goes on with these two
// as `from` and `below`. `where`: tags or SQL92, as a group's filter, which may also name
// origin, reason, attempts, stored_ms, died_ms and redriven (how often it was) of a letter; `id`: the letter's, or the one
// that the message had, its producer's too.
//
// Promise: a letter that was published again, edited or removed is never told of again, also after a
//          crash: it is marked in the batch that publishes it. What is done with from the oldest one
//          on is given back to the disk.
// Thread:  the reactor. An answer comes when what was asked is durable, or read.
// Failure: ZB_INVALID, ZB_NOT_FOUND, ZB_FULL, ZB_FAILED, ZB_UNSUPPORTED with a sentence. `stopped`
//          of an answer: nothing more can be published now, `reason` says why.
// Limits:  kLettersMax letters or about kBytesMax bytes are looked at a call; of kPiecesMax that wait
//          for the disk a further one is refused.
#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/durable/admin/listener.h"
#include "plugins/durable/admin/values.h"
#include "plugins/durable/groups/dead_letter.h"
#include "plugins/durable/groups/filter.h"
#include "plugins/durable/groups/groups.h"

namespace zbridge::durable {

class DeadLetters {
 public:
    static constexpr uint32_t kLettersMax = 1'000;
    static constexpr uint64_t kBytesMax = 1 << 20;
    static constexpr size_t kPiecesMax = 16;

    // All outlive it.
    DeadLetters(Topics& topics, Groups& groups, AdminListener& listener)
        : topics_(topics), groups_(groups), listener_(listener) {}
    DeadLetters(const DeadLetters&) = delete;
    DeadLetters& operator=(const DeadLetters&) = delete;

    // `verb` begins with "dead ".
    void ask(std::string_view verb, const Request& request, uint64_t cookie);
    // Messages of this topic may be read now.
    void on_loaded(TopicId topic);

    // Where a group's dead letters go.
    static std::string topic_of(const Group& group);
    // How many are there and not done with.
    uint64_t waiting_of(const Group& group) const;

 private:
    enum class Verb : uint8_t { kList, kRedrive, kRemove, kEdit };
    struct Piece {
        Verb verb{};
        uint64_t cookie = 0;
        TopicId topic;
        std::string group, id;
        std::optional<GroupFilter> where;
        Offset from, below;
        uint32_t max = 0;
        bool dry_run = false;
        std::string body;  // of an edited one
    };
    // What has become of it.
    struct Done {
        std::vector<zb_run> listed;  // one message each
        uint64_t matched = 0, done = 0, refused = 0;
        std::string reason;  // of the first one that was refused
        Offset next;
        bool stopped = false;
    };

    std::optional<Piece> piece_of(std::string_view verb, const Request& request, uint64_t cookie);
    // False: it has to wait for the disk.
    bool try_piece(const Piece& piece);
    void look_at(const Piece& piece, const zb_run& run, Done& done);
    bool is_asked_for(const Piece& piece, const zb_run& one, const ReadLetter& letter) const;
    // False: not now, or not any more.
    bool act_on(const Piece& piece, const zb_run& one, const ReadLetter& letter, Done& done);
    bool redrive(const Piece& piece, const zb_run& one, const ReadLetter& letter, Done& done);
    bool give_in_place(const Piece& piece, Offset at, const Groups::Holder& holder, Done& done);
    bool is_there(const Groups::Holder& holder) const;
    void answer(const Piece& piece, const Done& done, bool all);
    void write_letters(const std::vector<zb_run>& letters, ValueWriter& writer) const;
    // What is done with from the oldest one on.
    Offset done_below(const Topic& topic, const Group& marks) const;
    uint64_t waiting(const Topic& topic) const;
    void refuse(uint64_t cookie, zb_result why, std::string_view sentence) {
        listener_.on_admin_answer(cookie, why, sentence);
    }

    Topics& topics_;
    Groups& groups_;
    AdminListener& listener_;
    std::list<Piece> pieces_;  // that wait
};

}  // namespace zbridge::durable

// Remembers what was asked under which key: a repeat joins the request that runs, or gets the reply
// that is stored.
//
// An entry begins with the first request of its key, which leads it. It ends when that request ends
// without having been in a worker's hands, or one window after its reply was stored. A request that
// ended in an error while a worker may still answer it lingers for one window: a repeat joins it,
// so that the work is not done twice. Errors are not stored.
// Where notes of requests are kept, those of an entry stay open as long as it is there: so that it
// is there again after a restart, for the rest of its window.
// Limits:  entries_max, and kShareOfMemory of the budget for keys and stored replies: the oldest
//          entry that nobody waits for goes first, and is counted (dropped()). Entries of running
//          requests are as many as the service lets run.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <unordered_map>

#include "bridge/base/memory.h"
#include "bridge/model/message.h"
#include "bridge/rpc/due_line.h"
#include "bridge/rpc/frames.h"
#include "bridge/rpc/options.h"
#include "bridge/rpc/request.h"

namespace zbridge::rpc {

// The key of a request's body; none: it has none, and is not looked for.
using DedupKey = std::function<std::optional<std::string>(const Message& body)>;

struct DedupEntry {
    const std::string* key = nullptr;                  // the table's
    Request* leader = nullptr;                         // null: the reply is stored
    LinkedList<Request, &Request::stage_link> joined;  // oldest first
    // The stored reply, from its empty frame on. Bytes of its own: a share of a chunk would keep
    // all of that for a window.
    std::string reply;
    size_t reply_body = 0;  // of reply: where the frame behind the empty one begins
    uint64_t number = 0;    // of the request whose notes hold the stored reply; 0: none do
    Instant due{};
    Link<DedupEntry> due_link;  // of stored and lingering ones
};

class Dedup {
 public:
    static constexpr uint64_t kShareOfMemory = 4;  // a quarter

    // `on_forgotten` gets a lingering request whose entry goes, `on_dropped` the number of a stored
    // reply, if it has one.
    Dedup(const DedupOptions& options, const Clock& clock, Timers& timers, MemoryBudget& memory,
          std::function<void(Request&)> on_forgotten,
          std::function<void(uint64_t number)> on_dropped = {});
    ~Dedup();
    Dedup(const Dedup&) = delete;
    Dedup& operator=(const Dedup&) = delete;

    DedupEntry* find(const std::string& key);
    // REQUIRES: the key has no entry.
    DedupEntry& begin(std::string key, Request& leader);
    // The leader was answered; it is free to go. The entry is the table's from now on, and may be
    // gone at once.
    void store(DedupEntry& entry, const ReplyFrames& reply, uint64_t number = 0);
    // The same for a reply of a life before: `left` of its window.
    void recover(std::string key, const ReplyFrames& reply, uint64_t number, Duration left);
    // REQUIRES: it is stored.
    ReplyFrames stored(const DedupEntry& entry) const;
    // Nobody waits for the leader any more, but its reply may come.
    void linger(DedupEntry& entry);
    void recover_lingering(DedupEntry& entry, Duration left);
    // Ends the entry. REQUIRES: nobody has joined it.
    void erase(DedupEntry& entry);

    size_t size() const { return entries_.size(); }
    uint64_t bytes() const { return bytes_; }      // of keys and stored replies
    uint64_t dropped() const { return dropped_; }  // before their window was over

 private:
    DedupEntry& add(std::string key);
    void fill(DedupEntry& entry, const ReplyFrames& reply, uint64_t number);
    void on_due(DedupEntry& entry);
    void count(uint64_t bytes);
    bool too_many_bytes() const;
    bool drop_oldest();  // false: not now

    DedupOptions options_;
    const Clock& clock_;
    MemoryBudget& memory_;
    std::function<void(Request&)> on_forgotten_;
    std::function<void(uint64_t)> on_dropped_;
    std::unordered_map<std::string, DedupEntry> entries_;
    DueLine<DedupEntry, &DedupEntry::due_link, &DedupEntry::due> due_;
    uint64_t bytes_ = 0;
    uint64_t dropped_ = 0;
};

}  // namespace zbridge::rpc

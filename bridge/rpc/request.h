// A request: what a client asked, until it is answered, refused or no longer wanted.
#pragma once

#include <cstdint>
#include <memory>

#include "bridge/base/clock.h"
#include "bridge/base/memory.h"
#include "bridge/model/ids.h"
#include "bridge/model/refusal.h"
#include "bridge/rpc/linked_list.h"

namespace zbridge::rpc {

struct Client;
struct DedupEntry;
class Worker;

// The frames behind a worker's corr, or what dedup has stored of them.
struct ReplyFrames {
    Slice wire;
    size_t delimiter = 0;  // where the empty frame begins
    size_t body = 0;       // where the first frame behind it does
};

// The empty frame alone.
inline constexpr size_t kBareEnvelopeBytes = 2;

enum class Stage : uint8_t {
    kNoting,        // it is being stored
    kWaiting,       // in the line
    kMarking,       // that a worker will have it is being stored
    kWithWorker,    // a worker has it, its time runs
    kInGrace,       // its worker is gone; it may come back with the reply
    kAwaitingLate,  // it is not given to anybody again; a reply may still come
    kJoined,        // the reply to another with the same key will be its reply too
    kReplying,      // its reply is being stored, and leaves then
};

struct Request {
    uint64_t number = 0;
    Stage stage = Stage::kWaiting;
    uint8_t attempt = 0;                 // the newest: of which a byte may have left
    Refusal cause = Refusal::kNoWorker;  // what its error says if its time ends now
    bool delimited = true;               // false: it came without an envelope, all of it is body
    bool noted = false;                  // its notes are open, and end with it
    bool in_doubt = false;      // a life before may have given it away, how often is not known
    bool marked = false;        // a note says that a worker may have it
    bool own_deadline = false;  // its client's, before the service's: in OwnDeadlines
    bool told = false;          // another says that its client does not wait for it any more
    Epoch epoch;                // of the life that accepted it: as its corr says

    Slice wire;                 // as it came
    size_t envelope_bytes = 0;  // of wire, up to and including the empty frame
    size_t body_from = 0;       // of wire: where the empty frame begins, if there is one

    Client* client = nullptr;     // who waits for it; null: nobody, but dedup keeps it
    Worker* worker = nullptr;     // that has the newest attempt
    DedupEntry* entry = nullptr;  // of its key; it leads it unless it is kJoined

    uint64_t note = 0;                   // that is being stored
    uint64_t answer_number = 0;          // its own, if its notes are open until its answer is there
    std::unique_ptr<ReplyFrames> reply;  // kReplying

    Instant deadline{};
    Instant stage_due{};
    Link<Request> stage_link;  // in the list of its stage
    Link<Request> deadline_link;
    Link<Request> client_link;          // the requests of one client, oldest first
    Request* next_in_bucket = nullptr;  // RequestTable's

    bool has_deadline() const { return own_deadline || deadline_link.linked; }
    // No worker has it, or ever had.
    bool is_undispatched() const {
        return stage == Stage::kNoting || stage == Stage::kWaiting || stage == Stage::kMarking;
    }
    // The reply's envelope is more than the bare empty frame: the client tells a late reply from
    // the one it waits for.
    bool correlates() const { return envelope_bytes > kBareEnvelopeBytes; }
};

}  // namespace zbridge::rpc

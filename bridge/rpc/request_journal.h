// The requests of services with `restart: resume`, as they stand in the store.
//
// Flow:    start: the store's open notes -> recover() -> begin() -> each service's take()
//          then:  accept -> note_request() -> on_committed() -> dispatch, note_dispatch() -> settle,
//          note_reply() -> the client has it -> done(), which closes the notes
// Thread:  the reactor thread only. Shared by the services of one bridge, which it outlives.
// Promise: notes of a request that has not ended are open; those of one that has ended are closed,
//          or were not written. A number that take() gave is that of the life that accepted the
//          request, and no request of this life has it: RequestNumbers go on above highest().
// Failure: a note that the store refuses is none (store_full, or failed() for ever). After
//          on_store_failed() nothing is promised over a restart.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bridge/base/clock.h"
#include "bridge/model/ids.h"
#include "bridge/rpc/frames.h"
#include "bridge/rpc/note.h"
#include "bridge/telemetry/log.h"

namespace zbridge::rpc {

// Where the notes are: the bridge's engine; a fake in tests.
class NoteStore {
 public:
    virtual ~NoteStore() = default;
    // Returns the number that on_committed() will name, which rises; none: it is not taken. Notes
    // of a key are open until one that `closes` it.
    virtual std::optional<uint64_t> note(uint64_t key, NoteKind kind, std::string_view bytes,
                                         bool closes) = 0;
    // It takes no more notes, ever.
    virtual bool failed() const = 0;
};

// A request of a life before. It stays where it is: its notes are views of its bytes.
struct Recovered {
    std::string request_bytes, reply_bytes;
    RequestNote request;
    uint8_t attempt = 0;             // of its dispatch note; 0: there is none
    std::optional<ReplyNote> reply;  // the first one
    std::optional<int64_t> replied_us;
};

class RequestJournal {
 public:
    // Why notes of an answered request are still open.
    enum class Need : uint8_t {
        kAnswer = 1,   // its client does not have it yet
        kRepeats = 2,  // it is the stored reply to repeats of its key
    };

    class Listener {
     public:
        virtual ~Listener() = default;
        virtual void on_committed(uint64_t number) = 0;
        virtual void on_store_failed() = 0;
    };

    // `endpoints`: their names, by EndpointId. `log`: none in tests.
    RequestJournal(NoteStore& store, const Clock& clock, std::vector<std::string> endpoints,
                   telemetry::Log* log = nullptr);

    // An open note of a life before, in the order of their writing. Before begin().
    void recover(uint64_t key, NoteKind kind, std::string_view bytes);
    // An error: a note cannot be read.
    Status begin();
    uint64_t highest() const { return highest_; }
    // Those of this service, in the order of their numbers.
    std::map<uint64_t, Recovered> take(const std::string& service);
    // Ends those that no service took: theirs is not in the file any more, or does not resume.
    void abandon_rest();

    void listen(Listener& listener) { listeners_.push_back(&listener); }
    void on_committed(uint64_t number);
    void on_store_failed();
    bool failed() const { return store_.failed(); }

    std::optional<uint64_t> note_request(uint64_t number, const RequestNote& note);
    std::optional<uint64_t> note_dispatch(uint64_t number, uint8_t attempt);
    std::optional<uint64_t> note_reply(uint64_t number, const ReplyFrames& reply);
    // Its client has been told all it will be; the notes stay open.
    std::optional<uint64_t> note_told(uint64_t number);
    // It has ended: nothing of it is to be known any more.
    void close(uint64_t number);

    // From here on done() decides: the notes of `number` are closed when nobody needs them.
    void need(uint64_t number, Need need);
    void done(uint64_t number, Need need);
    size_t needed() const { return needs_.size(); }

    // Empty: there is none.
    std::string_view endpoint_name(EndpointId id) const;
    std::optional<EndpointId> endpoint_named(std::string_view name) const;

    // Said once by each service.
    void tell_unresumable(const std::string& service);

 private:
    static Status read(Recovered& into, NoteKind kind, std::string_view bytes);

    NoteStore& store_;
    const Clock& clock_;
    std::vector<std::string> endpoints_;
    telemetry::Log* log_;
    std::map<uint64_t, Recovered> recovered_;
    Status unreadable_;
    uint64_t highest_ = 0;
    std::vector<Listener*> listeners_;
    std::unordered_map<uint64_t, uint8_t> needs_;  // looked up only
    std::string bytes_;                            // kept for its memory
};

}  // namespace zbridge::rpc

// The reference model of a service: who asked what, who did it, who got the answer.
//
// Client:  gets the replies to its own requests, in their own envelopes, each request at most one
// answer; a REQ that does
//          not correlate gets none but the newest one's.
// Execute: at_most_once: no request is done twice. at_least_once: no more often than its retries
// allow, and only once
//          where no worker was lost or too slow.
// A client with a routing id is the same one after it has come back.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bridge/rpc/options.h"
#include "bridge/rpc/status.h"
#include "tests/sim/wire.h"

namespace zbridge::sim {

class RpcModel {
 public:
    using Fail = std::function<void(const std::string&)>;
    RpcModel(rpc::ServiceOptions options, Fail fail)
        : options_(std::move(options)), fail_(std::move(fail)) {}

    struct Asked {
        std::string label;    // names the request; begins with '@'
        std::string persona;  // of the client: its routing id, or what is its own
        uint32_t client = 0;  // the connection
        size_t index = 0;     // among its requests
        Frames envelope;      // with the empty frame; none in raw
        std::string key;      // of dedup
        bool lockstep = false, correlates = false;
    };
    // The client says it now. Returns its number.
    size_t on_asked(Asked asked);
    void on_executed(const std::string& worker, const std::string& label);
    // Lay in the wire of a worker that has gone: it may have been done as well.
    void on_lost_with_worker(const std::string& label);
    // Which request it answers: the index among those of that connection.
    struct Answered {
        uint32_t client = 0;
        size_t index = 0;
        bool unsure = false;  // several were read at once: it may be one before
    };
    // Of the worker's reply, or of an error. `newest`: that the bridge had read before it said
    // this. None: that cannot be told, or is told to be wrong.
    std::optional<Answered> on_answer(const std::string& client_name, const std::string& persona,
                                      uint32_t client, const Frames& frames,
                                      std::optional<Answered> newest);
    void on_worker_trouble() { trouble_ = true; }
    // The bridge was killed and is there again: what it had accepted is gone, and connections from
    // `first_client` on get no answer to it. It counts anew.
    void on_restart(uint32_t first_client, const rpc::ServiceStatus& before);

    // `live`: connections that are still there; `dropped`: answers that they had no room for. All
    // is quiet and workers are there.
    void check(const std::string& name, const rpc::ServiceStatus& status,
               const std::vector<uint32_t>& live, uint64_t messages_in, uint64_t dropped) const;
    uint64_t answers() const { return replies_ + errors_; }
    uint64_t executions() const { return executions_; }

    static constexpr const char* kReplyPrefix = "done ";
    static std::string label_in(const std::string& frame);  // empty if there is none

 private:
    struct Request : Asked {
        uint32_t executed = 0, lost = 0, replies = 0, errors = 0;
        bool superseded = false;  // the client has asked something else since
        uint32_t life = 0;        // of the bridge
        bool answered() const { return replies + errors > 0; }
    };
    Request* find(const std::string& persona, uint32_t client, const Frames& frames, bool error,
                  std::optional<Answered> newest);

    rpc::ServiceOptions options_;
    Fail fail_;
    std::vector<Request> requests_;  // in the order of their asking
    std::map<std::string, size_t> by_label_;
    std::map<std::string, std::vector<size_t>> by_persona_;
    std::map<std::string, uint64_t> unnamed_;  // by persona: answers that name no request
    uint64_t replies_ = 0, errors_ = 0, executions_ = 0;
    bool trouble_ = false;  // a worker was lost, or slow
    uint32_t life_ = 0, life_from_client_ = 0;
    uint64_t answered_before_ = 0;  // as counted in earlier lives
};

}  // namespace zbridge::sim

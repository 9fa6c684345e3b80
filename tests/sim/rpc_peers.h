// The applications of a service: clients that ask, workers that answer.
#pragma once

#include <deque>
#include <string>

#include "tests/sim/rpc_model.h"
#include "tests/sim/sim_peer.h"

namespace zbridge::sim {

// A REQ or DEALER.
class Client final : public SimPeer {
 public:
    struct Ways {
        bool correlates =
            false;         // a REQ: REQ_CORRELATE; a DEALER: its own id before the empty frame
        bool raw = false;  // a DEALER: no empty frame
        Duration
            patience{};  // a REQ: asks something else after so long (RELAXED); 0: waits for ever
        size_t body_bytes_max = 100;
        uint32_t keys = 0;    // of dedup: its bodies begin with one of so many; 0: none
        size_t endpoint = 0;  // a routing id is another client's at another one
    };
    Client(PeerSetup setup, Surroundings around, Ways ways, RpcModel& model);

    void ask(uint64_t times);
    uint64_t asked() const { return asked_; }
    const std::vector<uint64_t>& ends() const { return ends_; }  // of its requests, in its bytes
    // The bridge has read so many bytes of it, and has `appended` bytes for it so far.
    void on_read(uint64_t bytes, uint64_t appended);

 private:
    void on_ready() override { ask_next(); }
    void on_frames(Frames frames) override;
    void ask_next();
    void ask_one();

    Ways ways_;
    RpcModel& model_;
    std::string persona_;
    uint64_t planned_ = 0, asked_ = 0;
    bool waiting_ = false;  // a REQ: for the answer to its newest request
    std::vector<uint64_t> ends_;
    std::vector<uint64_t> said_before_;  // by the bridge, when it had read each request
};

// A REP, REQ, DEALER or ROUTER.
class Worker final : public SimPeer {
 public:
    struct Ways {
        uint32_t credit = 1;        // what it may be given before it replies
        Duration work_max{};        // on one request
        uint32_t stuck_in_100 = 0;  // works until hurry_up()
        uint32_t twice_in_100 = 0;  // replies twice
        size_t reply_bytes_max = 100;
        Duration slow_from{};  // work that takes longer may be too slow
    };
    Worker(PeerSetup setup, Surroundings around, Ways ways, RpcModel& model);

    // It is `before`, connected again: busy with what that one has not answered, and answers that
    // first. Until `patience` is over, or it has spoken, it must be given nothing.
    void take_over(Worker& before, Duration patience);
    bool busy() const { return !held_.empty(); }

    // All it has is answered now, and what comes at once.
    void hurry_up();
    uint64_t in_work() const { return held_.size(); }

 private:
    struct Held {
        uint64_t number = 0;
        Frames envelope, body;
        bool from_before = false;  // of an earlier connection
    };
    void on_ready() override;
    void on_frames(Frames frames) override;
    void on_gone() override { model_.on_worker_trouble(); }
    bool many_at_once() const { return type() == "DEALER" || type() == "ROUTER"; }
    void reply(uint64_t number);

    Ways ways_;
    RpcModel& model_;
    std::deque<Held> held_;
    uint64_t next_ = 1;
    bool hurries_ = false;
    bool silent_ = false;  // taken over, and has not spoken yet
    Instant silent_until_{};
};

}  // namespace zbridge::sim

// Messages of a load that are answered, by one DEALER a producer: requests to a service, as a REQ sends them, or
// messages with receipts.
//
// Limits:  `window` of a producer without an answer; then it is another one's turn.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "bridge/cli/bench/sink.h"
#include "bridge/net/dialled/plain_socket.h"

namespace zbridge::cli::bench {

class AskingSink final : public Sink {
 public:
    enum class Kind : uint8_t { kReceipts, kCalls };
    struct Setup {
        std::string address;
        Kind kind = Kind::kCalls;
        uint16_t producers = 1;
        uint64_t window = 0;  // 0: any number
        bool echo = false;    // the reply is to be the request
    };
    static Result<std::unique_ptr<AskingSink>> open(net::PlainSockets& sockets, const Setup& setup);

    bool answers() const override { return true; }
    std::optional<uint16_t> next_producer() override;
    Result<bool> send(const Stamp& stamp, std::string_view body) override;
    Status hear(Duration time, bool for_room, const OnOutcome& on_outcome) override;

    // Answers to what has one already, or to nothing that was asked.
    uint64_t answered_again() const { return again_; }

 private:
    struct Producer {
        std::unique_ptr<net::PlainSocket> socket;
        std::deque<Stamp> in_order{};                // receipts come so
        std::unordered_multiset<uint64_t> called{};  // replies as they may
        uint64_t open() const { return in_order.size() + called.size(); }
    };
    explicit AskingSink(const Setup& setup) : setup_(setup) {}
    Status take_answers(Producer& producer, const OnOutcome& on_outcome);
    void take_receipt(Producer& producer, size_t frames, const OnOutcome& on_outcome);
    void take_reply(Producer& producer, size_t frames, const OnOutcome& on_outcome);

    const Setup setup_;
    std::vector<Producer> producers_;
    std::vector<net::PlainSocket*> all_;
    std::vector<std::string> frames_;
    uint16_t next_ = 0;
    bool blocked_ = false;  // the one whose turn it is could not send
    uint64_t again_ = 0;
};

}  // namespace zbridge::cli::bench

// Messages of a load into a topic, as `zbridge pub` publishes: each has a receipt once it is stored.
//
// Limits:  a PUBLISH is as Publishing has it.
#pragma once

#include <deque>
#include <string>

#include "bridge/cli/bench/sink.h"
#include "bridge/cli/conversation.h"

namespace zbridge::cli::bench {

class TopicSink final : public Sink {
 public:
    TopicSink(std::unique_ptr<Conversation> bridge, std::string topic)
        : bridge_(std::move(bridge)), topic_(std::move(topic)) {}

    bool answers() const override { return true; }
    std::optional<uint16_t> next_producer() override { return 0; }
    Result<bool> send(const Stamp& stamp, std::string_view body) override;
    Status hear(Duration time, bool for_room, const OnOutcome& on_outcome) override;

 private:
    Status publish();
    void take(const telemetry::Report& receipt, const OnOutcome& on_outcome);

    std::unique_ptr<Conversation> bridge_;
    const std::string topic_;
    std::string block_;
    uint64_t batch_ = 0;  // messages in it
    uint64_t next_seq_ = 1;
    std::deque<Stamp> open_;  // without an outcome, which come in their order
};

}  // namespace zbridge::cli::bench

// Publishes messages one after the other, in batches, and waits for what became of them.
//
// Limits:  kBatchMessagesMax and about kBatchBytesMax in a PUBLISH; kWindow messages without an
//          outcome, then it waits.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bridge/cli/conversation.h"
#include "bridge/cli/message_frames.h"
#include "bridge/telemetry/report.h"

namespace zbridge::cli {

// What is said of each message.
struct Attributed {
    std::vector<std::string> keys;
    std::optional<std::string> tag, order_key, id;
    std::optional<uint64_t> priority;
    std::optional<int64_t> deliver_at_ms;
    std::vector<std::pair<std::string, telemetry::Report>> properties;

    // As PUBLISH has it; null: nothing is said.
    telemetry::Report report() const;
};

struct Published {
    uint64_t stored = 0, duplicates = 0;
    std::string first_id, last_id;            // of what was stored
    std::map<std::string, uint64_t> refused;  // "topic_full: ..." -> how many

    telemetry::Report report(const std::string& topic) const;
};

class Publishing {
 public:
    static constexpr uint64_t kBatchMessagesMax = 1'000;
    static constexpr size_t kBatchBytesMax = 256 * 1024;
    static constexpr uint64_t kWindow = 10'000;

    // Both outlive it.
    Publishing(Conversation& bridge, const std::string& topic) : bridge_(bridge), topic_(topic) {}

    Status add(const MessageFrames& frames, const Attributed& its);
    // The rest, and waits for all outcomes.
    Result<Published> finish();

 private:
    Status send_batch();
    Status wait_for(uint64_t open_max);
    void take(const telemetry::Report& receipt);

    Conversation& bridge_;
    const std::string& topic_;
    std::string block_;
    telemetry::Report attributes_ = telemetry::Report::list();  // an entry a message of the block
    bool has_attributes_ = false;
    uint64_t batch_ = 0;  // messages in it
    uint64_t next_seq_ = 1;
    uint64_t told_ = 0;  // outcomes
    Published published_;
};

}  // namespace zbridge::cli

// A batch on its way to the log, and all that is to happen once it is committed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bridge/base/memory.h"
#include "plugins/durable/ids.h"
#include "plugins/durable/index/index.h"
#include "plugins/durable/store.h"
#include "plugins/durable/topics/keeper.h"
#include "plugins/durable/topics/tenant.h"
#include "plugins/sdk/zbridge_engine.h"

namespace zbridge::durable {

// The messages of one MSG record. Those of a topic are linked, in their order.
struct FilledRun {
    static constexpr uint32_t kNone = UINT32_MAX;

    TopicId topic;
    uint32_t position = 0;  // of the record, in the body
    uint32_t next = kNone;  // of this topic, in Batch::runs
    bool leads = false;     // it is the topic's first
    zb_run run{};
};

// Messages that were copied from where they lay.
struct MovedRun {
    TopicId topic;
    Run run;            // as it will be; its place is that of the batch
    uint64_t gone = 0;  // of its offsets: they have no message any more
};

struct NoteEffect {
    uint64_t key = 0;
    bool closes = false;
    RecordPlace at;  // the batch's own place is not known yet
};

// What is no message, and was written again.
struct WrittenAgain {
    Keeper* keeper = nullptr;
    uint64_t key = 0;
    std::vector<RecordPlace> records;  // likewise
};

// Who is told when what was done is durable: a command, who has settled messages, or the tenant.
struct Answer {
    enum class To : uint8_t { kCommand, kSettler, kTenant };
    uint64_t cookie = 0;
    std::string body;
    To to = To::kCommand;
};

struct Batch {
    ChunkRef chunk;
    BatchMemory memory;

    std::vector<FilledRun> runs;
    std::vector<MovedRun> moved;
    std::vector<WrittenAgain> again;
    std::vector<NoteEffect> notes;
    std::vector<TenantEffect> effects;
    std::vector<Answer> answers;
    uint64_t last_number = 0;  // 0: it has none
    bool begins_snapshot = false, ends_snapshot = false;

    bool empty() const { return memory.records == 0 && last_number == 0 && answers.empty(); }
};

}  // namespace zbridge::durable

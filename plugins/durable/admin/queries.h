// Messages of a topic that are looked for by a key, an id, or their time; nothing is changed.
//
// Flow:    by time:  the index says where to begin -> read on, until it is another time
//          by key, id:  each segment's digest, and what has none, on a helper's thread -> offsets,
//                       the lowest first -> each is read, and looked at as a whole
// Thread:  the reactor.
// Promise: what was committed before it was asked, and is kept, is found; each message once, in the
//          order of the topic.
// Failure: ZB_INVALID, ZB_FULL, ZB_FAILED with a sentence. What cannot be read any more is left out.
// Limits:  kMax messages or about kBytesMax bytes an answer. kReadsATurn messages are looked at in
//          one go, then `wake` is to call go_on() soon. kQueriesMax at once: a further one is
//          refused, ZB_FULL. kCandidatesMax ranges of offsets are remembered; where that is too few
//          to tell (messages with attributes that digests do not keep), ZB_FULL.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string_view>

#include "plugins/durable/admin/values.h"
#include "plugins/durable/log.h"
#include "plugins/durable/topics/topics.h"

namespace zbridge::durable {

class Queries {
 public:
    static constexpr uint32_t kDefault = 20;
    static constexpr uint32_t kMax = 1'000;
    static constexpr uint64_t kBytesMax = 1 << 20;
    static constexpr size_t kQueriesMax = 4;
    static constexpr size_t kReadsATurn = 64;
    static constexpr size_t kCandidatesMax = 10'000;

    using Answer = std::function<void(uint64_t cookie, zb_result result, std::string_view body)>;

    // All outlive it, but for what the log's threads still work on.
    Queries(Topics& topics, Log& log, Answer answer, std::function<void()> wake)
        : topics_(topics), log_(log), answer_(std::move(answer)), wake_(std::move(wake)) {}
    Queries(const Queries&) = delete;
    Queries& operator=(const Queries&) = delete;

    void begin(const Topic& topic, const Request& request, uint64_t cookie);
    // Messages of this topic may be read now.
    void on_loaded(TopicId topic);
    void go_on();
    // Those that are still looking are refused, instead of looking on.
    void stop() { stopped_ = true; }

 private:
    struct Query;
    using Shared = std::shared_ptr<Query>;

    void search(const Shared& query);
    // False: it has to wait, for the disk or its next turn.
    bool read_on(Query& query);
    void end(Query& query);
    void refuse(Query& query, zb_result why, std::string_view sentence);

    Topics& topics_;
    Log& log_;
    Answer answer_;
    std::function<void()> wake_;
    std::list<Shared> queries_;
    bool stopped_ = false;
};

}  // namespace zbridge::durable

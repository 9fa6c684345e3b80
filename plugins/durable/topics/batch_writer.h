// Fills one batch after the other: where a published message's bytes are copied, once.
//
// Flow:    has_room(), else take() -> begin() -> add_message(), add_record() ... -> take()
// Promise: consecutive messages of a topic with the same attributes share one MSG record. What was
//          written is never moved.
// Limits:  body_bytes_max a batch, or one larger message alone. Batches follow each other in
//          a chunk, so that those of a slow day are as small as what they carry; with less than
//          kRoomMin left in it the next batch has a new one.
#pragma once

#include <cstring>
#include <string_view>
#include <vector>

#include "plugins/durable/topics/batch.h"
#include "plugins/durable/topics/chunk_pool.h"
#include "plugins/durable/topics/payload.h"

namespace zbridge::durable {

class BatchWriter {
 public:
    static constexpr size_t kRoomMin = 128 << 10;
    static constexpr size_t kRunsKeptMax = 32 << 10;  // of a list that is used again

    // `pool` outlives it. REQUIRES: body_bytes_max <= Store::kBodyBytesMax.
    BatchWriter(ChunkPool& pool, size_t body_bytes_max)
        : pool_(pool), body_bytes_max_(body_bytes_max) {}

    // Bytes of a message in a record of its own.
    static size_t bytes_of(size_t attribute_bytes, size_t wire_bytes) {
        return MsgHead::kRecordHeadBytes + attribute_bytes + wire_bytes;
    }
    bool has_room(size_t bytes) const { return bytes <= static_cast<size_t>(end_ - at_); }
    // Memory for a batch of at least so many bytes. REQUIRES: nothing is written.
    void begin(size_t bytes);

    // The next message of the record that is open, if it can be one.
    bool continues(TopicId topic, MessageId id, std::string_view attributes) const {
        return open_ && topic == head_.topic &&
               id == MessageId{head_.first_id.epoch, head_.first_id.sequence + head_.count} &&
               attributes == attributes_;
    }
    // REQUIRES: continues(), has_room(wire.size()).
    void extend(std::string_view wire, uint32_t frames) {
        std::memcpy(at_, wire.data(), wire.size());
        at_ += wire.size();
        head_.count++;
        head_.frames += frames;
    }
    // REQUIRES: has_room(bytes_of()).
    void add_message(const MsgHead& head, std::string_view attributes, std::string_view wire);
    // REQUIRES: has_room(record_bytes(payload.size())).
    void add_record(RecordType type, std::string_view payload, uint8_t version = kPayloadVersion);

    // What is to happen with it. `memory` and `runs` are the writer's.
    Batch& batch() { return batch_; }
    const Batch& batch() const { return batch_; }
    size_t body_bytes() const { return static_cast<size_t>(at_ - begin_); }
    // The batch so far; the next one begins.
    Batch take();
    // Its lists are used again: a busy log allocates none.
    void give_back(Batch& batch);

 private:
    void close_record();
    void link(FilledRun& filled);

    ChunkPool& pool_;
    size_t body_bytes_max_;
    ChunkRef shared_;  // where batches follow each other
    Batch batch_;
    std::vector<FilledRun> runs_;  // empty: memory for the next batch
    // By topic: its last one in batch_.runs; where that is of another topic, it has none yet.
    std::vector<uint32_t> last_of_;
    char* begin_ = nullptr;  // of the body
    char* at_ = nullptr;
    char* end_ = nullptr;

    // The record that is open.
    bool open_ = false;
    MsgHead head_;
    char* record_ = nullptr;
    std::string_view attributes_;
};

}  // namespace zbridge::durable

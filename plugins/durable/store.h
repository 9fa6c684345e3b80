// The store seam: a log of batches. What stands above it (topics, groups, recovery) does not know
// where batches lie. journal/ is the one on this machine's disk.
//
// Flow:    engine fills a batch -> append() -> [written, synced] -> done -> receipts, visibility
// Thread:  the reactor; the work that blocks runs on executors, whose `done` comes on the reactor.
// Promise: batches are appended, and done, in the order of append(). A batch whose done said yes is
//          there after any crash; one that was not done is there whole, or not at all.
// Failure: after one append that failed every later one fails with the same status: what the log's
//          end holds is not known any more.
// Limits:  kBodyBytesMax a batch, or one larger message alone, up to body_bytes_max(). One append at
//          a time: REQUIRES !busy().
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "bridge/base/result.h"

namespace zbridge::durable {

enum class Seq : uint64_t {};  // of a batch: rises by one, never given again

// The memory of a batch: kHeadBytes for its header, the body, and room to pad it to kSectorBytes.
// The caller keeps it until done; the store writes into the head and the padding.
struct BatchMemory {
    static constexpr size_t kHeadBytes = 64;
    static constexpr size_t kSectorBytes = 512;
    static constexpr size_t capacity_for(size_t body_bytes) {
        return (kHeadBytes + body_bytes + kSectorBytes - 1) / kSectorBytes * kSectorBytes;
    }

    char* data = nullptr;  // capacity_for(body_bytes) bytes of it are there
    size_t body_bytes = 0;
    uint32_t records = 0;
    bool sync = true;  // else the system may lose it with its power: all of it is of `os` topics

    char* body() const { return data + kHeadBytes; }
};

// Where a batch lies: opaque to all but its store.
struct Place {
    uint64_t segment = 0;
    uint32_t position = 0;  // in the segment, of the header
    uint32_t body_bytes = 0;
};

struct SegmentInfo {
    uint64_t segment = 0;
    Seq first{}, last{};  // of its batches; last < first: none
    uint64_t bytes = 0;   // on the disk
    bool sealed = false;  // nothing is appended to it any more
};

class Store {
 public:
    static constexpr size_t kBodyBytesMax = 1 << 20;

    using Done = std::function<void(Status)>;

    virtual ~Store() = default;

    virtual size_t body_bytes_max() const = 0;  // of a batch of one large message
    virtual Seq next_seq() const = 0;           // of the next append
    virtual bool busy() const = 0;              // an append is not done yet
    // Where it will lie. `done` never comes within the call.
    virtual Place append(BatchMemory batch, Done done) = 0;
    // A batch, checked, into BatchMemory::capacity_for(place.body_bytes) bytes at `into`, which stay
    // until done: its body begins behind BatchMemory::kHeadBytes. Code::kIo: the disk has it no more,
    // or not as it was written: the sentence names segment and position. False: too many reads wait;
    // `done` will not come.
    [[nodiscard]] virtual bool read(Place place, char* into, Done done) = 0;

    virtual std::vector<SegmentInfo> segments() const = 0;  // the oldest first
    // Nothing in it is needed any more. REQUIRES: it is sealed.
    virtual void drop(uint64_t segment) = 0;

    // So many bytes of further batches will not have to wait for the disk to make room. No: the call
    // of at_room() comes when it is worth asking again; or full() says yes.
    virtual bool takes(size_t bytes) const = 0;
    virtual void at_room(std::function<void()> told) = 0;
    // Only the reserve is left: for what frees room, not for what fills it.
    virtual bool full() const = 0;
    virtual const Status& failure() const = 0;  // ok: none so far
    // The end, in order. Blocks. REQUIRES: !busy().
    virtual Status close() = 0;
};

}  // namespace zbridge::durable

// Owns a service's requests and finds them by number. Their memory is kept for reuse.
//
// Thread:  the reactor thread only.
// Promise: a Request stays where it is until remove(). Adding, finding and removing one allocate
//          nothing once the table has been as large before.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "bridge/rpc/request.h"

namespace zbridge::rpc {

class RequestTable {
 public:
    RequestTable();

    // REQUIRES: `number` is not 0 and not in the table.
    Request& add(uint64_t number);
    Request* find(uint64_t number) const;
    void remove(Request& request);

    size_t size() const { return size_; }
    // For checks and upkeep, not for the flow: in the order of their memory.
    template <class Visit>
    void for_each(Visit visit) const {
        for (const auto& block : blocks_) {
            for (size_t i = 0; i < kBlockRequests; i++) {
                if (block[i].number != 0) visit(block[i]);
            }
        }
    }

 private:
    static constexpr size_t kBlockRequests = 64;
    static constexpr size_t kBucketsMin = 64;  // a power of two, as all sizes of buckets_

    // Numbers rise by one across the services: their low bits spread them as well as any hash.
    size_t bucket_of(uint64_t number) const { return number & (buckets_.size() - 1); }
    void grow();

    std::vector<std::unique_ptr<Request[]>> blocks_;
    std::vector<Request*> free_;
    std::vector<Request*> buckets_;
    size_t size_ = 0;
};

}  // namespace zbridge::rpc

#include "bridge/rpc/request_table.h"

namespace zbridge::rpc {

RequestTable::RequestTable() : buckets_(kBucketsMin) {}

Request& RequestTable::add(uint64_t number) {
    if (size_ == buckets_.size()) grow();
    if (free_.empty()) {
        blocks_.push_back(std::make_unique<Request[]>(kBlockRequests));
        for (size_t i = kBlockRequests; i > 0; i--) {
            free_.push_back(&blocks_.back()[i - 1]);
        }
    }
    Request& request = *free_.back();
    free_.pop_back();
    request.number = number;
    Request*& bucket = buckets_[bucket_of(number)];
    request.next_in_bucket = bucket;
    bucket = &request;
    size_++;
    return request;
}

Request* RequestTable::find(uint64_t number) const {
    for (Request* at = buckets_[bucket_of(number)]; at != nullptr; at = at->next_in_bucket) {
        if (at->number == number) return at;
    }
    return nullptr;
}

void RequestTable::remove(Request& request) {
    Request** at = &buckets_[bucket_of(request.number)];
    while (*at != &request) {
        ZB_CHECK(*at != nullptr, request.number);
        at = &(*at)->next_in_bucket;
    }
    *at = request.next_in_bucket;
    request = Request{};
    free_.push_back(&request);
    size_--;
}

void RequestTable::grow() {
    std::vector<Request*> old(buckets_.size() * 2);
    old.swap(buckets_);
    for (Request* chain : old) {
        while (chain != nullptr) {
            Request& request = *chain;
            chain = request.next_in_bucket;
            Request*& bucket = buckets_[bucket_of(request.number)];
            request.next_in_bucket = bucket;
            bucket = &request;
        }
    }
}

}  // namespace zbridge::rpc

// The waiting line: requests that no worker has, in the order of their acceptance.
#pragma once

#include "bridge/rpc/request.h"

namespace zbridge::rpc {

class Line {
 public:
    bool empty() const { return list_.empty(); }
    size_t size() const { return list_.size(); }
    Request* front() const { return list_.front(); }

    void push_back(Request& request) { list_.push_back(request); }
    // For one that comes late, if not later than most that are here.
    void put_in_order(Request& request) {
        Request* behind = nullptr;
        for (Request* last = list_.back(); last != nullptr && last->number > request.number;) {
            behind = last;
            last = decltype(list_)::before(*last);
        }
        list_.insert(behind, request);
    }
    // For one that was with a worker already: it takes its old place. It passes only others that
    // came back as well, for all that never left the line are newer.
    void put_back(Request& request) {
        Request* behind = list_.front();
        while (behind != nullptr && behind->number < request.number) {
            behind = list_.after(*behind);
        }
        list_.insert(behind, request);
    }
    void remove(Request& request) { list_.remove(request); }

 private:
    LinkedList<Request, &Request::stage_link> list_;
};

}  // namespace zbridge::rpc

// The host's table of functions, but for its views: each is lent in memory of its own that ends
// where the view does. Behind it lies a page that cannot be touched, so that who reads or writes
// beyond it crashes there; under AddressSanitizer the bytes before it are poisoned too. When a call
// has returned, all views of its messages are out of reach.
//
// Thread:  any; one Loans at a time.
#pragma once

#include <deque>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "bridge/plugin/declaration.h"

namespace zbridge::cli {

class Loans {
 public:
    static constexpr size_t kIdleMin = 64;  // so many views later memory may be used again

    Loans();
    ~Loans();
    Loans(const Loans&) = delete;
    Loans& operator=(const Loans&) = delete;

    const zb_host& host() const { return host_; }

    // Of the call that begins now. Messages of the plugin's own are seen as the bridge shows them:
    // their views live longer than the call.
    void begin(const zb_message* message) { messages_.insert(message); }
    // The call has returned. False: it has written into a view.
    bool end();

    zb_view lend(zb_view view);
    zb_view lend_for_good(zb_view view);  // an option: it lives until destroy
    bool is_of_call(const zb_message* message) const { return messages_.count(message) > 0; }

 private:
    struct Area {
        char* base = nullptr;
        size_t room = 0;  // bytes, whole pages; one more follows that cannot be touched
        char* view = nullptr;
        std::string contents;
    };
    void open(Area& area, zb_view view);
    void shut(Area& area);

    zb_host host_;
    std::mutex shared_;
    std::set<const zb_message*> messages_;
    std::deque<Area> idle_;  // out of reach; the one that has been so for longest first
    std::deque<Area> lent_;  // in this call
    std::deque<Area> for_good_;
};

}  // namespace zbridge::cli

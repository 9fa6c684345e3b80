// The thread of the sockets that the bridge connects: libzmq through cppzmq, which reconnects by
// itself.
//
// Flow:    Link::outgoing -> [thread] -> libzmq -> the application;
//          libzmq -> [thread] -> Link::incoming -> wake()
// Thread:  sockets live on the dialler's own thread; a Link's mailboxes are shared under its lock;
//          all else is set before start().
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "bridge/base/clock.h"
#include "bridge/base/result.h"
#include "bridge/net/dialled/link.h"

namespace zbridge::net {

class Dialler {
 public:
    // `wake` ends the reactor's wait, from the dialler's thread.
    Dialler(std::function<void()> wake, const Clock& clock);
    ~Dialler();

    void add(std::shared_ptr<Link> link) { links_.push_back(std::move(link)); }
    const std::vector<std::shared_ptr<Link>>& links() const { return links_; }
    // Connects every link. REQUIRES: kDialledAddressesMax of them at most. The error names the
    // address that libzmq does not take.
    Status start();
    // Something was pushed, or popped off a full mailbox, or is to be renewed.
    void nudge();
    // How long the destructor may wait for libzmq to send what it has taken.
    void linger(Duration time) { linger_ = time; }
    // Set when there is something to pop: the reactor takes it back.
    bool take_news() { return news_.exchange(false, std::memory_order_acquire); }

 private:
    class Loop;
    std::function<void()> wake_;
    const Clock& clock_;
    std::vector<std::shared_ptr<Link>> links_;
    std::unique_ptr<Loop> loop_;
    std::thread thread_;
    Duration linger_{};
    std::atomic<bool> news_ = false;
};

}  // namespace zbridge::net

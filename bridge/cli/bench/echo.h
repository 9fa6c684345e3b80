// Workers of a service that reply with what they are asked, for measuring what stands between.
//
// Thread:  its own.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "bridge/base/result.h"
#include "bridge/net/dialled/plain_socket.h"

namespace zbridge::cli::bench {

class Echo {
 public:
    // So many REPs at this address.
    static Result<std::unique_ptr<Echo>> open(net::PlainSockets& sockets,
                                              const std::string& address, uint32_t workers);
    ~Echo();
    Echo(const Echo&) = delete;
    Echo& operator=(const Echo&) = delete;

 private:
    Echo() = default;
    void run();
    // Whether it was asked.
    bool serve(net::PlainSocket& socket);

    std::vector<std::unique_ptr<net::PlainSocket>> sockets_;
    std::vector<net::PlainSocket*> all_;
    std::vector<std::string> frames_;
    std::vector<std::string_view> reply_;
    std::atomic<bool> stop_ = false;
    std::thread thread_;
};

}  // namespace zbridge::cli::bench

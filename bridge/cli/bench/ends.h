// Opens the two ends of what is measured: where a load goes in, and where it comes out.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "bridge/cli/bench/options.h"
#include "bridge/cli/bench/place.h"
#include "bridge/cli/bench/sink.h"
#include "bridge/cli/bench/source.h"
#include "bridge/net/dialled/plain_socket.h"

namespace zbridge::cli::bench {

// The types of sockets that the user asks for; empty: what the endpoint takes.
struct Sockets {
    std::string sends, takes;
};
void declare_sends(CLI::App& app, Sockets& sockets);
void declare_takes(CLI::App& app, Sockets& sockets);

struct Ends {
    net::PlainSockets& sockets;
    const Common& common;
    Terminal& terminal;

    static SocketType sends_by(const Place& to, const Sockets& asked);
    static SocketType takes_by(const Place& from, const Sockets& asked);
    // kInvalid: nothing can be sent there. kUnavailable: no bridge answers.
    Result<std::unique_ptr<Sink>> sink(const Place& to, SocketType by, const Load& load) const;
    struct Taken {
        SocketType by = SocketType::kPull;
        uint32_t consumers = 1;
        std::string subscribe = {};
    };
    Result<std::unique_ptr<Source>> source(const Place& from, const Taken& taken) const;
};

}  // namespace zbridge::cli::bench

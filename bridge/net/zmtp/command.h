// ZMTP commands: their bytes made and read (RFC 23 and 37). Names: READY, ERROR, PING, PONG,
// SUBSCRIBE, CANCEL.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace zbridge::net::zmtp {

struct Command {
    std::string_view name;
    std::string_view data;  // what follows the name
};

// Of a command frame's body; none if it has no name.
std::optional<Command> parse_command(std::string_view body);

using Properties = std::vector<std::pair<std::string_view, std::string_view>>;
// Of READY's data; none if a length leads out of it. Names compare without case: see property().
std::optional<Properties> parse_properties(std::string_view data);
std::string_view property(const Properties& properties,
                          std::string_view name);  // empty if not there

// Of ERROR's data: as much of the reason as there is.
std::string_view error_reason(std::string_view data);

struct Ping {
    uint16_t ttl_tenths = 0;  // the sender may be taken for dead after this many tenths of a second
                              // of silence; 0: never
    std::string_view context;  // at most 16 bytes, to be echoed
};
std::optional<Ping> parse_ping(std::string_view data);

// Whole frames, ready for the wire.
std::string ready_frame(std::string_view socket_type, std::string_view identity);
std::string error_frame(std::string_view reason);  // cut to 255 bytes
std::string ping_frame(uint16_t ttl_tenths, std::string_view context);
std::string pong_frame(std::string_view context);
// The message form 0x01 or 0x00 and the prefix, which every version of libzmq, JeroMQ, and the
// others read.
std::string subscription_message(std::string_view prefix, bool add);

}  // namespace zbridge::net::zmtp

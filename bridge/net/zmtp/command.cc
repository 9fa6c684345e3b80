#include "bridge/net/zmtp/command.h"

#include "bridge/base/text.h"
#include "bridge/model/message.h"

namespace zbridge::net::zmtp {

namespace {

std::string command_frame(std::string_view name, std::string_view data) {
    std::string body;
    body += static_cast<char>(name.size());
    body += name;
    body += data;
    std::string frame;
    append_frame(frame, body, false);
    frame[0] = static_cast<char>(frame[0] | frame_flags::kCommand);
    return frame;
}

void append_property(std::string& data, std::string_view name, std::string_view value) {
    data += static_cast<char>(name.size());
    data += name;
    for (int shift = 24; shift >= 0; shift -= 8)
        data += static_cast<char>(value.size() >> shift);
    data += value;
}

}  // namespace

std::optional<Command> parse_command(std::string_view body) {
    if (body.empty()) return std::nullopt;
    const auto length = static_cast<unsigned char>(body[0]);
    if (length == 0 || body.size() < 1U + length) return std::nullopt;
    return Command{body.substr(1, length), body.substr(1U + length)};
}

std::optional<Properties> parse_properties(std::string_view data) {
    Properties properties;
    while (!data.empty()) {
        const auto name_length = static_cast<unsigned char>(data[0]);
        if (name_length == 0 || data.size() < 1U + name_length + 4U) return std::nullopt;
        const std::string_view name = data.substr(1, name_length);
        data.remove_prefix(1U + name_length);
        size_t length = 0;
        for (size_t i = 0; i < 4; i++)
            length = length << 8 | static_cast<unsigned char>(data[i]);
        data.remove_prefix(4);
        if (length > data.size()) return std::nullopt;
        properties.emplace_back(name, data.substr(0, length));
        data.remove_prefix(length);
    }
    return properties;
}

std::string_view property(const Properties& properties, std::string_view name) {
    for (const auto& [key, value] : properties) {
        if (same_letters(key, name)) return value;
    }
    return {};
}

std::string_view error_reason(std::string_view data) {
    if (data.empty()) return {};
    return data.substr(1, static_cast<unsigned char>(data[0]));
}

std::optional<Ping> parse_ping(std::string_view data) {
    if (data.size() < 2 || data.size() > 2 + 16) return std::nullopt;
    const auto high = static_cast<unsigned char>(data[0]),
               low = static_cast<unsigned char>(data[1]);
    return Ping{static_cast<uint16_t>(high << 8 | low), data.substr(2)};
}

std::string ready_frame(std::string_view socket_type, std::string_view identity) {
    std::string data;
    append_property(data, "Socket-Type", socket_type);
    append_property(data, "Identity", identity);
    return command_frame("READY", data);
}

std::string error_frame(std::string_view reason) {
    reason = reason.substr(0, 255);
    std::string data(1, static_cast<char>(reason.size()));
    data += reason;
    return command_frame("ERROR", data);
}

std::string ping_frame(uint16_t ttl_tenths, std::string_view context) {
    std::string data;
    data += static_cast<char>(ttl_tenths >> 8);
    data += static_cast<char>(ttl_tenths & 0xff);
    data += context;
    return command_frame("PING", data);
}

std::string pong_frame(std::string_view context) {
    return command_frame("PONG", context);
}

std::string subscription_message(std::string_view prefix, bool add) {
    std::string body(1, add ? '\1' : '\0');
    body += prefix;
    std::string wire;
    append_frame(wire, body, false);
    return wire;
}

}  // namespace zbridge::net::zmtp

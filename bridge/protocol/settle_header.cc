#include "bridge/protocol/settle_header.h"

#include <msgpack.hpp>

namespace zbridge::protocol {

std::string pack_settle(std::string_view group, std::string_view verdict,
                        const std::vector<std::pair<std::string, uint64_t>>& ranges, uint64_t ref) {
    msgpack::sbuffer bytes;
    msgpack::packer<msgpack::sbuffer> packer(bytes);
    const auto text = [&](std::string_view value) {
        packer.pack_str(static_cast<uint32_t>(value.size()));
        packer.pack_str_body(value.data(), static_cast<uint32_t>(value.size()));
    };
    packer.pack_array(2);
    text("SETTLE");
    packer.pack_map(4);
    text("group");
    text(group);
    text("verdict");
    text(verdict);
    text("ranges");
    packer.pack_array(static_cast<uint32_t>(ranges.size()));
    for (const auto& [token, count] : ranges) {
        packer.pack_array(2);
        packer.pack_bin(static_cast<uint32_t>(token.size()));
        packer.pack_bin_body(token.data(), static_cast<uint32_t>(token.size()));
        packer.pack_uint64(count);
    }
    text("ref");
    packer.pack_uint64(ref);
    return {bytes.data(), bytes.size()};
}

}  // namespace zbridge::protocol

// What the client says: a header in msgpack, field by field, and what goes over the wire with it.
#pragma once

// Its boost is not needed here, and not everybody has it.
#ifndef MSGPACK_NO_BOOST
#define MSGPACK_NO_BOOST
#endif
#include <cstdint>
#include <msgpack.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "place.hpp"

namespace zbridge::client::core {

// Where msgpack writes to.
struct Octets {
    std::string bytes;
    void write(const char* data, size_t size) { bytes.append(data, size); }
};

using Packer = msgpack::packer<Octets>;

inline void pack_text(Packer& packer, std::string_view text) {
    packer.pack_str(static_cast<uint32_t>(text.size()));
    packer.pack_str_body(text.data(), static_cast<uint32_t>(text.size()));
}

inline void pack_octets(Packer& packer, std::string_view octets) {
    packer.pack_bin(static_cast<uint32_t>(octets.size()));
    packer.pack_bin_body(octets.data(), static_cast<uint32_t>(octets.size()));
}

// One ZeroMQ message to the bridge: one frame, or two.
struct Said {
    std::string header;
    std::optional<std::string> block;
};

// [name, fields], the fields in the order in which they are given.
class Command {
 public:
    explicit Command(std::string_view name) : name_(name), packer_(fields_) {}
    Command(const Command&) = delete;
    Command& operator=(const Command&) = delete;

    Command& text(std::string_view key, std::string_view value) {
        pack_text(begin(key), value);
        return *this;
    }
    Command& text_if(std::string_view key, const std::optional<std::string>& value) {
        return value ? text(key, *value) : *this;
    }
    Command& octets(std::string_view key, std::string_view value) {
        pack_octets(begin(key), value);
        return *this;
    }
    Command& number(std::string_view key, uint64_t value) {
        begin(key).pack_uint64(value);
        return *this;
    }
    Command& number_if(std::string_view key, std::optional<uint64_t> value) {
        return value ? number(key, *value) : *this;
    }
    Command& flag(std::string_view key) {
        begin(key).pack_true();
        return *this;
    }
    // True; left out where it is false.
    Command& flag_if(std::string_view key, bool value) { return value ? flag(key) : *this; }
    // write(packer) writes one value.
    template <class Write>
    Command& value(std::string_view key, Write write) {
        write(begin(key));
        return *this;
    }

    // For what value() writes: a value that is msgpack already.
    void raw(std::string_view packed) { fields_.bytes += packed; }

    std::string header() const {
        Octets whole;
        Packer packer(whole);
        packer.pack_array(2);
        pack_text(packer, name_);
        packer.pack_map(count_);
        whole.bytes += fields_.bytes;
        return std::move(whole.bytes);
    }
    Said said() const { return {header(), std::nullopt}; }
    Said said(std::string block) const { return {header(), std::move(block)}; }

 private:
    Packer& begin(std::string_view key) {
        count_++;
        pack_text(packer_, key);
        return packer_;
    }

    std::string name_;
    Octets fields_;
    Packer packer_;
    uint32_t count_ = 0;
};

}  // namespace zbridge::client::core

// A token or an id: 16 octets, of which the n-th behind it has n added to its last eight.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "block.hpp"

namespace zbridge::client {

namespace core {

struct Place {
    uint64_t head = 0;
    uint64_t tail = 0;

    static Place read(std::string_view octets) {
        if (octets.size() != 16) throw Violation("a token or an id that is not 16 octets");
        return {read_big_endian(octets.substr(0, 8)), read_big_endian(octets.substr(8))};
    }

    Place behind(uint64_t count) const { return {head, tail + count}; }

    std::string octets() const {
        std::string found;
        append_big_endian(found, head);
        append_big_endian(found, tail);
        return found;
    }

    friend bool operator==(const Place& one, const Place& other) {
        return one.head == other.head && one.tail == other.tail;
    }
    friend bool operator!=(const Place& one, const Place& other) { return !(one == other); }
    friend bool operator<(const Place& one, const Place& other) {
        return one.head != other.head ? one.head < other.head : one.tail < other.tail;
    }
};

// A message, or a token, of a group; groups are numbered within a client.
struct Key {
    uint32_t group = 0;
    Place place;

    friend bool operator==(const Key& one, const Key& other) {
        return one.group == other.group && one.place == other.place;
    }
};

struct KeyHash {
    size_t operator()(const Key& key) const noexcept {
        // Tails follow each other: spread them over the whole of it.
        uint64_t mixed = (key.place.tail ^ key.place.head * 0x9e3779b97f4a7c15U ^ key.group) *
                         0xff51afd7ed558ccdU;
        mixed ^= mixed >> 32;
        return static_cast<size_t>(mixed);
    }
};

}  // namespace core

// The bridge's id of a message.
class MessageId {
 public:
    MessageId() = default;
    explicit MessageId(core::Place place) : place_(place) {}

    std::string octets() const { return place_.octets(); }

    // As the bridge prints it: 26 characters.
    std::string text() const {
        static constexpr char kDigits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        std::string found(26, '0');
        core::Place left = place_;
        for (size_t at = found.size(); at-- > 0;) {
            found[at] = kDigits[left.tail & 31];
            left.tail = left.tail >> 5 | left.head << 59;
            left.head >>= 5;
        }
        return found;
    }

    friend bool operator==(const MessageId& one, const MessageId& other) {
        return one.place_ == other.place_;
    }
    friend bool operator!=(const MessageId& one, const MessageId& other) { return !(one == other); }
    friend bool operator<(const MessageId& one, const MessageId& other) {
        return one.place_ < other.place_;
    }

 private:
    core::Place place_;
};

}  // namespace zbridge::client

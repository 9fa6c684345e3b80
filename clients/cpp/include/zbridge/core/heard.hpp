// What the bridge says: the name and the fields of a header, read where they stand.
//
// Failure: what the protocol does not allow is a Violation; unknown fields are not looked at.
// Limits:  kDepthMax maps and lists in each other; a list has no more entries than the header has
//          octets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "command.hpp"

namespace zbridge::client::core {

constexpr size_t kDepthMax = 64;  // a report nests 32 deep; what is not known may be anything

using Value = msgpack::object;

inline bool is_text(const Value& value) {
    return value.type == msgpack::type::STR;
}
inline bool is_list(const Value& value) {
    return value.type == msgpack::type::ARRAY;
}
inline bool is_number(const Value& value) {
    return value.type == msgpack::type::POSITIVE_INTEGER;
}

inline uint64_t number_of(const Value& value) {
    if (!is_number(value)) throw Violation("a number that is none");
    return value.via.u64;
}

inline std::string_view text_of(const Value& value) {
    if (!is_text(value)) throw Violation("a text that is none");
    return {value.via.str.ptr, value.via.str.size};
}

inline std::string_view octets_of(const Value& value) {
    if (value.type != msgpack::type::BIN) throw Violation("octets that are none");
    return {value.via.bin.ptr, value.via.bin.size};
}

inline bool flag_of(const Value& value) {
    return value.type == msgpack::type::BOOLEAN && value.via.boolean;
}

// A list where it stands.
struct List {
    const Value* first = nullptr;
    size_t size = 0;

    const Value* begin() const { return first; }
    const Value* end() const { return first + size; }
    const Value& operator[](size_t at) const { return first[at]; }
};

// An entry of a list that has so many values at least: later versions may add some.
inline List list_of(const Value& value, size_t size_min = 0) {
    if (!is_list(value) || value.via.array.size < size_min)
        throw Violation("a list that is not as it should be");
    return {value.via.array.ptr, value.via.array.size};
}

// A map of fields where it stands. nil is the same as leaving it out; one that stands twice is a
// Violation.
class Fields {
 public:
    Fields() = default;
    explicit Fields(const Value& map) : first_(map.via.map.ptr), size_(map.via.map.size) {
        if (map.type != msgpack::type::MAP) throw Violation("a map that is none");
    }

    const Value* find(std::string_view key) const {
        const Value* found = nullptr;
        for (size_t at = 0; at < size_; at++) {
            if (!is_text(first_[at].key) || text_of(first_[at].key) != key) continue;
            if (found != nullptr) throw Violation("a field that stands twice");
            found = &first_[at].val;
        }
        return found == nullptr || found->is_nil() ? nullptr : found;
    }
    const Value& get(std::string_view key) const {
        const Value* found = find(key);
        if (found == nullptr) throw Violation("the field " + std::string(key) + " is missing");
        return *found;
    }

    uint64_t number(std::string_view key) const { return number_of(get(key)); }
    std::string_view text(std::string_view key) const { return text_of(get(key)); }
    List list(std::string_view key) const { return list_of(get(key)); }
    Fields map(std::string_view key) const { return Fields(get(key)); }

    // Empty where it is left out.
    std::string_view text_or_empty(std::string_view key) const {
        const Value* found = find(key);
        return found == nullptr ? std::string_view{} : text_of(*found);
    }
    List list_or_empty(std::string_view key) const {
        const Value* found = find(key);
        return found == nullptr ? List{} : list_of(*found);
    }
    std::optional<uint64_t> number_if(std::string_view key) const {
        const Value* found = find(key);
        if (found == nullptr) return std::nullopt;
        return number_of(*found);
    }
    bool flag(std::string_view key) const {
        const Value* found = find(key);
        return found != nullptr && flag_of(*found);
    }

 private:
    const msgpack::object_kv* first_ = nullptr;
    size_t size_ = 0;
};

// A header where it stands: unpacked, and what it is made of.
inline msgpack::object_handle unpack_header(std::string_view header) {
    try {
        size_t read = 0;
        bool referenced = false;
        const auto in_place = [](msgpack::type::object_type, size_t, void*) { return true; };
        const size_t most = header.size();
        auto found =
            msgpack::unpack(header.data(), header.size(), read, referenced, in_place, nullptr,
                            msgpack::unpack_limit(most, most, most, most, most, kDepthMax));
        if (read != header.size()) throw Violation("a header with something behind it");
        return found;
    } catch (const msgpack::unpack_error& broken) {
        throw Violation(std::string("a header that is not msgpack: ") + broken.what());
    } catch (const std::bad_cast& broken) {
        throw Violation(std::string("a header that is not msgpack: ") + broken.what());
    }
}

// One thing that the bridge said. Its texts stand in the header that it was read from.
class Heard {
 public:
    explicit Heard(std::string_view header, Block with = {})
        : handle_(unpack_header(header)), block(std::move(with)) {
        const Value& value = handle_.get();
        if (!is_list(value) || value.via.array.size != 2 || !is_text(value.via.array.ptr[0]))
            throw Violation("a header that is not [name, fields]");
        name = text_of(value.via.array.ptr[0]);
        fields = Fields(value.via.array.ptr[1]);
    }

 private:
    msgpack::object_handle handle_;

 public:
    std::string_view name;
    Fields fields;
    Block block;  // no owner: there was none
};

}  // namespace zbridge::client::core

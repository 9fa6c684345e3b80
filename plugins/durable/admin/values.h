// msgpack for the command line: requests are read, answers are written value by value.
//
// A map or list is begun with the number of its entries, and as many follow.
#pragma once

#include <cstdint>
#include <map>
#include <msgpack.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "plugins/sdk/zbridge_plugin.h"

namespace zbridge::durable {

class ValueWriter {
 public:
    ValueWriter() : packer_(sink_) {}
    ValueWriter(const ValueWriter&) = delete;
    ValueWriter& operator=(const ValueWriter&) = delete;

    void begin_map(size_t entries) { packer_.pack_map(static_cast<uint32_t>(entries)); }
    void begin_list(size_t entries) { packer_.pack_array(static_cast<uint32_t>(entries)); }
    void key(std::string_view name) { packer_.pack(name); }
    template <class Value>
    void entry(std::string_view name, const Value& value) {
        packer_.pack(name);
        packer_.pack(value);
    }
    void text(std::string_view text) { packer_.pack(text); }
    void number(int64_t number) { packer_.pack(number); }
    void real(double number) { packer_.pack(number); }
    void flag(bool flag) { packer_.pack(flag); }
    void nothing() { packer_.pack_nil(); }
    void bytes(std::string_view bytes) {
        packer_.pack_bin(static_cast<uint32_t>(bytes.size()));
        packer_.pack_bin_body(bytes.data(), static_cast<uint32_t>(bytes.size()));
    }
    void value(const zb_value& value) {
        switch (value.kind) {
            case ZB_BOOL:
                return flag(value.flag != 0);
            case ZB_INTEGER:
                return number(value.integer);
            case ZB_NUMBER:
                return real(value.number);
            case ZB_STRING:
                return text({value.text.data, value.text.size});
            default:
                return nothing();
        }
    }
    // Values that were written elsewhere.
    void written(std::string_view values) { sink_.write(values.data(), values.size()); }
    std::string take() { return std::move(sink_.written); }

 private:
    struct Sink {
        std::string written;
        void write(const char* data, size_t size) { written.append(data, size); }
    };
    Sink sink_;
    msgpack::packer<Sink> packer_;
};

// What a request says; a map, or nothing at all.
struct Request {
    // Of an option: nothing, a number, or a text.
    using Value = std::variant<std::monostate, uint64_t, std::string>;
    std::string topic;
    std::map<std::string, Value> options;
    std::optional<uint64_t> from, below, max;
    // Of groups, and of their dead letters.
    std::string group, to, where, consumer;
    std::optional<uint64_t> offset, time_ms;
    std::optional<uint64_t> until_offset, until_ms;
    std::optional<std::string> body;
    bool dry_run = false;
    std::optional<std::string> key, id, token;
    std::optional<uint64_t> due_ms, in_ms;   // of messages that wait for their time
    std::optional<uint64_t> from_ms, to_ms;  // since 1970
};
// None: it is no such map, or a value is of another type.
std::optional<Request> read_request(std::string_view body);

}  // namespace zbridge::durable

// Headers as a client packs them, by another hand than the bridge's; and what the bridge says, as text.
#pragma once

#include <msgpack.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bridge/model/message.h"
#include "bridge/protocol/command.h"
#include "tests/unit/support/stub_peer.h"

namespace zbridge::testing {

// Said("CREDIT").with("sub", 1).with("credit", 5).packed()
class Said {
 public:
    explicit Said(std::string name) : name_(std::move(name)) {}

    template <class Value>
    Said with(const std::string& key, const Value& value) const {
        return and_field([&](auto& packer) {
            packer.pack(key);
            packer.pack(value);
        });
    }
    Said with(const std::string& key, const std::vector<protocol::TokenRange>& ranges) const {
        return and_field([&](auto& packer) {
            packer.pack(key);
            packer.pack_array(static_cast<uint32_t>(ranges.size()));
            for (const protocol::TokenRange& each : ranges) {
                const auto bytes = each.first.encode();
                packer.pack_array(2);
                packer.pack_bin(static_cast<uint32_t>(bytes.size()));
                packer.pack_bin_body(bytes.data(), static_cast<uint32_t>(bytes.size()));
                packer.pack(each.count);
            }
        });
    }
    // Bytes as they are: a key and its value.
    Said raw(std::string_view bytes) const {
        Said next = *this;
        next.fields_.all += bytes;
        next.count_++;
        return next;
    }
    std::string packed() const {
        Bytes bytes;
        msgpack::packer<Bytes> packer(bytes);
        packer.pack_array(2);
        packer.pack(name_);
        packer.pack_map(count_);
        return bytes.all + fields_.all;
    }

 private:
    struct Bytes {
        std::string all;
        void write(const char* data, size_t size) { all.append(data, size); }
    };
    template <class Pack>
    Said and_field(Pack pack) const {
        Said next = *this;
        msgpack::packer<Bytes> packer(next.fields_);
        pack(packer);
        next.count_++;
        return next;
    }

    std::string name_;
    Bytes fields_;
    uint32_t count_ = 0;
};

// Each a message of one frame.
inline std::string block_of(const std::vector<std::string>& messages) {
    std::string block;
    for (const std::string& each : messages)
        append_frame(block, each, false);
    return block;
}

inline std::string text_of(const msgpack::object& object) {
    std::string text;
    switch (object.type) {
        case msgpack::type::BIN: {
            const std::string_view bytes(object.via.bin.ptr, object.via.bin.size);
            if (const auto token = LeaseToken::decode(bytes))
                return "t" + std::to_string(token->low & 0xffff'ffff'ffff) +
                       (token->low >> 48 != 0 ? "'" : "");
            if (const auto transaction = TransactionToken::decode(bytes))
                return "x" + std::to_string(transaction->low);
            return "i" + std::to_string(static_cast<uint8_t>(bytes.back()));
        }
        case msgpack::type::STR:
            return {object.via.str.ptr, object.via.str.size};
        case msgpack::type::ARRAY:
            for (const auto& each : msgpack::object_array(object.via.array))
                text += (text.empty() ? "" : " ") + text_of(each);
            return "[" + text + "]";
        case msgpack::type::MAP:
            for (const auto& each : msgpack::object_map(object.via.map)) {
                text += (text.empty() ? "" : " ") + text_of(each.key) + "=" + text_of(each.val);
            }
            return text;
        case msgpack::type::BOOLEAN:
            return object.via.boolean ? "true" : "false";
        case msgpack::type::NIL:
            return "nil";
        default:
            return std::to_string(object.as<uint64_t>());
    }
}

// "DELIVER sub=1 runs=[[t0 2 1 i1]] | x1 x2"
inline std::string text_of(const Frames& frames) {
    const auto handle = msgpack::unpack(frames[0].data(), frames[0].size());
    const auto& header = handle.get().via.array;
    std::string text = text_of(header.ptr[0]);
    if (const std::string fields = text_of(header.ptr[1]); !fields.empty()) text += " " + fields;
    if (frames.size() < 2) return text;
    text += " |";
    for (size_t at = 0; at < frames[1].size();) {
        const Frame frame = frame_at(frames[1], at);
        text += " " + std::string(frame.body);
        at = frame.end;
    }
    return text;
}

}  // namespace zbridge::testing

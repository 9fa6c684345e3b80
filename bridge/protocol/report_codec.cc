#include "bridge/protocol/report_codec.h"

#include <msgpack.hpp>

namespace zbridge::protocol {

namespace {

using telemetry::Report;

// std::string as a msgpack stream.
struct Sink {
    std::string bytes;
    void write(const char* data, size_t size) { bytes.append(data, size); }
};

void pack_value(msgpack::packer<Sink>& packer, const Report& report);

struct Pack {
    msgpack::packer<Sink>& packer;
    void operator()(std::monostate) const { packer.pack_nil(); }
    void operator()(bool value) const { packer.pack(value); }
    void operator()(int64_t value) const { packer.pack(value); }
    void operator()(uint64_t value) const { packer.pack(value); }
    void operator()(double value) const { packer.pack(value); }
    void operator()(const std::string& value) const { packer.pack(value); }
    void operator()(const Report::List& list) const {
        packer.pack_array(static_cast<uint32_t>(list.size()));
        for (const Report& each : list)
            pack_value(packer, each);
    }
    void operator()(const Report::Map& map) const {
        packer.pack_map(static_cast<uint32_t>(map.size()));
        for (const auto& [name, each] : map) {
            packer.pack(name);
            pack_value(packer, each);
        }
    }
};

void pack_value(msgpack::packer<Sink>& packer, const Report& report) {
    std::visit(Pack{packer}, report.value());
}

Result<Report> from_object(const msgpack::object& object) {
    switch (object.type) {
        case msgpack::type::NIL:
            return Report();
        case msgpack::type::BOOLEAN:
            return Report(object.via.boolean);
        case msgpack::type::POSITIVE_INTEGER:
            return Report(object.via.u64);
        case msgpack::type::NEGATIVE_INTEGER:
            return Report(object.via.i64);
        case msgpack::type::FLOAT32:
        case msgpack::type::FLOAT64:
            return Report(object.via.f64);
        case msgpack::type::STR:
            return Report(std::string(object.via.str.ptr, object.via.str.size));
        case msgpack::type::BIN:
            return Report(std::string(object.via.bin.ptr, object.via.bin.size));
        case msgpack::type::ARRAY: {
            Report list = Report::list();
            for (const auto& each : msgpack::object_array(object.via.array)) {
                auto value = from_object(each);
                if (!value.ok()) return value;
                list.add(std::move(*value));
            }
            return list;
        }
        case msgpack::type::MAP: {
            Report map = Report::map();
            for (const auto& each : msgpack::object_map(object.via.map)) {
                if (each.key.type != msgpack::type::STR)
                    return Status(Code::kInvalid, "a key that is no text");
                auto value = from_object(each.val);
                if (!value.ok()) return value;
                map.add(std::string(each.key.via.str.ptr, each.key.via.str.size),
                        std::move(*value));
            }
            return map;
        }
        case msgpack::type::EXT:
            break;
    }
    return Status(Code::kInvalid, "a type that is not understood");
}

}  // namespace

std::string pack(const Report& report) {
    Sink sink;
    msgpack::packer<Sink> packer(sink);
    pack_value(packer, report);
    return std::move(sink.bytes);
}

Result<Report> unpack(std::string_view bytes) {
    try {
        const msgpack::unpack_limit limit(kItemsMax, kItemsMax, bytes.size(), bytes.size(), 0,
                                          kDepthMax);
        size_t end = 0;
        const auto handle =
            msgpack::unpack(bytes.data(), bytes.size(), end, nullptr, nullptr, limit);
        if (end != bytes.size()) return Status(Code::kInvalid, "bytes behind the msgpack value");
        return from_object(handle.get());
    } catch (const msgpack::unpack_error& error) {
        return Status(Code::kInvalid, std::string("no msgpack: ") + error.what());
    } catch (const msgpack::type_error&) {
        return Status(Code::kInvalid, "msgpack of an unexpected type");
    }
}

}  // namespace zbridge::protocol

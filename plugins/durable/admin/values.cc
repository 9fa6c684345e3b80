#include "plugins/durable/admin/values.h"

namespace zbridge::durable {

namespace {

bool take_number(const msgpack::object& value, std::optional<uint64_t>& number) {
    if (value.type != msgpack::type::POSITIVE_INTEGER) return false;
    number = value.via.u64;
    return true;
}

bool take_text(const msgpack::object& value, std::string& text) {
    if (value.type != msgpack::type::STR) return false;
    text.assign(value.via.str.ptr, value.via.str.size);
    return true;
}

bool take_text(const msgpack::object& value, std::optional<std::string>& text) {
    return take_text(value, text.emplace());
}

bool take_flag(const msgpack::object& value, bool& flag) {
    if (value.type != msgpack::type::BOOLEAN) return false;
    flag = value.via.boolean;
    return true;
}

bool take_options(const msgpack::object& map, Request& request) {
    if (map.type != msgpack::type::MAP) return false;
    for (const auto& [key, value] : msgpack::object_map(map.via.map)) {
        if (key.type != msgpack::type::STR) return false;
        auto& option = request.options[{key.via.str.ptr, key.via.str.size}];
        if (value.type == msgpack::type::STR)
            option = std::string(value.via.str.ptr, value.via.str.size);
        else if (value.type == msgpack::type::POSITIVE_INTEGER)
            option = value.via.u64;
        else if (value.type != msgpack::type::NIL)
            return false;
    }
    return true;
}

bool take_entry(std::string_view name, const msgpack::object& value, Request& request) {
    if (name == "topic") return take_text(value, request.topic);
    if (name == "group") return take_text(value, request.group);
    if (name == "to") return take_text(value, request.to);
    if (name == "where") return take_text(value, request.where);
    if (name == "body") return take_text(value, request.body);
    if (name == "dry_run") return take_flag(value, request.dry_run);
    if (name == "offset") return take_number(value, request.offset);
    if (name == "consumer") return take_text(value, request.consumer);
    if (name == "until_offset") return take_number(value, request.until_offset);
    if (name == "until_ms") return take_number(value, request.until_ms);
    if (name == "time_ms") return take_number(value, request.time_ms);
    if (name == "options") return take_options(value, request);
    if (name == "from") return take_number(value, request.from);
    if (name == "below") return take_number(value, request.below);
    if (name == "max") return take_number(value, request.max);
    if (name == "key") return take_text(value, request.key);
    if (name == "id") return take_text(value, request.id);
    if (name == "due_ms") return take_number(value, request.due_ms);
    if (name == "in_ms") return take_number(value, request.in_ms);
    if (name == "token") return take_text(value, request.token);
    if (name == "from_ms") return take_number(value, request.from_ms);
    if (name == "to_ms") return take_number(value, request.to_ms);
    return true;  // of a younger command line
}

}  // namespace

std::optional<Request> read_request(std::string_view body) {
    Request request;
    if (body.empty()) return request;
    try {
        const auto handle = msgpack::unpack(body.data(), body.size());
        const msgpack::object& map = handle.get();
        if (map.type == msgpack::type::NIL) return request;
        if (map.type != msgpack::type::MAP) return std::nullopt;
        for (const auto& [key, value] : msgpack::object_map(map.via.map)) {
            if (key.type != msgpack::type::STR) return std::nullopt;
            if (!take_entry({key.via.str.ptr, key.via.str.size}, value, request))
                return std::nullopt;
        }
        return request;
    } catch (const msgpack::unpack_error&) {
        return std::nullopt;
    } catch (const msgpack::type_error&) {
        return std::nullopt;
    }
}

}  // namespace zbridge::durable

#include "bridge/cli/bench/place.h"

#include <string_view>
#include <vector>

#include "bridge/base/nearest.h"
#include "bridge/cli/names.h"
#include "bridge/cli/parts.h"
#include "bridge/cli/text.h"

namespace zbridge::cli::bench {

using telemetry::Report;

namespace {

SocketTypes types_in(std::string_view list) {
    SocketTypes types;
    while (!list.empty()) {
        const size_t end = list.find(", ");
        if (const auto type = socket_type_named(list.substr(0, end))) types.add(*type);
        list.remove_prefix(end == std::string_view::npos ? list.size() : end + 2);
    }
    return types;
}

// A topic or a group may be meant.
Status no_endpoint(const std::string& name, const Report& status) {
    std::vector<std::string> names;
    const auto add = [&](const char* kind, const char* list) {
        for (const Report& each : status.at(list).items())
            names.push_back(kind + cell(each, "name"));
    };
    add("", "endpoints");
    add("topic/", "topics");
    add("group/", "groups");
    return {Code::kNotFound, there_is_no("endpoint", printable(name), {}) +
                                 did_you_mean_reference(name, {names.begin(), names.end()})};
}

}  // namespace

std::optional<Place> plain_place(const std::string& reference) {
    if (auto name = name_in(reference, "topic"))
        return Place{Place::Kind::kTopic, *std::move(name), "", {}, ""};
    if (auto name = name_in(reference, "group"))
        return Place{Place::Kind::kGroup, *std::move(name), "", {}, ""};
    if (reference.find("://") != std::string::npos)
        return Place{Place::Kind::kEndpoint, reference, here(reference), {}, ""};
    return std::nullopt;
}

Result<Place> endpoint_place(const std::string& reference, const Report& status) {
    const std::string name = name_in(reference, "endpoint").value_or(reference);
    const Report& endpoint = named(status.at("endpoints"), name);
    if (endpoint.is_null()) return no_endpoint(name, status);
    for (const Report& each : endpoint.at("addresses").items()) {
        if (each.text().starts_with("connect ")) continue;
        return Place{Place::Kind::kEndpoint, name, here(each.text()),
                     types_in(cell(endpoint, "serves")), cell(endpoint, "role")};
    }
    return Status(Code::kInvalid,
                  "the bridge connects `" + name +
                      "` to an application's socket: nobody can connect to it there");
}

Result<ServicePlace> service_place(const std::string& name, const Report& status) {
    const Report& service = named(status.at("services"), name);
    if (service.is_null())
        return Status(Code::kNotFound, none_in(status.at("services"), "service", name));
    if (service.at("clients_at").is_null())
        return Status(Code::kInvalid, "service " + name + " has no endpoint for clients");
    const auto clients = endpoint_place(cell(service, "clients_at"), status);
    if (!clients.ok()) return clients.error();
    const auto workers = endpoint_place(cell(service, "workers_at"), status);
    // Those that the bridge connects to are somebody else's.
    return ServicePlace{clients->address, workers.ok() ? workers->address : ""};
}

std::string here(const std::string& bound) {
    for (const std::string_view any : {"tcp://*:", "tcp://0.0.0.0:", "tcp://[::]:"}) {
        if (bound.starts_with(any)) return "tcp://127.0.0.1:" + bound.substr(any.size());
    }
    return bound;
}

}  // namespace zbridge::cli::bench

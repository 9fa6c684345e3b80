#include "bridge/cli/bench/place.h"

#include <string_view>
#include <vector>

#include "bridge/cli/parts.h"
#include "bridge/cli/text.h"
#include "bridge/settings/finding.h"

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

Status none(const std::string& name, const Report& endpoints) {
    std::vector<std::string> names;
    for (const Report& each : endpoints.items())
        names.push_back(cell(each, "name"));
    const std::vector<std::string_view> known(names.begin(), names.end());
    return {Code::kNotFound, "this bridge has no endpoint `" + printable(name) + "`" +
                                 settings::did_you_mean(name, known)};
}

}  // namespace

std::optional<Place> plain_place(const std::string& reference) {
    const auto named = [&](std::string_view kind) {
        return reference.starts_with(kind) && reference.size() > kind.size();
    };
    if (named("topic/")) return Place{Place::Kind::kTopic, reference.substr(6), "", {}};
    if (named("group/")) return Place{Place::Kind::kGroup, reference.substr(6), "", {}};
    if (reference.find("://") != std::string::npos)
        return Place{Place::Kind::kEndpoint, reference, here(reference), {}};
    return std::nullopt;
}

Result<Place> endpoint_place(const std::string& name, const Report& status) {
    const Report& endpoint = named(status.at("endpoints"), name);
    if (endpoint.is_null()) return none(name, status.at("endpoints"));
    for (const Report& each : endpoint.at("addresses").items()) {
        if (each.text().starts_with("connect ")) continue;
        return Place{Place::Kind::kEndpoint, name, here(each.text()),
                     types_in(cell(endpoint, "serves"))};
    }
    return Status(Code::kInvalid,
                  "the bridge connects `" + name +
                      "` to an application's socket: nobody can connect to it there");
}

std::string here(const std::string& bound) {
    for (const std::string_view any : {"tcp://*:", "tcp://0.0.0.0:", "tcp://[::]:"}) {
        if (bound.starts_with(any)) return "tcp://127.0.0.1:" + bound.substr(any.size());
    }
    return bound;
}

}  // namespace zbridge::cli::bench

#include "bridge/app/tap_places.h"

#include <algorithm>

#include "bridge/base/nearest.h"
#include "bridge/settings/finding.h"

namespace zbridge::app {

namespace {

using settings::TargetConfig;

template <class Configs>
std::optional<size_t> number_of(const Configs& configs, std::string_view name) {
    const auto found = std::find_if(configs.begin(), configs.end(),
                                    [&](const auto& each) { return each.name == name; });
    if (found == configs.end()) return std::nullopt;
    return static_cast<size_t>(found - configs.begin());
}

TapPlace endpoint_place(Bridge& bridge, size_t number) {
    const std::string& name = bridge.config().endpoints[number].name;
    return {name, [&bridge, number, name](Watch* watch) {
                if (const auto& bound = bridge.endpoints()[number]) bound->watch(watch);
                for (const auto& dialled : bridge.dialled()) {
                    if (dialled->name() == name) dialled->watch(watch);
                }
            }};
}

TapPlace route_place(Bridge& bridge, size_t number) {
    return {"route/" + bridge.config().routes[number].name,
            [&bridge, number](Watch* watch) { bridge.routes()[number]->watch = watch; }};
}

std::vector<TapPlace> places_of_route(Bridge& bridge, size_t number) {
    const settings::RouteConfig& route = bridge.config().routes[number];
    if (route.from_topics.empty() && !route.from_group) return {route_place(bridge, number)};
    std::vector<TapPlace> places;
    for (const TargetConfig& target : route.to) {
        if (target.kind == TargetConfig::Kind::kEndpoint)
            places.push_back(endpoint_place(bridge, target.index));
    }
    return places;
}

std::vector<TapPlace> places_of_service(Bridge& bridge, size_t number) {
    std::vector<TapPlace> places;
    const auto& clients = bridge.config().services[number].clients;
    if (clients) places.push_back(endpoint_place(bridge, *clients));
    for (size_t i = 0; i < bridge.config().routes.size(); i++) {
        const auto& targets = bridge.config().routes[i].to;
        const bool asks = std::any_of(targets.begin(), targets.end(), [&](const auto& target) {
            return target.kind == TargetConfig::Kind::kService && target.index == number;
        });
        if (asks) places.push_back(route_place(bridge, i));
    }
    return places;
}

std::vector<TapPlace> places_of_group(Bridge& bridge, size_t number) {
    const settings::GroupConfig& group = bridge.config().groups[number];
    std::vector<TapPlace> places;
    if (!group.broadcast) {
        const auto id = bridge.engine()->group(group.name);
        if (!id) return {};
        return {{"group/" + group.name,
                 [&bridge, id = *id](Watch* watch) { bridge.engine()->watch(id, watch); }}};
    }
    for (size_t i = 0; i < bridge.config().endpoints.size(); i++) {
        if (bridge.config().endpoints[i].group == number)
            places.push_back(endpoint_place(bridge, i));
    }
    return places;
}

Status not_found(const settings::Config& config, std::string_view reference) {
    std::vector<std::string> names;
    const auto add = [&](const std::string& kind, const auto& configs) {
        for (const auto& each : configs)
            names.push_back(kind + each.name);
    };
    add("", config.endpoints);
    add("", config.routes);
    add("topic/", config.topics);
    add("group/", config.groups);
    for (const auto& each : config.services)
        names.push_back("service/" + each.options.name);
    const std::vector<std::string_view> known(names.begin(), names.end());
    return {Code::kNotFound, "nothing here is named \"" + std::string(reference) + "\"" +
                                 did_you_mean_reference(reference, known) +
                                 ": expected an endpoint, a route, topic/NAME, group/NAME or "
                                 "service/NAME"};
}

// `name`, of the kind before its `/`.
std::optional<TapPlaces> places_of_kind(Bridge& bridge, std::string_view kind,
                                        std::string_view name) {
    const settings::Config& config = bridge.config();
    if (kind == "topic" && bridge.engine() != nullptr) {
        const auto id = bridge.engine()->find_topic(name);
        if (id) return TapPlaces{{}, *id, std::string(name)};
    }
    if (kind == "group") {
        if (const auto number = number_of(config.groups, name))
            return TapPlaces{places_of_group(bridge, *number), {}, {}};
    }
    if (kind == "endpoint") {
        if (const auto number = number_of(config.endpoints, name))
            return TapPlaces{{endpoint_place(bridge, *number)}, {}, {}};
    }
    if (kind == "route") {
        if (const auto number = number_of(config.routes, name))
            return TapPlaces{places_of_route(bridge, *number), {}, {}};
    }
    if (kind != "service") return std::nullopt;
    for (size_t i = 0; i < config.services.size(); i++) {
        if (config.services[i].options.name == name)
            return TapPlaces{places_of_service(bridge, i), {}, {}};
    }
    return std::nullopt;
}

}  // namespace

Result<TapPlaces> find_tap_places(Bridge& bridge, std::string_view reference) {
    std::optional<TapPlaces> found = places_of_kind(bridge, "endpoint", reference);
    if (!found) found = places_of_kind(bridge, "route", reference);  // its name may have a `/`
    const size_t slash = reference.find('/');
    if (!found && slash != std::string_view::npos)
        found = places_of_kind(bridge, reference.substr(0, slash), reference.substr(slash + 1));
    if (!found) return not_found(bridge.config(), reference);
    if (found->places.empty() && !found->topic)
        return Status(
            Code::kInvalid,
            std::string(reference) + " has no endpoint and no route here that could be looked at");
    return *std::move(found);
}

}  // namespace zbridge::app

// Routes that read topics, and those that publish to them: what their other keys can mean.
#include <algorithm>

#include <fmt/format.h>

#include "bridge/settings/draft.h"

namespace zbridge::settings {

namespace {

// Where a route names a target: itself, if that cannot be found.
Place place_of(const Value& route, const TargetConfig& target, const Config& config) {
    const auto* to = route.find("to");
    const std::string reference = reference_to(target, config);
    if (to == nullptr) return route.place;
    for (const auto& item : to->items) {
        if (item.good && item.text() == reference) return item.place;
    }
    return to->place;
}

std::string read_by(const RouteConfig& config, const Draft& draft) {
    return "topic/" + draft.config.topics[config.from_topics[0]].name;
}

// Its messages were matched and shaped by the routes that published them.
void check_reader_keys(const Value& route, const RouteConfig& config, Draft& draft) {
    for (const auto& [key, value] : route.entries) {
        if (!value.written) continue;
        const bool shapes = key == "match" || key == "decode" || key == "set" ||
                            key == "required" || key == "steps";
        if (shapes) {
            draft.findings.error(
                value.key_place,
                fmt::format("`{}` belongs to the route that publishes to {}: {}", key,
                            read_by(config, draft),
                            key == "match" ? "a SUB subscribes to the prefixes that it wants"
                                           : "what a topic keeps is read as it is"));
        }
        if (key == "on_full") {
            draft.findings.error(value.key_place,
                                 fmt::format("`on_full` means nothing to those who read {}: a slow "
                                             "one is behind, and stops nobody",
                                             read_by(config, draft)));
        }
        if (key == "rejects") {
            draft.findings.error(value.key_place,
                                 fmt::format("`rejects` belongs to the route that publishes to {}: "
                                             "what is read from a topic was accepted",
                                             read_by(config, draft)));
        }
    }
}

void check_reader_targets(const Value& route, const RouteConfig& config, Draft& draft) {
    for (const auto& target : config.to) {
        if (target.kind == TargetConfig::Kind::kEndpoint) continue;
        if (target.kind == TargetConfig::Kind::kPlugin) {
            draft.findings.error(
                place_of(route, target, draft.config),
                fmt::format("{} cannot take what {} keeps: nothing remembers how far it is; "
                            "expected `from: group/NAME`, a consumer group of {}",
                            reference_to(target, draft.config), read_by(config, draft),
                            read_by(config, draft)));
            continue;
        }
        std::string_view why;
        if (target.kind == TargetConfig::Kind::kService)
            why = ", where nobody waits for its answer";
        draft.findings.error(
            place_of(route, target, draft.config),
            fmt::format("{} cannot take what {} keeps{}: expected an endpoint, for SUBs",
                        reference_to(target, draft.config), read_by(config, draft), why));
    }
}

void check_reader(const Value& route, const RouteConfig& config, Draft& draft) {
    const auto* from = route.find("from");
    if (from != nullptr && (!config.from.empty() || !config.from_plugins.empty())) {
        draft.findings.error(
            from->place,
            fmt::format("a route reads topics, or takes what sources send: expected a route of its "
                        "own for {}",
                        read_by(config, draft)));
        return;
    }
    check_reader_keys(route, config, draft);
    check_reader_targets(route, config, draft);
}

void check_publisher(const Value& route, const RouteConfig& config, Draft& draft) {
    if (const auto* start = route.written_at("start")) {
        draft.findings.error(start->key_place,
                             "`start` is where a reader of a topic begins: expected "
                             "`from: topic/NAME` beside it");
    }
    const auto* rejects = route.written_at("rejects");
    if (rejects == nullptr || !config.rejects || config.to.empty()) return;
    if (!has_topic(config.to)) {
        draft.findings.error(rejects->key_place,
                             "`rejects` is for what a topic is to have and cannot: expected "
                             "topic/NAME among the targets in `to`");
        return;
    }
    const bool in_itself =
        std::any_of(config.to.begin(), config.to.end(), [&](const TargetConfig& target) {
            return target.kind == TargetConfig::Kind::kTopic && target.index == *config.rejects;
        });
    if (!in_itself) return;
    draft.findings.error(rejects->place,
                         fmt::format("{} is a target of this route: expected another topic for "
                                     "what is refused",
                                     rejects->text()));
}

}  // namespace

void check_topics(Draft& draft) {
    for (size_t i = 0; i < draft.config.routes.size(); i++) {
        const auto& config = draft.config.routes[i];
        if (config.from_group) continue;  // check_groups()
        if (config.from_topics.empty())
            check_publisher(*draft.route_values[i], config, draft);
        else
            check_reader(*draft.route_values[i], config, draft);
    }
}

}  // namespace zbridge::settings

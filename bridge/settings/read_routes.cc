#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "bridge/base/nearest.h"
#include "bridge/base/time_text.h"
#include "bridge/model/attributes.h"
#include "bridge/routing/expression.h"
#include "bridge/settings/draft.h"
#include "bridge/settings/expression.h"
#include "bridge/settings/filter.h"
#include "bridge/settings/units.h"

namespace zbridge::settings {

namespace {

constexpr std::string_view kAttributes[] = {"id",         "keys",  "order_key", "tag",
                                            "deliver_at", "delay", "priority"};

void read_group_source(const Value& item, size_t group, RouteConfig& config, Findings& findings) {
    if (!config.from_group) {
        config.from_group = group;
        return;
    }
    findings.error(item.place,
                   *config.from_group == group
                       ? fmt::format("{} stands twice in `from`", in_quotes(item.text()))
                       : fmt::format("a route serves one group: expected a route of its own for {}",
                                     item.text()));
}

// What an endpoint is for a route of this source.
Use use_of_target(const Value& item, const RouteConfig& config, const Draft& draft) {
    if (config.from_group) {
        const std::string& name = draft.config.groups[*config.from_group].name;
        return {Role::kTarget, item.place, "the consumers of group " + name, false,
                config.from_group};
    }
    const bool reads = !config.from_topics.empty();
    return {Role::kTarget, item.place, reads ? "a reader of topics" : "a target of routes", reads};
}

void read_source(const Value& route, RouteConfig& config, Draft& draft) {
    const auto* from = route.find("from");
    if (from == nullptr) return;
    for (const auto& item : from->items) {
        const auto found = resolve(item,
                                   {.what = "an endpoint, topic/NAME or group/NAME",
                                    .route_source = true,
                                    .plugin = true,
                                    .topic = true,
                                    .group = true},
                                   draft);
        if (!found) continue;
        if (found->kind == TargetConfig::Kind::kPlugin) {
            use_plugin(found->index, {PluginUse::kSource, item.place}, draft);
            config.from_plugins.push_back(found->index);
            continue;
        }
        if (found->kind == TargetConfig::Kind::kGroup) {
            read_group_source(item, found->index, config, draft.findings);
            continue;
        }
        const bool is_topic = found->kind == TargetConfig::Kind::kTopic;
        auto& known = is_topic ? config.from_topics : config.from;
        if (std::find(known.begin(), known.end(), found->index) != known.end()) {
            draft.findings.error(item.place,
                                 fmt::format("{} stands twice in `from`", in_quotes(item.text())));
            continue;
        }
        known.push_back(found->index);
        if (!is_topic)
            use_endpoint(found->index, {Role::kSource, item.place, "a source of routes"}, draft);
    }
}

void read_targets(const Value& route, RouteConfig& config, Draft& draft) {
    const auto* to = route.find("to");
    if (to == nullptr) return;
    for (const auto& item : to->items) {
        const auto found = resolve(item,
                                   {.what = "an endpoint, topic/NAME or service/NAME",
                                    .service = true,
                                    .route_target = true,
                                    .plugin = true,
                                    .topic = true},
                                   draft);
        if (!found) continue;
        const bool again =
            std::any_of(config.to.begin(), config.to.end(), [&](const TargetConfig& target) {
                return target.kind == found->kind && target.index == found->index;
            });
        if (again) {
            draft.findings.error(item.place,
                                 fmt::format("{} stands twice in `to`", in_quotes(item.text())));
            continue;
        }
        if (found->kind == TargetConfig::Kind::kEndpoint)
            use_endpoint(found->index, use_of_target(item, config, draft), draft);
        if (found->kind == TargetConfig::Kind::kPlugin)
            use_plugin(found->index, {PluginUse::kSink, item.place}, draft);
        config.to.push_back(*found);
    }
}

// An expression that reads inside a frame needs a `decode` that says how.
void check_decoded(const Value& expression, const RouteConfig& config, Findings& findings) {
    if (config.shape.decode.as != routing::Codec::kNone || !needs_decoding(expression.text()))
        return;
    findings.error(expression.place,
                   fmt::format("{} reads inside a frame, and the route does not say how: expected "
                               "`decode: json` or `decode: msgpack` beside `set`",
                               in_quotes(expression.text())));
}

// The different paths into each frame that is decoded.
class Paths {
 public:
    explicit Paths(std::optional<uint32_t> decoded) : decoded_(decoded) {}

    // False: it is one too many. REQUIRES: check_expression() is ok.
    bool add(const std::string& expression) {
        const auto parsed = routing::parse_expression(expression);
        if (parsed->kind != routing::ParsedExpression::Kind::kPath) return true;
        auto& paths = of_frame_[parsed->frame ? parsed->frame : decoded_];
        if (std::find(paths.begin(), paths.end(), parsed->path) != paths.end()) return true;
        paths.push_back(parsed->path);
        return paths.size() <= routing::kFramePathsMax;
    }

 private:
    std::optional<uint32_t> decoded_;
    std::map<std::optional<uint32_t>, std::vector<routing::Path>> of_frame_;
};

// When a message is due: what stands there for all messages can be read now.
void check_due(const Value& set, Findings& findings) {
    const auto* delay = set.find("delay");
    const auto* deliver_at = set.find("deliver_at");
    if (delay != nullptr && deliver_at != nullptr) {
        findings.error(delay->key_place,
                       fmt::format("`delay` and `deliver_at` (line {}) both say when: expected one "
                                   "of them",
                                   deliver_at->key_place.line));
    }
    if (delay != nullptr && is_literal(delay->text()) && !zbridge::parse_duration(delay->text())) {
        const auto duration = parse_duration(delay->text());  // which says what is wrong with it
        findings.error(delay->place, fmt::format("`delay`: {}", duration.error().message()));
    }
    if (deliver_at != nullptr && is_literal(deliver_at->text()) &&
        !parse_time_ms(deliver_at->text())) {
        findings.error(deliver_at->place,
                       fmt::format("`deliver_at`: {} is no time: expected milliseconds since 1970, "
                                   "or as 2026-11-24T10:00:00Z",
                                   in_quotes(deliver_at->text())));
    }
}

void check_priority(const Value& set, Findings& findings) {
    const auto* priority = set.find("priority");
    if (priority == nullptr || !is_literal(priority->text())) return;
    const std::string& text = priority->text();
    if (text.size() == 1 && text[0] >= '0' && text[0] <= '0' + kPriorityMax) return;
    findings.error(priority->place,
                   fmt::format("`priority`: {} is none: expected 0 to {}, higher ones first",
                               in_quotes(text), kPriorityMax));
}

void read_set(const Value& route, RouteConfig& config, Findings& findings) {
    const auto* section = route.find("set");
    if (section == nullptr) return;
    auto& set = config.shape.set;
    const bool decode_is_wrong =
        route.mentions("decode") && config.shape.decode.as == routing::Codec::kNone;
    Paths paths(config.shape.decode.frame);
    bool too_many = false;  // said once
    const auto check = [&](const Value& value) {
        if (!decode_is_wrong) check_decoded(value, config, findings);
        if (too_many || paths.add(value.text())) return;
        too_many = true;
        findings.error(value.place, fmt::format("more than {} paths lead into one frame: expected "
                                                "fewer of them in this `set`",
                                                routing::kFramePathsMax));
    };
    const auto read = [&](std::string_view key, std::optional<routing::Expression>& into) {
        const auto* value = section->find(key);
        if (value == nullptr) return;
        check(*value);
        into = value->text();
    };
    read("id", set.id);
    read("order_key", set.order_key);
    read("tag", set.tag);
    read("deliver_at", set.deliver_at);
    read("delay", set.delay);
    read("priority", set.priority);
    check_priority(*section, findings);
    check_due(*section, findings);
    if (const auto* keys = section->find("keys")) {
        for (const auto& key : keys->items) {
            check(key);
            set.keys.push_back(key.text());
        }
    }
    const auto* properties = section->find("properties");
    if (properties == nullptr) return;
    for (const auto& [name, value] : properties->entries) {
        if (!value.good) continue;
        check(value);
        set.properties.emplace_back(name, value.text());
    }
}

// A filter can only ask for what `set` sets.
void check_filter(const Value& route, Findings& findings) {
    const auto* match = route.find("match");
    const auto* filter = match != nullptr ? match->find("filter") : nullptr;
    if (filter == nullptr) return;
    const auto* set = route.find("set");
    const auto* properties = set != nullptr ? set->find("properties") : nullptr;
    // There is a finding about it.
    if (set == nullptr && route.mentions("set")) return;
    if (set != nullptr && properties == nullptr && set->mentions("properties")) return;
    std::vector<std::string_view> known;
    if (properties != nullptr) {
        for (const auto& entry : properties->entries)
            known.push_back(entry.key);
    }
    if (set != nullptr && set->mentions("tag")) known.push_back("TAGS");
    check_filter_names("`filter`", filter->text(), filter->place, known, findings);
}

void read_shape(const Value& route, RouteConfig& config, Findings& findings) {
    if (const auto* match = route.find("match")) {
        if (const auto* prefix = match->find("prefix")) config.shape.match_prefix = prefix->text();
        if (const auto* filter = match->find("filter")) config.shape.match_filter = filter->text();
    }
    if (const auto* decode = route.find("decode")) {
        if (const auto* as = decode->find("as")) {
            config.shape.decode.as =
                as->text() == "json" ? routing::Codec::kJson : routing::Codec::kMsgpack;
        }
        if (const auto* frame = decode->find("frame")) {
            config.shape.decode.frame = static_cast<uint32_t>(frame->number());
        }
    }
    read_set(route, config, findings);
    check_filter(route, findings);
}

// `required` can only ask for what `set` sets.
void read_required(const Value& route, RouteConfig& config, Findings& findings) {
    const auto* required = route.find("required");
    if (required == nullptr) return;
    const auto* set = route.find("set");
    const auto* properties = set != nullptr ? set->find("properties") : nullptr;
    std::vector<std::string_view> known;
    for (const auto attribute : kAttributes) {
        if (set != nullptr && set->mentions(attribute)) known.push_back(attribute);
    }
    if (properties != nullptr) {
        for (const auto& entry : properties->entries)
            known.push_back(entry.key);
    }
    for (const auto& item : required->items) {
        const auto& name = item.text();
        config.shape.required.push_back(name);
        if (std::find(known.begin(), known.end(), name) != known.end()) continue;
        if (route.mentions("set") && set == nullptr) continue;  // there is a finding about `set`
        findings.error(item.place,
                       fmt::format("`required`: {} is never set: expected {}{}", in_quotes(name),
                                   known.empty() ? "a `set` beside it" : one_of(known),
                                   did_you_mean(name, known)));
    }
}

void read_delivery(const Value& route, RouteConfig& config) {
    if (const auto* on_full = route.find("on_full")) {
        const auto& word = on_full->text();
        config.on_full = word == "block"         ? delivery::OnFull::kBlock
                         : word == "drop_newest" ? delivery::OnFull::kDropNewest
                         : word == "drop_oldest" ? delivery::OnFull::kDropOldest
                                                 : delivery::OnFull::kDisconnect;
    }
    if (const auto* guarantee = route.find("guarantee")) {
        config.guarantee = guarantee->text() == "at_least_once"
                               ? rpc::ServiceOptions::Execute::kAtLeastOnce
                               : rpc::ServiceOptions::Execute::kAtMostOnce;
    }
}

// "orders-in,more-in->packers"
std::string default_name(const RouteConfig& route, const Config& config) {
    std::string name;
    for (const size_t from : route.from)
        name += (name.empty() ? "" : ",") + config.endpoints[from].name;
    for (const size_t from : route.from_plugins)
        name += (name.empty() ? "plugin/" : ",plugin/") + config.plugins[from].options.name;
    for (const size_t from : route.from_topics)
        name += (name.empty() ? "topic/" : ",topic/") + config.topics[from].name;
    if (route.from_group)
        name += (name.empty() ? "group/" : ",group/") + config.groups[*route.from_group].name;
    name += "->";
    for (size_t i = 0; i < route.to.size(); i++) {
        if (i > 0) name += ",";
        const auto& to = route.to[i];
        name += reference_to(to, config);
    }
    return name;
}

// Names that the file gives are each given once; a default that is taken gets a number.
void name_routes(Draft& draft) {
    std::map<std::string, size_t> taken;
    for (size_t i = 0; i < draft.config.routes.size(); i++) {
        const auto* name = draft.route_values[i]->find("name");
        if (name == nullptr) continue;
        auto& route = draft.config.routes[i];
        route.name = name->text();
        const auto [first, is_new] = taken.emplace(route.name, i);
        if (is_new) continue;
        draft.findings.error(
            name->place,
            fmt::format("another route is named {}, on line {}: expected a name of its own",
                        in_quotes(route.name), draft.config.routes[first->second].place.line));
    }
    for (auto& route : draft.config.routes) {
        if (!route.name.empty()) continue;
        const std::string name = default_name(route, draft.config);
        route.name = name;
        for (int number = 2; !taken.emplace(route.name, 0).second; number++) {
            route.name = fmt::format("{}#{}", name, number);
        }
    }
}

}  // namespace

void read_routes(const Value& file, Draft& draft) {
    const Value* routes = file.find("routes");
    if (routes == nullptr) return;
    for (const auto& route : routes->items) {
        if (!route.good) continue;
        RouteConfig config;
        config.place = route.place;
        read_source(route, config, draft);
        read_targets(route, config, draft);
        read_shape(route, config, draft.findings);
        read_steps(route, config, draft);
        read_required(route, config, draft.findings);
        read_delivery(route, config);
        read_topic_keys(route, config, draft);
        read_group_keys(route, config, draft);
        draft.config.routes.push_back(std::move(config));
        draft.route_values.push_back(&route);
    }
    name_routes(draft);
}

}  // namespace zbridge::settings

#include "bridge/cli/config_text.h"

#include <algorithm>

#include <fmt/format.h>

#include "bridge/base/json_writer.h"
#include "bridge/cli/topic_text.h"
#include "bridge/settings/units.h"

namespace zbridge::cli {

namespace {

using namespace settings;  // NOLINT(google-build-using-namespace): this file is about nothing else
using Execute = rpc::ServiceOptions::Execute;
using Row = std::vector<std::string>;

std::string counted(size_t count, std::string_view noun) {
    return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

template <class Items, class Text>
std::string joined(const Items& items, Text text) {
    std::string result;
    for (const auto& item : items) {
        if (!result.empty()) result += ", ";
        result += text(item);
    }
    return result;
}

std::string_view name_of_execute(Execute execute) {
    return execute == Execute::kAtLeastOnce ? "at_least_once" : "at_most_once";
}

std::string_view name_of_on_full(delivery::OnFull on_full) {
    switch (on_full) {
        case delivery::OnFull::kBlock:
            return "block";
        case delivery::OnFull::kDropNewest:
            return "drop_newest";
        case delivery::OnFull::kDropOldest:
            return "drop_oldest";
        case delivery::OnFull::kDisconnect:
            return "disconnect";
    }
    return {};
}

// "clients of accounts"
std::string role_text(size_t endpoint, const Config& config) {
    const auto role = config.endpoints[endpoint].role;
    if (config.endpoints[endpoint].reads_topics) return "reader of topics";
    if (const auto group = config.endpoints[endpoint].group)
        return "consumers of group " + config.groups[*group].name;
    for (const auto& service : config.services) {
        const bool uses =
            role == Role::kClients ? service.clients == endpoint : service.workers == endpoint;
        if (uses && (role == Role::kClients || role == Role::kWorkers)) {
            return fmt::format("{} of {}", name_of(role), service.options.name);
        }
    }
    return std::string(name_of(role));
}

std::string addresses_text(const EndpointConfig& endpoint) {
    const auto text = [](const net::Address& address) { return address.text(); };
    std::string result;
    if (!endpoint.bind.empty()) result = "bind " + joined(endpoint.bind, text);
    if (!endpoint.connect.empty()) {
        if (!result.empty()) result += ", ";
        result += "connect " + joined(endpoint.connect, text) + " as " +
                  std::string(zbridge::name_of(*endpoint.socket));
    }
    return result;
}

std::string service_text(const rpc::ServiceOptions& service) {
    std::string text(name_of_execute(service.execute));
    text += service.timeout == Duration::zero() ? ", no timeout"
                                                : ", timeout " + duration_text(service.timeout);
    if (service.execute == Execute::kAtLeastOnce) {
        std::string causes = service.retry_on_worker_lost ? "worker_lost" : "";
        if (service.retry_on_timeout) causes += causes.empty() ? "timeout" : ", timeout";
        text += fmt::format(
            ", {} on {}",
            service.retry_times == 1 ? "1 retry" : std::to_string(service.retry_times) + " retries",
            causes);
    }
    if (service.dedup)
        text += fmt::format(", dedup by {} for {}", service.dedup->key,
                            duration_text(service.dedup->window));
    if (!service.error_frames.empty()) text += ", errors are answered";
    if (service.resume) text += ", resumes after a restart";
    return text;
}

std::string route_text(const RouteConfig& route, const Config& config) {
    std::string text = joined(route.from, [&](size_t from) { return config.endpoints[from].name; });
    for (const size_t from : route.from_plugins)
        text += (text.empty() ? "plugin/" : ", plugin/") + config.plugins[from].options.name;
    for (const size_t from : route.from_topics)
        text += (text.empty() ? "topic/" : ", topic/") + config.topics[from].name;
    if (route.from_group) text += "group/" + config.groups[*route.from_group].name;
    for (const size_t step : route.steps)
        text += " -> " + config.plugins[step].options.name;
    text += " -> " + joined(route.to, [&](const TargetConfig& to) {
                return settings::reference_to(to, config);
            });
    return text;
}

std::string conditions_text(const RouteConfig& route, const Config& config) {
    std::string text;
    const auto add = [&](const std::string& condition) {
        text += (text.empty() ? "" : "; ") + condition;
    };
    if (route.shape.match_prefix)
        add("first frame begins with " + in_quotes(*route.shape.match_prefix));
    if (route.shape.match_filter) add("filter: " + in_quotes(*route.shape.match_filter));
    if (route.on_full) add(fmt::format("when full: {}", name_of_on_full(*route.on_full)));
    if (!route.from_topics.empty()) add("from " + start_text(route.start));
    if (route.rejects) add("refused: topic/" + config.topics[*route.rejects].name);
    if (!route.settle.empty()) add("replies settle by " + counted(route.settle.size(), "rule"));
    if (route.replies) add("replies go to topic/" + config.topics[*route.replies].name);
    return text;
}

// Rows with their columns one below the other.
std::string table(std::string_view title, const std::vector<Row>& rows, bool colour) {
    if (rows.empty()) return {};
    std::vector<size_t> widths(rows[0].size());
    for (const auto& row : rows) {
        for (size_t i = 0; i < row.size(); i++)
            widths[i] = std::max(widths[i], row[i].size());
    }
    std::string text =
        fmt::format("\n{}{}{}\n", colour ? "\x1b[1m" : "", title, colour ? "\x1b[0m" : "");
    for (const auto& row : rows) {
        std::string line = " ";
        for (size_t i = 0; i < row.size(); i++)
            line += fmt::format(" {:<{}} ", row[i], widths[i]);
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + "\n";
    }
    return text;
}

std::string side_text(std::optional<size_t> endpoint, const Config& config) {
    return endpoint ? config.endpoints[*endpoint].name : "(zbp)";
}

std::string config_tables(const Config& config, bool colour) {
    std::vector<Row> endpoints, services, topics, groups, routes;
    for (size_t i = 0; i < config.endpoints.size(); i++) {
        const auto& endpoint = config.endpoints[i];
        endpoints.push_back({endpoint.name, role_text(i, config), addresses_text(endpoint),
                             endpoint.types().list()});
    }
    for (const auto& service : config.services) {
        services.push_back(
            {service.options.name,
             side_text(service.clients, config) + " -> " + side_text(service.workers, config),
             service_text(service.options)});
    }
    for (size_t i = 0; i < config.topics.size(); i++) {
        const auto& topic = config.topics[i];
        topics.push_back(
            {topic.name, topic_text(i, config), topic.declared ? "" : "not in `topics`"});
    }
    for (size_t i = 0; i < config.groups.size(); i++)
        groups.push_back({config.groups[i].name, group_text(i, config)});
    for (const auto& route : config.routes) {
        routes.push_back({route.name, route_text(route, config), conditions_text(route, config)});
    }
    return table("endpoints", endpoints, colour) + table("services", services, colour) +
           table("topics", topics, colour) + table("groups", groups, colour) +
           table("routes", routes, colour);
}

void write_findings(JsonWriter& json, std::string_view key, const std::vector<Finding>& findings) {
    json.key(key).begin_list();
    for (const auto& finding : findings) {
        json.begin_map();
        json.number("line", finding.place.line).number("column", finding.place.column);
        json.text("message", finding.message);
        json.end_map();
    }
    json.end_list();
}

template <class Items, class Text>
void write_list(JsonWriter& json, std::string_view key, const Items& items, Text text) {
    json.key(key).begin_list();
    for (const auto& item : items)
        json.text(text(item));
    json.end_list();
}

std::vector<std::string_view> names_of(const SocketTypes& types) {
    std::vector<std::string_view> names;
    for (uint8_t number = 0; const auto type = socket_type_numbered(number); number++) {
        if (types.has(*type)) names.push_back(zbridge::name_of(*type));
    }
    return names;
}

void write_endpoints(JsonWriter& json, const Config& config) {
    const auto text = [](const net::Address& address) { return address.text(); };
    json.key("endpoints").begin_list();
    for (const auto& endpoint : config.endpoints) {
        json.begin_map().text("name", endpoint.name).number("line", endpoint.place.line);
        json.text("role", name_of(endpoint.role));
        write_list(json, "bind", endpoint.bind, text);
        write_list(json, "connect", endpoint.connect, text);
        if (endpoint.socket) json.text("socket", zbridge::name_of(*endpoint.socket));
        write_list(json, "peers", names_of(endpoint.types()),
                   [](std::string_view name) { return name; });
        json.end_map();
    }
    json.end_list();
}

void write_services(JsonWriter& json, const Config& config) {
    json.key("services").begin_list();
    for (const auto& service : config.services) {
        json.begin_map().text("name", service.options.name).number("line", service.place.line);
        if (service.clients) json.text("clients", config.endpoints[*service.clients].name);
        if (service.workers) json.text("workers", config.endpoints[*service.workers].name);
        json.text("execute", name_of_execute(service.options.execute));
        json.end_map();
    }
    json.end_list();
}

void write_topics(JsonWriter& json, const Config& config) {
    const auto text = [](const std::string& name) { return name; };
    json.key("topics").begin_list();
    for (size_t i = 0; i < config.topics.size(); i++) {
        const auto& topic = config.topics[i];
        const TopicUses uses = uses_of(i, config);
        json.begin_map().text("name", topic.name).number("line", topic.place.line);
        json.flag("declared", topic.declared);
        write_list(json, "published_by", uses.publish, text);
        write_list(json, "rejects_of", uses.reject, text);
        write_list(json, "read_by", uses.read, text);
        json.end_map();
    }
    json.end_list();
}

void write_groups(JsonWriter& json, const Config& config) {
    json.key("groups").begin_list();
    for (const auto& group : config.groups) {
        json.begin_map().text("name", group.name).number("line", group.place.line);
        if (group.topic) json.text("topic", config.topics[*group.topic].name);
        json.end_map();
    }
    json.end_list();
}

void write_routes(JsonWriter& json, const Config& config) {
    json.key("routes").begin_list();
    for (const auto& route : config.routes) {
        json.begin_map().text("name", route.name).number("line", route.place.line);
        json.key("from").begin_list();
        for (const size_t from : route.from)
            json.text(config.endpoints[from].name);
        for (const size_t from : route.from_plugins)
            json.text("plugin/" + config.plugins[from].options.name);
        for (const size_t from : route.from_topics)
            json.text("topic/" + config.topics[from].name);
        if (route.from_group) json.text("group/" + config.groups[*route.from_group].name);
        json.end_list();
        write_list(json, "to", route.to,
                   [&](const TargetConfig& to) { return settings::reference_to(to, config); });
        if (route.shape.match_prefix) json.text("prefix", *route.shape.match_prefix);
        if (route.shape.match_filter) json.text("filter", *route.shape.match_filter);
        if (!route.from_topics.empty()) json.text("start", start_text(route.start));
        if (route.rejects) json.text("rejects", "topic/" + config.topics[*route.rejects].name);
        if (route.replies) json.text("replies", "topic/" + config.topics[*route.replies].name);
        json.end_map();
    }
    json.end_list();
}

}  // namespace

std::string config_text(const std::string& file, const Loaded& loaded, bool colour) {
    if (!loaded.config) {
        std::string text = fmt::format("{}: {}", file, counted(loaded.errors.size(), "error"));
        if (!loaded.warnings.empty()) text += ", " + counted(loaded.warnings.size(), "warning");
        return text + "\n";
    }
    const auto& config = *loaded.config;
    const std::string topics =
        config.topics.empty() ? "" : counted(config.topics.size(), "topic") + ", ";
    const std::string groups =
        config.groups.empty() ? "" : counted(config.groups.size(), "group") + ", ";
    return fmt::format("{}: no errors, {}: {}, {}, {}{}{}\n", file,
                       counted(loaded.warnings.size(), "warning"),
                       counted(config.endpoints.size(), "endpoint"),
                       counted(config.services.size(), "service"), topics, groups,
                       counted(config.routes.size(), "route")) +
           config_tables(config, colour);
}

std::string config_json(const std::string& file, const Loaded& loaded, bool ok) {
    JsonWriter json;
    json.begin_map().text("file", file).flag("ok", ok);
    write_findings(json, "errors", loaded.errors);
    write_findings(json, "warnings", loaded.warnings);
    if (loaded.config) {
        write_endpoints(json, *loaded.config);
        write_services(json, *loaded.config);
        write_topics(json, *loaded.config);
        write_groups(json, *loaded.config);
        write_routes(json, *loaded.config);
    }
    return json.end_map().take() + "\n";
}

}  // namespace zbridge::cli

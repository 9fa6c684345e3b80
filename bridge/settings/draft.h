// A configuration in the making: what the parts of the loader share. Internal to this folder.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/settings/config.h"
#include "bridge/settings/finding.h"
#include "bridge/settings/values.h"

namespace zbridge::settings {

// Behind the name of a group or a step: the topic of its dead letters.
inline constexpr std::string_view kDead = "-dead";

// Before the name of a step, where it stands beside groups.
inline const std::string kStep = "plugin/";

// Why an endpoint has its role.
struct Use {
    Role role = Role::kUnused;
    Place place;                         // of the reference
    std::string as;                      // "the clients of service accounts", "a source of routes"
    bool reads_topics = false;           // kTarget
    std::optional<size_t> group = {};    // likewise
    std::optional<Place> confirms = {};  // of a group: the `guarantee` that wants it
};

struct UseOfPlugin {
    PluginUse as = PluginUse::kStep;
    Place place;
};

struct Draft {
    explicit Draft(Findings& into) : findings(into) {}

    Findings& findings;
    plugin::Declarations* plugins = nullptr;  // none: they are not looked into
    std::string folder;                       // of the file: what paths are relative to
    Config config;

    // Beside each of the configuration's endpoints, services and routes: what the file says of it.
    Value listen;  // of `bridge.listen`
    std::vector<const Value*> endpoint_values, service_values, route_values;
    std::vector<std::optional<Use>> uses;  // of each endpoint, the first one
    std::map<std::string, size_t, std::less<>> endpoint_numbers, service_numbers, plugin_numbers,
        topic_numbers, group_numbers;
    // Beside each of the configuration's plugins; null: it was not found.
    std::vector<const plugin::Declared*> plugin_declared;
    std::vector<bool> plugin_sound;  // nothing is wrong with its options by its table
    std::vector<std::optional<UseOfPlugin>> plugin_uses;
    // There is an engine, or what may be one: it was not looked into, or not found, of which there
    // is a finding.
    bool has_engine = false;
};

// "push, pub or req": as the file writes them.
std::string words_of(const SocketTypes& types);

// In the order of the flow. Each makes findings of what is wrong and goes on with what it can make
// out.
void read_bridge(const Value& file, Draft& draft);
void read_plugins(const Value& file, Draft& draft);
void read_endpoints(const Value& file, Draft& draft);
void read_services(const Value& file, Draft& draft);
void read_topics(const Value& file, Draft& draft);  // and what else belongs to the engine
void read_groups(Draft& draft);                     // of what read_topics() has found
void read_routes(const Value& file, Draft& draft);
void read_topic_keys(const Value& route, RouteConfig& config, Draft& draft);
void read_group_keys(const Value& route, RouteConfig& config, Draft& draft);
void read_steps(const Value& route, RouteConfig& config, Draft& draft);
void try_plugins(Draft& draft);        // what the plugins themselves say of their options
void read_transactions(Draft& draft);  // of what read_endpoints() has found, behind the routes
void check_services(Draft& draft);     // that resume: against the engine
void check_endpoints(Draft& draft);    // against the roles that services and routes gave them
void check_routes(Draft& draft);       // against what their endpoints and services can do
void check_topics(Draft& draft);       // routes that read or publish to them
void check_groups(Draft& draft);       // routes whose targets are a group's consumers, and others
void advise(const Value& file, Draft& draft);  // warnings: legal, and surely not meant

// "[kind/]name" of an endpoint or, where allowed, a service; none with a finding otherwise.
struct Expected {
    std::string_view what;      // "an endpoint"
    bool service = false;       // may be one
    bool route_target = false;  // stands in a route's `to`
    bool route_source = false;
    bool plugin = false;  // may be plugin/NAME
    bool topic = false;   // may be topic/NAME
    bool group = false;   // may be group/NAME
};
std::optional<TargetConfig> resolve(const Value& reference, const Expected& expected, Draft& draft);

bool has_topic(const std::vector<TargetConfig>& targets);
// Of a key that names one: "replies".
std::optional<size_t> read_topic_reference(const Value& reference, std::string_view key,
                                           Draft& draft);
// Returns its number. One that is known already stays as it is.
size_t add_topic(const std::string& name, Place place, bool declared, Draft& draft);

// "`topics` needs an engine, ...". `what`: "`topics`", "\"topic/orders\"".
std::string why_no_engine(std::string_view what, const Draft& draft);

// An instance is one thing, and only what its plugin can be: else a finding.
void use_plugin(size_t number, UseOfPlugin use, Draft& draft);

// Gives an endpoint its role, or makes a finding when it has another one.
void use_endpoint(size_t endpoint, Use use, Draft& draft);

}  // namespace zbridge::settings

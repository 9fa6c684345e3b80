// The configuration as the rest of the bridge sees it: checked, typed, with every reference
// resolved to an index.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bridge/delivery/options.h"
#include "bridge/model/socket_type.h"
#include "bridge/net/address.h"
#include "bridge/net/options.h"
#include "bridge/plugin/options.h"
#include "bridge/routing/options.h"
#include "bridge/rpc/options.h"
#include "bridge/settings/source.h"

namespace zbridge::settings {

enum class Role : uint8_t { kUnused, kSource, kTarget, kClients, kWorkers, kZbp, kCheckers };
std::string_view name_of(Role role);  // "source"
// The peers that an endpoint of this role serves where it does not say `accept`.
SocketTypes types_of(Role role);

struct BridgeConfig {
    std::string name = "zbridge";
    std::string data_dir;  // default: ./<name>-data
    std::vector<std::string> plugin_path;
    uint64_t memory_bytes = 256 << 20;
    uint32_t connections_max = 50'000;  // of all endpoints together
    Duration drain_timeout = std::chrono::seconds(10);
    std::string log_level = "info";  // trace debug info warn error off, and module=level pairs
    std::vector<std::pair<std::string, std::string>> log_levels;
    bool log_json = false;

    // Where the bridge answers commands.
    std::string admin_path() const { return data_dir + "/admin"; }
};

struct EndpointConfig {
    enum class Receipts : uint8_t { kAuto, kAlways, kNever };
    enum class Subscribe : uint8_t { kDefault, kAll, kDemand };

    std::string name;
    Place place;
    Role role = Role::kUnused;    // inferred from its uses
    bool reads_topics = false;    // a target, of topics: each of its SUBs from its own place
    std::optional<size_t> group;  // a target, into Config::groups: its peers are its consumers
    bool confirms = false;        // then: those alone who confirm what they get, which no PULL does
    std::vector<net::Address> bind;
    std::vector<net::Address> connect;
    std::optional<SocketType> socket;   // of dialled addresses: what we are
    std::optional<SocketTypes> accept;  // none: the role's default
    net::EndpointOptions options;
    delivery::LineOptions line;           // of a target
    Receipts receipts = Receipts::kAuto;  // of a source
    Subscribe subscribe =
        Subscribe::kDefault;  // of a source: to PUBs that connect, or that we dial
    uint32_t credit = 1;      // of workers, of a service or a group
    delivery::ConsumersOptions::Puller puller =
        delivery::ConsumersOptions::Puller::kReqVerbs;  // of consumers of a group
    // Of a source, into Config::endpoints: who is asked what becomes of what is prepared here. Then
    // each of its messages begins with a verb.
    std::optional<size_t> checkers;
    std::optional<size_t> auth;  // into Config::plugins: who may be here

    // What its role can serve: where it reads topics SUBs alone, of a group who shares messages.
    SocketTypes served() const;
    // Of its peers: what it says to accept, or what its role serves; the counterparts of `socket`
    // where it only dials.
    SocketTypes types() const;
};

struct ServiceConfig {
    rpc::ServiceOptions options;  // its name included
    Place place;
    // Into Config::endpoints; none: clients of the bridge's own protocol alone.
    std::optional<size_t> clients, workers;
};

// What an engine keeps. How: its own options, in InstanceOptions::sections of the engine.
struct TopicConfig {
    std::string name;
    Place place;           // of its entry in `topics`; of the first `rejects` that names it
    bool declared = true;  // in `topics`; else a route's `rejects` names it, or the dead
                           // letters of a group or a step go there
    std::vector<std::string> dead_letters_of;  // "logistics", a group; "plugin/mask", a step
};

// Likewise.
struct GroupConfig {
    std::string name;
    Place place;                                      // of its entry in `groups`
    std::optional<size_t> topic;                      // into Config::topics; none: not looked at
    Duration resume_grace = std::chrono::seconds(2);  // as the engine has it
    bool broadcast = false;                           // likewise
    Duration lease = std::chrono::seconds(60);        // likewise
};

enum class PluginUse : uint8_t { kStep, kSource, kSink, kAuth, kEngine };

struct PluginConfig {
    plugin::InstanceOptions options;
    Place place;
    std::optional<PluginUse> use;  // none: nothing in the file uses it
    // Into Config::topics: of a step with `on_error: dead_letter`.
    std::optional<size_t> dead_letters = {};
};

struct TargetConfig {
    enum class Kind : uint8_t { kEndpoint, kService, kPlugin, kTopic, kGroup };
    Kind kind = Kind::kEndpoint;
    size_t index = 0;  // into Config::endpoints, services, plugins, topics or groups
};

// Where a reader of topics begins: a SUB with its first subscription.
struct StartConfig {
    // kLast: as kLatest, and for each new prefix the newest message of each first frame.
    enum class Where : uint8_t { kLatest, kEarliest, kLast, kTime };
    Where where = Where::kLatest;
    int64_t time_ms = 0;  // kTime: since 1970

    bool operator==(const StartConfig&) const = default;
};

struct RouteConfig {
    std::string name;  // default: from->to
    Place place;
    std::vector<size_t> from;          // indices into Config::endpoints
    std::vector<size_t> from_plugins;  // into Config::plugins: sources
    // Into Config::topics. Then there is no other source; its targets are endpoints, and all below
    // but `start` says nothing.
    std::vector<size_t> from_topics;
    StartConfig start;
    // Into Config::groups. Likewise: its targets are endpoints, and of all below only these two say
    // something.
    std::optional<size_t> from_group;
    std::vector<delivery::SettleRule> settle;  // in the order of the file
    std::optional<size_t> replies;             // into Config::topics
    std::vector<TargetConfig> to;
    routing::ShapeOptions shape;
    std::vector<size_t> steps;                // into Config::plugins
    std::optional<delivery::OnFull> on_full;  // none: block for PULL, drop_newest for SUB
    // What the file demands, checked against what the targets carry: nothing more is to be done
    // about it. With a topic among the targets at_least_once, if the file says nothing.
    std::optional<rpc::ServiceOptions::Execute> guarantee;
    // Into Config::topics: where what is refused goes, if there is nobody to tell.
    std::optional<size_t> rejects;
};

struct Config {
    BridgeConfig bridge;
    std::vector<PluginConfig> plugins;      // with the steps that stand in routes
    std::optional<size_t> engine;           // into plugins: what keeps topics
    std::vector<EndpointConfig> endpoints;  // in the order of the file, as all lists here
    std::vector<ServiceConfig> services;
    std::vector<TopicConfig> topics;  // those of `topics`, then those that are only named
    std::vector<GroupConfig> groups;
    std::vector<RouteConfig> routes;
};

// "step"; "unused" for none.
std::string_view name_of(std::optional<PluginUse> use);

// As the file writes it: "packers", "service/accounts", "plugin/archive", "topic/orders".
std::string reference_to(const TargetConfig& target, const Config& config);

}  // namespace zbridge::settings

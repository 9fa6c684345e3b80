#include "bridge/settings/config.h"

namespace zbridge::settings {

namespace {

// What may be at the other end of a socket that we dial with.
SocketTypes partners_of(SocketType socket) {
    using enum SocketType;
    switch (socket) {
        case kPull:
            return {kPush};
        case kPush:
            return {kPull};
        case kSub:
        case kXsub:
            return {kPub, kXpub};
        case kPub:
        case kXpub:
            return {kSub, kXsub};
        case kReq:
            return {kRep, kRouter};
        case kRep:
            return {kReq, kDealer};
        case kDealer:
            return {kRep, kDealer, kRouter};
        case kRouter:
            return {kReq, kDealer, kRouter};
        case kPair:
            break;
    }
    return {};
}

}  // namespace

std::string_view name_of(std::optional<PluginUse> use) {
    if (!use) return "unused";
    switch (*use) {
        case PluginUse::kStep:
            return "step";
        case PluginUse::kSource:
            return "source";
        case PluginUse::kSink:
            return "sink";
        case PluginUse::kAuth:
            return "auth";
        case PluginUse::kEngine:
            return "engine";
    }
    return {};
}

std::string_view name_of(Role role) {
    switch (role) {
        case Role::kUnused:
            return "unused";
        case Role::kSource:
            return "source";
        case Role::kTarget:
            return "target";
        case Role::kClients:
            return "clients";
        case Role::kWorkers:
            return "workers";
        case Role::kZbp:
            return "zbp";
        case Role::kCheckers:
            return "checkers";
    }
    return {};
}

SocketTypes types_of(Role role) {
    using enum SocketType;
    switch (role) {
        case Role::kSource:
            return {kPush, kPub, kXpub, kReq, kDealer};
        case Role::kTarget:
            return {kPull, kSub, kXsub};
        case Role::kClients:
            return {kReq, kDealer};
        case Role::kWorkers:
            return {kRep, kDealer, kRouter, kReq};
        case Role::kZbp:
            return {kDealer};
        case Role::kCheckers:
            return {kRep, kDealer};
        case Role::kUnused:
            break;
    }
    return {};
}

std::string reference_to(const TargetConfig& to, const Config& config) {
    switch (to.kind) {
        case TargetConfig::Kind::kService:
            return "service/" + config.services[to.index].options.name;
        case TargetConfig::Kind::kPlugin:
            return "plugin/" + config.plugins[to.index].options.name;
        case TargetConfig::Kind::kTopic:
            return "topic/" + config.topics[to.index].name;
        case TargetConfig::Kind::kGroup:
            return "group/" + config.groups[to.index].name;
        case TargetConfig::Kind::kEndpoint:
            break;
    }
    return config.endpoints[to.index].name;
}

SocketTypes EndpointConfig::served() const {
    using enum SocketType;
    if (reads_topics) return {kSub, kXsub};
    if (group && confirms) return {kRep, kReq, kDealer};
    if (group) return {kPull, kRep, kReq, kDealer};
    if (checkers) return {kReq, kDealer};  // who prepares has to learn the token
    return types_of(role);
}

SocketTypes EndpointConfig::types() const {
    if (accept) return *accept;
    if (bind.empty() && socket) return partners_of(*socket);
    return served();
}

}  // namespace zbridge::settings

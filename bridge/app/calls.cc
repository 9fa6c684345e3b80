#include "bridge/app/calls.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "bridge/app/health.h"
#include "bridge/app/status_report.h"
#include "bridge/app/topic_options.h"
#include "bridge/protocol/ask_engine.h"

namespace zbridge::app {

namespace {

using telemetry::Report;

// What the engine is asked as it stands here.
constexpr std::array kTopicCalls = {"topic ls",    "topic show",   "topic rm",
                                    "topic purge", "topic browse", "topic query"};
constexpr std::array kGroupCalls = {"group ls",     "group show",   "group pending", "group reset",
                                    "group pause",  "group resume", "group rm",      "dead ls",
                                    "dead redrive", "dead rm",      "dead edit"};
constexpr std::array kMessageCalls = {"delay ls", "delay recall", "delay reschedule", "trace"};
constexpr std::array kTransactionCalls = {"tx ls", "tx commit", "tx rollback"};
// Of topics, with options.
constexpr std::array kOptionCalls = {"topic create", "topic set"};

// Of what an engine is asked: what is worth to be remembered.
bool changes(const std::string& verb) {
    constexpr std::array kLook = {"status", "trace", "ls", "show", "browse", "query", "pending"};
    return std::none_of(kLook.begin(), kLook.end(),
                        [&](std::string_view word) { return verb.ends_with(word); });
}

}  // namespace

Calls::Calls(Bridge& bridge, const Clock& clock, telemetry::Log& log)
    : bridge_(bridge), clock_(clock), log_(log), live_(bridge, log), taps_(bridge, clock) {
    live_.serve(admin_);
    taps_.serve(admin_);
    admin_.serve_later("health",
                       [this](const Report&, const admin::Admin::Tell& tell) { health(tell); });
    admin_.serve_later("status", [this](const Report& args, const admin::Admin::Tell& tell) {
        status(args.at("peers").text() != "false", tell);
    });
    for (const char* call : kOptionCalls) {
        admin_.serve_later(call, [this, call](const Report& args, const admin::Admin::Tell& tell) {
            change_topic(call, args, tell);
        });
    }
    const auto serve_by_engine = [this](const char* call) {
        admin_.serve_later(call, [this, call](const Report& args, const admin::Admin::Tell& tell) {
            ask_engine(call, args, tell);
        });
    };
    std::for_each(kTopicCalls.begin(), kTopicCalls.end(), serve_by_engine);
    std::for_each(kGroupCalls.begin(), kGroupCalls.end(), serve_by_engine);
    std::for_each(kMessageCalls.begin(), kMessageCalls.end(), serve_by_engine);
    std::for_each(kTransactionCalls.begin(), kTransactionCalls.end(), serve_by_engine);
}

// What the bridge knows, and then what the engine adds of itself.
void Calls::status(bool peers, const admin::Admin::Tell& tell) {
    Report report = status_report(bridge_, clock_.now(), peers);
    if (bridge_.engine() == nullptr) return tell(std::move(report));
    ask_engine("status", Report::map(), [report, tell](const Result<Report>& answer) mutable {
        if (answer.ok()) {
            for (const auto& [name, value] : answer->entries())
                report.add(name, value);
        } else {
            report.add("store", Report::map()).add("trouble", answer.error().message());
        }
        tell(std::move(report));
    });
}

void Calls::health(const admin::Admin::Tell& tell) {
    status(/*peers=*/false, [tell](const Result<Report>& status) {
        tell(status.ok() ? Result<Report>(health_report(*status)) : status);
    });
}

// Options are read here, where the file's are; and what the file says, it says.
void Calls::change_topic(const std::string& verb, const Report& args,
                         const admin::Admin::Tell& tell) {
    if (bridge_.engine() == nullptr || args.at("options").entries().empty())
        return ask_engine(verb, args, tell);
    const std::string name = args.at("topic").text();
    const settings::PluginConfig& engine = bridge_.config().plugins[*bridge_.config().engine];
    for (const settings::TopicConfig& each : bridge_.config().topics) {
        if (!each.declared || each.name != name) continue;
        return tell(Status(
            Code::kInvalid,
            fmt::format("the file says the options of `{}`: {}:{}; change them there, and start "
                        "the bridge again",
                        name, engine.options.file, each.place.line)));
    }
    auto options = read_topic_options(
        args.at("options"), bridge_.plugins()->find(engine.options.name)->declaration().declared());
    if (!options.ok()) return tell(std::move(options).error());
    Report asked = Report::map();
    asked.add("topic", name);
    asked.add("options", *std::move(options));
    ask_engine(verb, asked, tell);
}

void Calls::ask_engine(const std::string& verb, const Report& args,
                       const admin::Admin::Tell& tell) {
    if (bridge_.engine() != nullptr && changes(verb) && args.at("dry_run").is_null())
        log_.info("admin", "asked by a command: " + verb, {{"args", args.json()}});
    protocol::ask_engine(bridge_.engine(), verb, args, tell);
}

Status Calls::serve(const std::string& path) {
    net::Endpoint::Setup setup;
    setup.id = EndpointId(static_cast<uint32_t>(bridge_.config().endpoints.size()));
    setup.name = "admin";
    setup.our_identity = bridge_.config().bridge.name;
    setup.private_ipc = true;
    setup.reserved = true;  // a bridge whose places are all taken is worth a look
    setup.options.limits.peers_max = kCallersMax;
    setup.accepts = {SocketType::kDealer};
    net::Address address;
    address.transport = net::Address::Transport::kIpc;
    address.path = path;
    return bridge_.serve_admin(
        std::move(setup),
        [this](std::string_view call, const Report& args, const admin::Admin::Tell& tell) {
            admin_.ask(call, args, tell);
        },
        address);
}

}  // namespace zbridge::app

// A route: from its sources, through its shape and its steps, to its targets. Built by app/, used
// by intake/, counted for status.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bridge/delivery/outlet.h"
#include "bridge/model/refusal.h"
#include "bridge/model/watch.h"
#include "bridge/plugin/engine.h"
#include "bridge/plugin/pipeline.h"
#include "bridge/plugin/sink_line.h"
#include "bridge/routing/shape.h"
#include "bridge/rpc/service.h"

namespace zbridge::intake {

// One of them.
struct Target {
    delivery::Outlet* outlet = nullptr;
    rpc::Service* service = nullptr;
    plugin::SinkLine* sink = nullptr;
    std::optional<TopicId> topic = {};
};

struct Route {
    Route(std::string its_name, routing::Shape its_shape,
          std::optional<delivery::OnFull> its_on_full)
        : name(std::move(its_name)), shape(std::move(its_shape)), on_full(its_on_full) {}

    void add(Target target) {
        targets.push_back(target);
        if (target.outlet != nullptr) outlets.push_back(target.outlet);
        if (target.service != nullptr) services.push_back(target.service);
        if (target.topic) topics.push_back(*target.topic);
    }

    std::string name;
    routing::Shape shape;
    std::optional<delivery::OnFull> on_full;
    std::vector<Target> targets;  // in the order of the file
    // The same again, for the straight path.
    std::vector<delivery::Outlet*> outlets;
    std::vector<rpc::Service*> services;
    std::vector<TopicId> topics;
    // Where a message goes that this route refuses, if its sender cannot be told.
    std::optional<TopicId> rejects;
    // None: the route has no steps.
    std::unique_ptr<plugin::Pipeline> steps;
    std::vector<plugin::Worker*> workers;  // beside the steps: of those that may block; else null
    // Likewise: where what a step fails on goes; none: its `on_error` says otherwise.
    std::vector<std::optional<TopicId>> dead_letters;

    bool has_topics() const { return !topics.empty() || rejects; }
    // Its messages, or its dead letters, may go to a topic.
    bool publishes() const {
        for (const auto& each : dead_letters) {
            if (each) return true;
        }
        return !topics.empty();
    }
    // To who looks. `from`: null: a plugin's source, or it has gone.
    void show(const Message& body, const Attributes* attributes, const net::Peer* from) const {
        if (watch != nullptr) [[unlikely]]
            show_to_watch(body, attributes, from);
    }
    // Its messages may stay on their way: it has steps, or a sink.
    bool straight() const { return !steps && !has_sink(); }
    bool has_sink() const {
        for (const Target& target : targets) {
            if (target.sink != nullptr) return true;
        }
        return false;
    }

    void show_to_watch(const Message& body, const Attributes* attributes,
                       const net::Peer* from) const;

    uint64_t messages = 0;  // that took this route
    uint64_t bytes = 0;
    RefusalCounts refusals;
    Watch* watch = nullptr;        // is shown what it gives its targets; null: nobody looks
    uint64_t rejects_kept = 0;     // of those refused: in `rejects`
    uint64_t rejects_dropped = 0;  // had no room there either
};

}  // namespace zbridge::intake

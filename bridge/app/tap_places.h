// Where a tap looks: what a reference names, found among the parts of a bridge.
//
//   endpoint, endpoint/x  what its peers say and are sent
//   route, route/x        what it gives its targets, behind its steps; of a route that reads a topic or
//                         a group: its endpoints
//   topic/x               what is stored in it
//   group/x               what its consumers are given; of one with `mode: broadcast`: its endpoints
//   service/x             its clients' endpoint, and the routes to it
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/app/bridge.h"

namespace zbridge::app {

struct TapPlace {
    std::string name;  // as users name it: "orders-in", "group/logistics"
    std::function<void(Watch*)> watch;
};

struct TapPlaces {
    std::vector<TapPlace> places;
    // Instead: it is read.
    std::optional<TopicId> topic;
    std::string topic_name;
};

// kNotFound: nothing is named so; with what might have been meant.
Result<TapPlaces> find_tap_places(Bridge& bridge, std::string_view reference);

}  // namespace zbridge::app

#pragma once

#include "bridge/base/ids.h"

namespace zbridge {

using PeerId = Id<struct PeerTag>;  // unique in one run, rises with each connection
using EndpointId = Id<struct EndpointTag, uint32_t>;  // its place in the configuration
using ServiceId = Id<struct ServiceTag, uint32_t>;
using RouteId = Id<struct RouteTag, uint32_t>;
using TopicId = Id<struct TopicTag, uint32_t>;  // as the engine numbers its topics
using GroupId = Id<struct GroupTag, uint32_t>;  // likewise
using Epoch =
    Id<struct EpochTag, uint32_t>;  // rises with each start of the bridge on one data directory

}  // namespace zbridge

// Reads the text of a YAML file into a Node. The one place that knows yaml-cpp; its exceptions end
// here.
//
// Anchors, aliases and the merge key `<<` work; keys that stand twice, tags and further documents
// are errors.
// Limits:  kDepthMax maps and lists in each other, kNodesMax values with those of aliases; each is
//          an error beyond it.
#pragma once

#include <optional>

#include "bridge/settings/environment.h"
#include "bridge/settings/finding.h"
#include "bridge/settings/node.h"

namespace zbridge::settings {

inline constexpr size_t kDepthMax = 32;
inline constexpr size_t kNodesMax = 100'000;

// None when the text could not be read at all; findings say why.
std::optional<Node> read_yaml(const Environment& environment, Findings& findings);

}  // namespace zbridge::settings

// From one YAML file to a checked configuration, or to everything that is wrong with it at once.
//
// Limits:  Source::kBytesMax of text, kDepthMax and kNodesMax (yaml.h), Findings::kFindingsMax;
//          each is said when reached.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bridge/settings/config.h"
#include "bridge/settings/environment.h"
#include "bridge/settings/finding.h"

namespace zbridge::settings {

struct Loaded {
    std::optional<Config> config;   // none if there are errors
    std::vector<Finding> errors;    // in the order of the file
    std::vector<Finding> warnings;  // likewise; beside errors too
};

// A file that cannot be read is one error among the others. `plugins`: what can be known of those
// that it names; they may be looked for in the folders that the file says (search_in()).
Loaded load_file(const std::string& path, const Environment& environment,
                 plugin::Declarations* plugins = nullptr);

// `name` is what the findings call the file. Any bytes are safe to give.
Loaded load_text(std::string text, const std::string& name, const Environment& environment,
                 plugin::Declarations* plugins = nullptr);

}  // namespace zbridge::settings

// What is wrong with a filter (bridge/base/sql92), said at the word of it that is wrong.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/result.h"
#include "bridge/settings/finding.h"

namespace zbridge::settings {

// Makes a finding of an error of sql92::Filter::compile(). `place` is where `text` begins in the
// file.
void report_filter(const Status& error, std::string_view where, std::string_view text, Place place,
                   Findings& findings);

// A name that is none of `known` would be NULL in every message. REQUIRES: `text` compiles.
void check_filter_names(std::string_view where, std::string_view text, Place place,
                        const std::vector<std::string_view>& known, Findings& findings);

}  // namespace zbridge::settings

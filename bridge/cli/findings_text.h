// Findings for people, with colours where the terminal has them.
#pragma once

#include <ostream>
#include <vector>

#include "bridge/settings/finding.h"

namespace zbridge::cli {

void print_findings(std::ostream& out, bool colour, const std::vector<settings::Finding>& findings);

}  // namespace zbridge::cli

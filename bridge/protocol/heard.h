// The other side of ZBP/1, as the command line speaks it: what a client says and hears, as reports.
// docs/PROTOCOL.md has the fields.
#pragma once

#include <string>
#include <string_view>

#include "bridge/base/result.h"
#include "bridge/telemetry/report.h"

namespace zbridge::protocol {

// The header of a command. REQUIRES: `fields` is a map.
std::string pack_command(std::string_view name, const telemetry::Report& fields);

// One thing that the bridge said; tokens and ids are strings of their octets.
struct Heard {
    std::string name;
    telemetry::Report fields;
};
Result<Heard> read_heard(std::string_view header);

// Of a REFUSED: what is wrong, in its sentence.
Status status_of(const telemetry::Report& refused);

}  // namespace zbridge::protocol

// How one line of the log looks, as text and as JSON.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "bridge/telemetry/log.h"

namespace zbridge::telemetry {

struct Line {
    int64_t time_us = 0;  // since 1970
    Level level = Level::kInfo;
    std::string_view module, message;
    std::span<const Field> fields;
};

std::string format_text(const Line& line);  // with its newline
std::string format_json(const Line& line);

// Text as it is, but what is no printable UTF-8 as \n, \t, \x1b: quotes stay as they are.
std::string readable(std::string_view text);

// All bytes that are no printable UTF-8 as \n, \t, \\, \x1b; a `"` as \". Cut after `bytes_max`
// bytes, then "..." follows.
std::string escape(std::string_view bytes, size_t bytes_max);

}  // namespace zbridge::telemetry

// Messages that a tap shows, as text, as bytes in hex, or as JSON.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "bridge/telemetry/report.h"

namespace zbridge::cli {

enum class TapFormat : uint8_t { kText, kHex, kJson };

struct TapLook {
    TapFormat format = TapFormat::kText;
    bool frames = false;  // all of them; else the last one alone. In hex and JSON always
    size_t width = 0;     // of the terminal: a line of text ends there; 0: it is none
    bool colour = false;
};

// Whole lines.
std::string tapped_text(const telemetry::Report& message, const TapLook& look);
// "0010  68 65 6c 6c 6f ...  hello", each line behind `indent`.
std::string hex_text(const std::string& bytes, const std::string& indent);

}  // namespace zbridge::cli

// A screen of `zbridge top`, as lines of pieces of text: made of samples and of how the user looks at
// them, before anything is drawn.
//
// Fitting: columns that are spare are left out until a line fits; then its first column is cut. No
//          line is wider than the screen.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bridge/cli/top/look.h"
#include "bridge/cli/top/samples.h"

namespace zbridge::cli::top {

enum class Style : uint8_t { kPlain, kBold, kDim, kHead, kChosen, kSpark, kWarning };

struct Span {
    std::string text;
    Style style = Style::kPlain;
};
using Line = std::vector<Span>;

struct Frame {
    std::vector<Line> lines;
    size_t first = 0;  // the row on top: no further than the last page
    size_t page = 1;   // rows that fit
};

struct Screenful {
    size_t width = 80, height = 24;
    bool utf8 = true;          // else sparklines are of ASCII
    std::string trouble = {};  // why there is nothing newer
    Duration silent = {};      // for so long
};

// As many lines as the screen has, or fewer.
Frame make_frame(const Samples& samples, const Look& look, const Screenful& screen);

// The line about the bridge, what matters least of it left out where it does not fit; and a view with all of its rows under a line of heads, for what is no
// terminal. `width` 0: any.
std::vector<Line> view_lines(const Samples& samples, const Look& look, size_t width, bool utf8);
Line bridge_line(const Samples& samples, size_t width);
// With colours for a terminal, or without.
std::string text_of(const std::vector<Line>& lines, bool colour);

// Columns that a text takes: characters, where it is UTF-8.
size_t width_of(std::string_view text);
// One character a value, the newest at the end, as many as fit; the highest one is full.
std::string spark_text(const std::deque<double>& values, size_t width, bool utf8);
std::string rate_text(double rate);  // "0", "7.5", "1234", "56.7k", "1.2M"

}  // namespace zbridge::cli::top

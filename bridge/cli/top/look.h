// How the user looks at it: which view, in which order, which rows, from where on. Keys change it.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "bridge/cli/top/views.h"

namespace zbridge::cli::top {

struct Key {
    enum class Kind : uint8_t {
        kCharacter,
        kUp,
        kDown,
        kLeft,
        kRight,
        kPageUp,
        kPageDown,
        kHome,
        kEnd,
        kEnter,
        kEscape,
        kBackspace,
        kResized,
    };
    Kind kind = Kind::kCharacter;
    char character = '\0';
};

struct Look {
    struct Order {
        size_t column = 0;
        bool falling = true;
    };

    Look();

    size_t view = 0;
    std::array<Order, kViews> orders;
    std::string filter;   // of the rows' texts, in any case; empty: all
    bool typing = false;  // of the filter
    bool helps = false;   // the keys are shown, until the next one
    size_t first = 0;     // row that is shown; no further than the last page

    static constexpr size_t kFilterBytesMax = 64;

    // `page`: rows that are shown at a time. False: the user leaves.
    bool take(Key key, size_t page);

 private:
    bool take_character(char character);
    void type(Key key);
    void sort_by_next(int step);
    void show(size_t its_view);
};

}  // namespace zbridge::cli::top

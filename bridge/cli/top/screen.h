// The terminal as a whole screen: frames go there, keys come from there. ncurses stands behind it, and
// nowhere else.
//
// Promise: the terminal is as it was when this ends, also by a signal that ends the process.
#pragma once

#include <memory>
#include <optional>

#include "bridge/base/clock.h"
#include "bridge/base/result.h"
#include "bridge/cli/top/frame.h"

namespace zbridge::cli::top {

class Screen {
 public:
    // kUnavailable: the terminal is of no kind that is known (TERM).
    static Result<std::unique_ptr<Screen>> open(bool colour);
    ~Screen();
    Screen(const Screen&) = delete;
    Screen& operator=(const Screen&) = delete;

    size_t width() const;
    size_t height() const;
    bool utf8() const { return utf8_; }
    void show(const Frame& frame);
    // Waits for it so long.
    std::optional<Key> key(Duration time);

 private:
    struct Terminal;
    Screen(std::unique_ptr<Terminal> terminal, bool utf8);

    std::unique_ptr<Terminal> terminal_;
    bool utf8_;
};

}  // namespace zbridge::cli::top

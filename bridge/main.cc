#include <sys/ioctl.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "bridge/cli/cli.h"

namespace {

// Of the terminal that standard output is; 0 if it is none.
size_t width() {
    winsize size{};
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

// Whoever ends this process by exit() is a plugin: nothing of the bridge does. It must not look like an
// end in order.
class OnlyMainEnds {
 public:
    OnlyMainEnds() { (void)std::atexit(&OnlyMainEnds::at_exit); }
    ~OnlyMainEnds() { main_ends_ = true; }
    OnlyMainEnds(const OnlyMainEnds&) = delete;
    OnlyMainEnds& operator=(const OnlyMainEnds&) = delete;

 private:
    static void at_exit() {
        if (main_ends_) return;
        (void)std::fputs("zbridge: a plugin called exit(): the process ends here\n", stderr);
        _exit(static_cast<int>(zbridge::cli::Exit::kFailed));
    }

    static inline std::atomic<bool> main_ends_ = false;
};

}  // namespace

int main(int argc, char** argv) {
    const OnlyMainEnds only_main_ends;
    const auto environment = [](const std::string& name) -> std::optional<std::string> {
        const char* value = std::getenv(name.c_str());
        if (value == nullptr) return std::nullopt;
        return value;
    };
    const auto no_colour = environment("NO_COLOR");  // no-color.org: set and not empty
    const bool colours = !no_colour || no_colour->empty();
    zbridge::cli::Terminal terminal{std::cout,
                                    std::cerr,
                                    colours && isatty(STDOUT_FILENO) == 1,
                                    colours && isatty(STDERR_FILENO) == 1,
                                    environment,
                                    width(),
                                    isatty(STDIN_FILENO) == 1 ? &std::cin : nullptr};
    return static_cast<int>(zbridge::cli::run({argv + 1, argv + argc}, terminal));
}

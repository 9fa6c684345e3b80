#include "bridge/cli/top/screen.h"

#define NCURSES_NOMACROS
#include <curses.h>
#include <langinfo.h>

#include <array>
#include <clocale>
#include <cstdio>
#include <cstring>

namespace zbridge::cli::top {

namespace {

enum Pair : short { kSparkPair = 1, kWarningPair };

attr_t attributes_of(Style style, bool colour) {
    switch (style) {
        case Style::kBold:
            return A_BOLD;
        case Style::kDim:
            return A_DIM;
        case Style::kHead:
            return A_UNDERLINE;
        case Style::kChosen:
            return A_REVERSE;
        case Style::kSpark:
            return colour ? static_cast<attr_t>(COLOR_PAIR(kSparkPair)) : A_NORMAL;
        case Style::kWarning:
            return A_BOLD | (colour ? static_cast<attr_t>(COLOR_PAIR(kWarningPair)) : A_NORMAL);
        case Style::kPlain:
            break;
    }
    return A_NORMAL;
}

std::optional<Key> key_of(int got) {
    using Kind = Key::Kind;
    static constexpr std::array<std::pair<int, Kind>, 13> kKinds = {{
        {KEY_UP, Kind::kUp},
        {KEY_DOWN, Kind::kDown},
        {KEY_LEFT, Kind::kLeft},
        {KEY_RIGHT, Kind::kRight},
        {KEY_PPAGE, Kind::kPageUp},
        {KEY_NPAGE, Kind::kPageDown},
        {KEY_HOME, Kind::kHome},
        {KEY_END, Kind::kEnd},
        {KEY_ENTER, Kind::kEnter},
        {'\n', Kind::kEnter},
        {'\r', Kind::kEnter},
        {KEY_BACKSPACE, Kind::kBackspace},
        {KEY_RESIZE, Kind::kResized},
    }};
    for (const auto& [code, kind] : kKinds) {
        if (got == code) return Key{kind};
    }
    if (got == '\x1b') return Key{Kind::kEscape};
    if (got == '\x7f' || got == '\b') return Key{Kind::kBackspace};
    if (got > 0 && got < 0x80) return Key{Kind::kCharacter, static_cast<char>(got)};
    return std::nullopt;
}

}  // namespace

struct Screen::Terminal {
    SCREEN* screen = nullptr;
    bool colour = false;

    explicit Terminal(SCREEN* its_screen) : screen(its_screen) {}
    ~Terminal() {
        (void)endwin();
        delscreen(screen);
    }
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;
};

Result<std::unique_ptr<Screen>> Screen::open(bool colour) {
    // Of characters alone: numbers are written as ever.
    (void)std::setlocale(LC_CTYPE, "");
    SCREEN* screen = newterm(nullptr, stdout, stdin);
    if (screen == nullptr)
        return Status(Code::kUnavailable,
                      "this terminal cannot show it: TERM names no kind that is known");
    auto terminal = std::make_unique<Terminal>(screen);
    (void)cbreak();
    (void)noecho();
    (void)curs_set(0);
    (void)keypad(stdscr, true);
    (void)set_escdelay(25);  // ms that a lone ESC waits for the rest of a key
    if (colour && has_colors()) {
        terminal->colour = start_color() == OK && use_default_colors() == OK;
        (void)init_pair(kSparkPair, COLOR_CYAN, -1);
        (void)init_pair(kWarningPair, COLOR_YELLOW, -1);
    }
    const bool utf8 = std::strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    return std::unique_ptr<Screen>(new Screen(std::move(terminal), utf8));
}

Screen::Screen(std::unique_ptr<Terminal> terminal, bool utf8)
    : terminal_(std::move(terminal)), utf8_(utf8) {}

Screen::~Screen() = default;

size_t Screen::width() const {
    return static_cast<size_t>(getmaxx(stdscr));
}

size_t Screen::height() const {
    return static_cast<size_t>(getmaxy(stdscr));
}

void Screen::show(const Frame& frame) {
    (void)werase(stdscr);
    int row = 0;
    for (const Line& line : frame.lines) {
        (void)wmove(stdscr, row++, 0);
        for (const Span& span : line) {
            (void)wattrset(stdscr, static_cast<int>(attributes_of(span.style, terminal_->colour)));
            (void)waddnstr(stdscr, span.text.data(), static_cast<int>(span.text.size()));
        }
    }
    (void)wattrset(stdscr, A_NORMAL);
    (void)wrefresh(stdscr);
}

std::optional<Key> Screen::key(Duration time) {
    wtimeout(stdscr,
             static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(time).count()));
    const int got = wgetch(stdscr);
    return got == ERR ? std::nullopt : key_of(got);
}

}  // namespace zbridge::cli::top

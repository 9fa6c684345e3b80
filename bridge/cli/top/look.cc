#include "bridge/cli/top/look.h"

#include <algorithm>

namespace zbridge::cli::top {

namespace {

using Kind = Key::Kind;

// Numbers are of interest where they are large, names where they begin.
bool falls_at_first(const Column& column) {
    return column.kind != Column::Kind::kText;
}

bool is_character(Key key, char character) {
    return key.kind == Kind::kCharacter && key.character == character;
}

constexpr size_t kFar = size_t{1} << 40;  // behind all rows there may be: the frame knows how many

}  // namespace

Look::Look() {
    for (size_t i = 0; i < kViews; i++)
        orders[i] = {views()[i].sorted_by,
                     falls_at_first(views()[i].columns[views()[i].sorted_by])};
}

bool Look::take(Key key, size_t page) {
    if (typing) {
        type(key);
        return true;
    }
    if (helps && key.kind != Kind::kResized) {
        helps = false;
        return !is_character(key, 'q');
    }
    switch (key.kind) {
        case Kind::kCharacter:
            return take_character(key.character);
        case Kind::kUp:
            first -= std::min<size_t>(first, 1);
            break;
        case Kind::kDown:
            first++;
            break;
        case Kind::kPageUp:
            first -= std::min(first, page);
            break;
        case Kind::kPageDown:
            first += page;
            break;
        case Kind::kHome:
            first = 0;
            break;
        case Kind::kEnd:
            first = kFar;
            break;
        case Kind::kLeft:
            sort_by_next(-1);
            break;
        case Kind::kRight:
            sort_by_next(1);
            break;
        case Kind::kEscape:
            filter.clear();
            break;
        case Kind::kEnter:
        case Kind::kBackspace:
        case Kind::kResized:
            break;
    }
    return true;
}

bool Look::take_character(char character) {
    if (character == 'q') return false;
    if (character >= '1' && character < static_cast<char>('1' + kViews))
        show(static_cast<size_t>(character - '1'));
    else if (character == '\t')
        show((view + 1) % kViews);
    else if (character == '/')
        typing = true;
    else if (character == 'r')
        orders[view].falling = !orders[view].falling;
    else if (character == 'h' || character == '?')
        helps = true;
    else if (character == '<')
        sort_by_next(-1);
    else if (character == '>')
        sort_by_next(1);
    return true;
}

void Look::type(Key key) {
    first = 0;
    if (key.kind == Kind::kEnter) {
        typing = false;
    } else if (key.kind == Kind::kEscape) {
        typing = false;
        filter.clear();
    } else if (key.kind == Kind::kBackspace) {
        if (!filter.empty()) filter.pop_back();
    } else if (key.kind == Kind::kCharacter && key.character >= ' ' &&
               filter.size() < kFilterBytesMax) {
        filter += key.character;
    }
}

void Look::sort_by_next(int step) {
    const auto& columns = views()[view].columns;
    Order& order = orders[view];
    do {
        order.column = (order.column + columns.size() + static_cast<size_t>(step)) % columns.size();
    } while (!is_sortable(columns[order.column].kind));
    order.falling = falls_at_first(columns[order.column]);
}

void Look::show(size_t its_view) {
    view = its_view;
    first = 0;
}

}  // namespace zbridge::cli::top

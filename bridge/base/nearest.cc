#include "bridge/base/nearest.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace zbridge {

namespace {

char lower(char c) {
    if (c == '-') return '_';  // max-peers is as near to max_peers as can be
    return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
}

// Edits that turn one word into the other: insert, delete, replace, swap of neighbours.
size_t distance(std::string_view a, std::string_view b) {
    std::vector<size_t> two_before(b.size() + 1), before(b.size() + 1), row(b.size() + 1);
    for (size_t j = 0; j <= b.size(); j++)
        before[j] = j;
    for (size_t i = 1; i <= a.size(); i++) {
        row[0] = i;
        for (size_t j = 1; j <= b.size(); j++) {
            const bool same = lower(a[i - 1]) == lower(b[j - 1]);
            row[j] = std::min({before[j] + 1, row[j - 1] + 1, before[j - 1] + (same ? 0 : 1)});
            const bool swapped = i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                                 lower(a[i - 2]) == lower(b[j - 1]);
            if (swapped) row[j] = std::min(row[j], two_before[j - 2] + 1);
        }
        std::swap(two_before, before);
        std::swap(before, row);
    }
    return before[b.size()];
}

// At least so many edits: a word that is longer lacks what the other has not.
size_t least_distance(std::string_view a, std::string_view b) {
    return a.size() > b.size() ? a.size() - b.size() : b.size() - a.size();
}

std::string hint(std::string_view meant) {
    return meant.empty() ? std::string() : "; did you mean \"" + std::string(meant) + "\"?";
}

}  // namespace

std::string_view nearest(std::string_view word, const std::vector<std::string_view>& known) {
    if (word.size() > kNearestBytesMax) return {};
    std::string_view best;
    size_t best_distance = std::max<size_t>(1, word.size() / 3) + 1;
    for (size_t i = 0; i < std::min(known.size(), kNearestWordsMax); i++) {
        const std::string_view candidate = known[i];
        if (candidate.size() > kNearestBytesMax) continue;
        if (least_distance(word, candidate) >= best_distance) continue;
        const size_t edits = distance(word, candidate);
        if (edits < best_distance && edits < candidate.size()) {
            best = candidate;
            best_distance = edits;
        }
    }
    return best;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& known) {
    return hint(nearest(word, known));
}

std::string did_you_mean_reference(std::string_view word,
                                   const std::vector<std::string_view>& known) {
    if (word.find('/') != std::string_view::npos) return did_you_mean(word, known);
    std::vector<std::string_view> names;
    for (const std::string_view reference : known)
        names.push_back(reference.substr(reference.find('/') + 1));  // all of it: it has none
    const std::string_view name = nearest(word, names);
    const auto meant = std::find_if(known.begin(), known.end(), [&](std::string_view reference) {
        return !name.empty() && reference.data() + reference.size() == name.data() + name.size();
    });
    return hint(meant == known.end() ? std::string_view() : *meant);
}

std::string there_is_no(std::string_view kind, std::string_view name,
                        const std::vector<std::string_view>& known) {
    return "there is no " + std::string(kind) + " `" + std::string(name) + "`" +
           did_you_mean(name, known);
}

}  // namespace zbridge

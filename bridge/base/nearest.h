// The word that is meant by a misspelt one, and how whoever wrote it is told.
//
// Limits: kNearestBytesMax a word: the work is the square of it. kNearestWordsMax words are looked at,
//         the first ones.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace zbridge {

inline constexpr size_t kNearestBytesMax = 64;  // as long as most names may be
inline constexpr size_t kNearestWordsMax = 1000;

// The known word nearest to a misspelt one; empty if none is near.
std::string_view nearest(std::string_view word, const std::vector<std::string_view>& known);

// `; did you mean "x"?`, or nothing.
std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& known);

// Likewise where `known` are references as routes write them: who writes "orders" may mean "topic/orders".
std::string did_you_mean_reference(std::string_view word,
                                   const std::vector<std::string_view>& known);

// "there is no topic `ordres`; did you mean "orders"?". `kind`: what it was to be, "topic".
std::string there_is_no(std::string_view kind, std::string_view name,
                        const std::vector<std::string_view>& known);

}  // namespace zbridge

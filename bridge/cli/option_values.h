// What the value of an option may be, and what is said of one that is something else: in the words of
// the other checks, where CLI11 has words of its own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

namespace zbridge::cli {

// One of these words; `noun`: what each of them is, "kind". Completions offer them.
CLI::Validator one_word_of(std::string noun, std::vector<std::string> words);
inline constexpr uint64_t kCountMax = 1'000'000'000'000;  // of messages of a run
inline constexpr uint64_t kListedMax = 1'000'000;         // that are shown at a time
// A whole number within these, both included.
CLI::Validator whole_number(uint64_t least, uint64_t most);

// A time as commands take it: RFC 3339, milliseconds since 1970, or counted from `now_ms`, as -5m or
// +1h. Milliseconds since 1970; none: it is none of these, or before 1970.
std::optional<int64_t> time_argument(std::string_view text, int64_t now_ms);
// "-5m", "+1h". None: it is no such text.
std::optional<int64_t> time_from_now(std::string_view text, int64_t now_ms);
// Of an option: empty, or what is wrong with it.
std::string wrong_time(const std::string& text);
// By this machine's clock.
int64_t wall_ms();

// Of a command line that is read by `app`: a value that begins with a minus and a digit is joined to
// the option before it, "--from=-5m". CLI11 would take it for an option of one letter.
std::vector<std::string> with_negative_values(const CLI::App& app,
                                              std::vector<std::string> arguments);

}  // namespace zbridge::cli

// What a command takes, read from its declaration, so that help, completions, man pages and the
// documents all say the same.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/cli/command.h"

namespace zbridge::cli {

struct DescribedOption {
    std::string name;    // "--json"; "FILE" of what stands without a name
    std::string letter;  // "-f"; empty: it has none
    std::string value;   // "PLACE"; empty: it takes none
    std::string help;
    bool positional = false;
    bool required = false;
    bool repeats = false;
    std::vector<std::string> choices{};  // values that there are; empty: any
};

struct Described {
    std::string_view name, help;
    std::vector<DescribedOption> options;  // in the order of their declaration
};

// All of them, in the order in which help shows them.
std::span<const Command> commands();
// Commands of two words have the first in common: "plugin".
bool is_group(std::string_view word);

// The first words of commands of two, in their order.
std::vector<std::string_view> groups();

Described describe(const Command& command);
// "check FILE [--strict]"
std::string usage_of(const Described& command);
// "--at PLACE", "-f, --follow"
std::string words_of(const DescribedOption& option);
// What `zbridge help COMMAND` prints, on a terminal of this width; 0: on none.
std::string help_of(const Described& command, size_t width = 0);

}  // namespace zbridge::cli

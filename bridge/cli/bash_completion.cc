// bash: functions that say what may follow, and one that looks at the line.
#include <fmt/format.h>

#include "bridge/cli/completion_text.h"
#include "bridge/cli/described.h"
#include "bridge/model/refusal.h"

namespace zbridge::cli {

namespace {

// What a line can have at its third or second place, of which a running bridge knows the names.
constexpr std::string_view kBody = R"bash(
# The names of what a bridge has: what `zbridge $1 ls` lists.
_zbridge_names() {
    local at=() i
    for ((i = 1; i < COMP_CWORD; i++)); do
        [[ ${COMP_WORDS[i]} == --at ]] && at=(--at "${COMP_WORDS[i + 1]}")
    done
    "${COMP_WORDS[0]}" "$1" ls --json "${at[@]}" 2>/dev/null | sed -n 's/^ \{4\}"name": "\(.*\)",*$/\1/p'
}

_zbridge() {
    local cur=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]} first=2 words
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        COMPREPLY=($(compgen -W "$(_zbridge_first) help" -- "$cur"))
        return
    fi
    [[ $command == help ]] && { ((COMP_CWORD == 2)) && COMPREPLY=($(compgen -W "$(_zbridge_first)" -- "$cur")); return; }
    if [[ -n $(_zbridge_second "$command") ]]; then
        if ((COMP_CWORD == 2)); then
            COMPREPLY=($(compgen -W "$(_zbridge_second "$command")" -- "$cur"))
            return
        fi
        command+=" ${COMP_WORDS[2]}"
        first=3
    fi
    words=$(_zbridge_values "$command $previous")
    if [[ $words == FILE ]]; then
        COMPREPLY=($(compgen -f -- "$cur"))
    elif [[ -n $words ]]; then
        COMPREPLY=($(compgen -W "$words" -- "$cur"))
    elif [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "$(_zbridge_options "$command")" -- "$cur"))
    elif ((COMP_CWORD == first)); then
        words=$(_zbridge_argument "$command")
        case $words in
            topic | group | service | endpoint) words=$(_zbridge_names "$words") ;;
            FILE) COMPREPLY=($(compgen -f -- "$cur")); return ;;
        esac
        COMPREPLY=($(compgen -W "$words $([[ -z $cur ]] && _zbridge_options "$command")" -- "$cur"))
    fi
}

complete -o filenames -F _zbridge zbridge
)bash";

std::string joined(const std::vector<std::string>& words) {
    return fmt::format("{}", fmt::join(words, " "));
}

std::string a_case(std::string_view of, std::string_view words) {
    return words.empty() ? "" : fmt::format("        '{}') echo '{}' ;;\n", of, words);
}

std::string a_function(std::string_view name, std::string_view cases) {
    return fmt::format("\n{}() {{\n    case $1 in\n{}    esac\n}}\n", name, cases);
}

// What stands at the first place behind a command, as _zbridge() has it.
std::string argument_of(const DescribedOption& option) {
    if (!option.choices.empty()) return joined(option.choices);
    for (const char* kind : {"TOPIC", "GROUP", "SERVICE", "ENDPOINT"}) {
        if (option.name != kind) continue;
        std::string word;
        for (const char c : option.name)
            word += static_cast<char>(c - 'A' + 'a');
        return word;
    }
    if (option.name != "CODE") return option.name == "FILE" || option.name == "PLACE" ? "FILE" : "";
    std::string codes;
    for (size_t i = 0; i < kRefusalCount; i++)
        codes.append(i == 0 ? "" : " ").append(name_of(static_cast<Refusal>(i)));
    return codes;
}

}  // namespace

std::string bash_completion() {
    std::string second, options, values, arguments, first;
    std::string_view last;
    for (const Command& command : commands()) {
        const std::string_view word = command.name.substr(0, command.name.find(' '));
        if (word != last) first.append(first.empty() ? "" : " ").append(word);
        last = word;
        const Described its = describe(command);
        std::vector<std::string> names;
        std::string argument;
        for (const DescribedOption& option : its.options) {
            if (option.positional && argument.empty()) argument = argument_of(option);
            if (option.positional) continue;
            names.push_back(option.name);
            if (option.value.empty()) continue;
            const std::string words = option.choices.empty() ? "FILE" : joined(option.choices);
            values += a_case(fmt::format("{} {}", its.name, option.name), words);
        }
        options += a_case(its.name, joined(names));
        arguments += a_case(its.name, argument);
    }
    for (const std::string_view group : groups()) {
        std::vector<std::string> words;
        for (const Command& command : commands()) {
            if (command.name.starts_with(std::string(group) + " "))
                words.emplace_back(command.name.substr(group.size() + 1));
        }
        second += a_case(group, joined(words));
    }
    return "# Completion of zbridge for bash, made by `zbridge completion bash`.\n"
           "\n_zbridge_first() { echo '" +
           first + "'; }\n" + a_function("_zbridge_second", second) +
           a_function("_zbridge_options", options) + a_function("_zbridge_values", values) +
           a_function("_zbridge_argument", arguments) + std::string(kBody);
}

}  // namespace zbridge::cli

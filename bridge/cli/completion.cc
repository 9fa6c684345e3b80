// zbridge completion bash|zsh|fish
#include <memory>

#include <CLI/CLI.hpp>

#include "bridge/cli/command.h"
#include "bridge/cli/completion_text.h"
#include "bridge/cli/option_values.h"

namespace zbridge::cli {

Body declare_completion(CLI::App& app) {
    auto shell = std::make_shared<std::string>();
    app.add_option("SHELL", *shell, "bash, zsh or fish: `source <(zbridge completion bash)`")
        ->check(one_word_of("shell", {"bash", "zsh", "fish"}))
        ->required();
    return [shell](Terminal& terminal) {
        terminal.out << (*shell == "bash"  ? bash_completion()
                         : *shell == "zsh" ? zsh_completion()
                                           : fish_completion());
        return Exit::kOk;
    };
}

}  // namespace zbridge::cli

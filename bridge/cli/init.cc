// zbridge init [FILE] [--kind KIND] [--json]
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "bridge/base/check.h"
#include "bridge/base/json_writer.h"
#include "bridge/cli/command.h"
#include "bridge/cli/option_values.h"
#include "bridge/cli/samples.h"

namespace zbridge::cli {

namespace {

struct Kind {
    std::string_view name, sample, is;
};
// The first one is written where none is asked for.
constexpr std::array kKinds = {
    Kind{"start", "start.yaml", "a service, and a topic whose group shares its messages"},
    Kind{"rpc", "rpc.yaml", "a service"},
    Kind{"queue", "queue.yaml", "a queue in memory"},
    Kind{"pubsub", "pubsub.yaml", "a broadcast"},
    Kind{"topic", "durable.yaml", "a topic, kept on the disk"},
};

struct Options {
    std::string file = "bridge.yaml";
    std::string kind{kKinds.front().name};
    bool json = false;
};

// None: it is there. A file that somebody else makes at the same moment is not written over either.
std::optional<std::string> write_new(const std::string& path, const std::string& text) {
    std::FILE* const file = std::fopen(path.c_str(), "wbx");
    if (file == nullptr && errno == EEXIST)
        return fmt::format("{} is there already: nothing was written", path);
    if (file == nullptr) return fmt::format("cannot write {}: {}", path, std::strerror(errno));
    const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
    const bool closed = std::fclose(file) == 0;
    if (written && closed) return std::nullopt;
    return fmt::format("cannot write all of {}: {}", path, std::strerror(errno));
}

std::string said_of(const Options& options, const Kind& kind) {
    if (options.json) {
        JsonWriter json;
        json.begin_map().text("file", options.file).text("kind", kind.name);
        return json.end_map().take() + "\n";
    }
    return fmt::format(
        "wrote {0}: {1}. Next:\n\n"
        "  zbridge check --strict {0}\n"
        "  zbridge run {0}\n",
        options.file, kind.is);
}

Exit init(const Options& options, Terminal& terminal) {
    const auto* kind = kKinds.begin();
    while (kind->name != options.kind)  // one of them: the option was checked
        kind++;
    const auto text = samples().find(kind->sample);
    ZB_CHECK(text != samples().end(), kind->sample);
    const bool is_kind = std::any_of(kKinds.begin(), kKinds.end(),
                                     [&](const Kind& each) { return each.name == options.file; });
    if (is_kind) {
        terminal.err << fmt::format(
            "zbridge: init: {0} is a kind: expected a file, or --kind {0}; a file of that name "
            "is ./{0}\n",
            options.file);
        return Exit::kUsage;
    }
    if (options.file == "-" && options.json) {
        terminal.err << "zbridge: init: - prints the file itself: expected no --json\n";
        return Exit::kUsage;
    }
    if (options.file == "-") {
        terminal.out << text->second;
        return Exit::kOk;
    }
    if (const auto problem = write_new(options.file, text->second)) {
        terminal.err << "zbridge: init: " << *problem << "\n";
        return Exit::kFailed;
    }
    terminal.out << said_of(options, *kind);
    return Exit::kOk;
}

}  // namespace

Body declare_init(CLI::App& app) {
    auto options = std::make_shared<Options>();
    std::vector<std::string> kinds;
    for (const Kind& kind : kKinds)
        kinds.emplace_back(kind.name);
    app.add_option("FILE", options->file, "the file that is made; else bridge.yaml; - prints it");
    app.add_option("--kind", options->kind,
                   "what for: start (a service, and a topic with a group), rpc, queue, pubsub or "
                   "topic; else start")
        ->type_name("KIND")
        ->check(one_word_of("kind", kinds));
    app.add_flag("--json", options->json, "say as JSON which file was written");
    return [options](Terminal& terminal) { return init(*options, terminal); };
}

}  // namespace zbridge::cli

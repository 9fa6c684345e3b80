// zbridge plugin check FILE.so [--set KEY=VALUE]... [--seconds N] [--seed N] [--json]
#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "bridge/base/json_writer.h"
#include "bridge/base/random.h"
#include "bridge/cli/command.h"
#include "bridge/cli/option_values.h"
#include "bridge/cli/plugin_check/elf.h"
#include "bridge/cli/plugin_check/run_stage.h"
#include "bridge/cli/plugin_check/stages.h"
#include "bridge/cli/plugin_text.h"
#include "bridge/plugin/catalog.h"

namespace zbridge::cli {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kEntry = "zbridge_plugin_entry";
constexpr size_t kNamesShown = 5;
constexpr Duration kStageTime = std::chrono::seconds(60);  // beyond what --seconds asks for

struct Options {
    CheckSettings settings;
    std::optional<uint64_t> seed;
    uint32_t seconds = 0;
    bool json = false;
};

std::string first_of(const std::vector<std::string>& names) {
    std::string text;
    for (size_t i = 0; i < names.size() && i < kNamesShown; i++)
        text += (i == 0 ? "" : ", ") + names[i];
    return names.size() > kNamesShown ? text + ", ..." : text;
}

// What the file gives and wants.
StageReport check_symbols(const std::string& file) {
    StageReport report{"symbols", "", {}};
    auto symbols = read_symbols(file);
    if (!symbols.ok()) {
        report.findings.push_back(symbols.error().message());
        return report;
    }
    const bool has_entry = std::erase(symbols->exported, kEntry) > 0;
    if (!has_entry)
        report.findings.push_back(fmt::format("it does not export {}: is it a plugin?", kEntry));
    if (!symbols->exported.empty()) {
        report.findings.push_back(fmt::format(
            "it exports {} symbols besides {} ({}): link it as zbridge_add_plugin() does, with "
            "--version-script=zbridge_plugin.map",
            symbols->exported.size(), kEntry, first_of(symbols->exported)));
    }
    std::erase_if(symbols->undefined, [](const std::string& name) {
        return name.find("zbridge") == std::string::npos;
    });
    if (!symbols->undefined.empty())
        report.findings.push_back(fmt::format("it wants {} of the bridge, which gives no symbols",
                                              first_of(symbols->undefined)));
    if (report.findings.empty()) report.said = fmt::format("exports {} alone", kEntry);
    return report;
}

// Loads it as the bridge does, in the stage's own process. Null: a finding says why not.
const plugin::Declaration* load(plugin::Catalog& catalog, const std::string& file, Board& board) {
    board.at("loading");
    const auto declaration = catalog.declaration(file, "");
    if (declaration.ok()) return *declaration;
    board.found(declaration.error().message());
    return nullptr;
}

StageReport check_loading(const CheckSettings& settings, const std::string& folder) {
    return run_stage("load", folder, kStageTime, [&](Board& board) {
        const RealClock clock;
        plugin::Catalog catalog({}, {}, clock);
        const auto* declaration = load(catalog, settings.file, board);
        if (declaration == nullptr) return;
        board.at("its option table");
        const auto& declared = declaration->declared();
        for (const std::string& problem : problems_of_table(declared))
            board.found(problem);
        board.say(fmt::format("{} {}: {}", declared.name, declared.version, kinds_text(declared)));
    });
}

std::vector<StageReport> check_all(const CheckSettings& settings, const std::string& folder) {
    std::vector<StageReport> reports{check_symbols(settings.file), check_loading(settings, folder)};
    if (!reports.back().findings.empty()) return reports;
    struct Stage {
        const char* name;
        void (*check)(const Checked&);
    };
    for (const Stage& stage :
         {Stage{"life cycle", check_life_cycle}, Stage{"options", check_options},
          Stage{"messages", check_step}, Stage{"reads", check_source}, Stage{"batches", check_sink},
          Stage{"peers", check_auth}}) {
        auto report =
            run_stage(stage.name, folder, kStageTime + 2 * settings.time, [&](Board& board) {
                const RealClock clock;
                plugin::Catalog catalog({}, {}, clock);
                if (const auto* declaration = load(catalog, settings.file, board))
                    stage.check({*declaration, settings, clock, board});
            });
        if (!report.said.empty() || !report.findings.empty()) reports.push_back(std::move(report));
    }
    return reports;
}

std::string report_json(const CheckSettings& settings, const std::vector<StageReport>& reports,
                        bool ok) {
    JsonWriter json;
    json.begin_map().text("file", settings.file).flag("ok", ok).number("seed", settings.seed);
    json.key("stages").begin_list();
    for (const StageReport& report : reports) {
        json.begin_map().text("name", report.name).text("said", report.said);
        json.key("findings").begin_list();
        for (const std::string& finding : report.findings)
            json.text(finding);
        json.end_list().end_map();
    }
    return json.end_list().end_map().take() + "\n";
}

std::string report_text(const CheckSettings& settings, const std::vector<StageReport>& reports,
                        bool colour) {
    std::string text = settings.file + "\n";
    size_t findings = 0;
    for (const StageReport& report : reports) {
        if (!report.said.empty()) text += fmt::format("  {:<11} {}\n", report.name, report.said);
        for (const std::string& finding : report.findings)
            text += fmt::format("  {:<11} {}finding:{} {}\n", report.name,
                                colour ? "\x1b[1;31m" : "", colour ? "\x1b[0m" : "", finding);
        findings += report.findings.size();
    }
    text += findings == 0   ? "no findings"
            : findings == 1 ? "1 finding"
                            : fmt::format("{} findings", findings);
    return text + fmt::format("; --seed {} gives the same messages\n", settings.seed);
}

// Where what the plugin writes goes, by relative paths. Removed at the end.
class Folder {
 public:
    Folder() {
        std::string name = (fs::temp_directory_path() / "zbridge-check-XXXXXX").string();
        const char* made = mkdtemp(name.data());
        path_ = made == nullptr ? "" : made;
    }
    ~Folder() {
        std::error_code ignored;
        if (!path_.empty()) fs::remove_all(path_, ignored);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    const std::string& path() const { return path_; }

 private:
    std::string path_;
};

Exit check(Options options, Terminal& terminal) {
    CheckSettings& settings = options.settings;
    std::error_code error;
    settings.file = fs::absolute(settings.file, error).lexically_normal().string();
    settings.seed = options.seed ? *options.seed : OsRandom().below(1'000'000'000);
    settings.time = std::chrono::seconds(options.seconds);
    const Folder folder;
    if (folder.path().empty()) {
        terminal.err << "zbridge: no temporary folder can be made\n";
        return Exit::kFailed;
    }
    terminal.out.flush();  // a stage begins with a copy of what waits there
    const auto reports = check_all(settings, folder.path());
    const bool ok = std::all_of(reports.begin(), reports.end(),
                                [](const StageReport& report) { return report.findings.empty(); });
    terminal.out << (options.json ? report_json(settings, reports, ok)
                                  : report_text(settings, reports, terminal.out_colour));
    return ok ? Exit::kOk : Exit::kFindings;
}

}  // namespace

Body declare_plugin_check(CLI::App& app) {
    auto options = std::make_shared<Options>();
    app.add_option("FILE", options->settings.file, "the shared object; its start is run, too")
        ->required();
    app.add_option(
           "--set", options->settings.given,
           "an option, as the YAML has it; more than once. Else defaults and examples; paths "
           "are from a temporary folder")
        ->type_name("KEY=VALUE")
        ->allow_extra_args(false);
    app.add_option("--seconds", options->seconds,
                   "feed messages for so long, 3600 at most; else 20,000 of them")
        ->type_name("N")
        ->check(whole_number(1, 3600));
    app.add_option("--seed", options->seed, "of the random messages; else another each time")
        ->type_name("N");
    app.add_flag("--json", options->json, "the same as JSON");
    return [options](Terminal& terminal) { return check(*options, terminal); };
}

}  // namespace zbridge::cli

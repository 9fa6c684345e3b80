// zbridge journal check|stat|dump|scrub PLACE
#include <filesystem>
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "bridge/app/catalog.h"
#include "bridge/base/disk.h"
#include "bridge/cli/command.h"
#include "bridge/cli/journal_text.h"
#include "bridge/cli/option_values.h"
#include "bridge/cli/watched_load.h"
#include "bridge/protocol/report_codec.h"
#include "plugins/sdk/zbridge_engine.h"

namespace zbridge::cli {

namespace {

namespace fs = std::filesystem;
using telemetry::Report;

constexpr std::string_view kDefaultEngine = "durable";

struct Options {
    std::string place;
    bool json = false;
    std::optional<uint64_t> from, max;
};

// The journal that is asked about, and who can read it.
struct Place {
    std::string data_dir, folder;
    std::string engine{kDefaultEngine};
};

Result<Place> place_of(const std::string& place, plugin::Catalog& catalog, const Clock& clock,
                       Terminal& terminal) {
    std::error_code error;
    if (fs::is_directory(place, error)) return Place{place, place + "/journal"};
    if (!fs::exists(place, error))
        return Status(Code::kNotFound, "there is no `" + place +
                                           "`: expected a data directory or "
                                           "a YAML file");
    const auto loaded = load_watched(place, terminal, catalog, clock);
    if (!loaded.config)
        return Status(Code::kInvalid, place + " has errors; `zbridge check` shows them");
    Place found{loaded.config->bridge.data_dir, loaded.config->bridge.data_dir + "/journal"};
    if (!loaded.config->engine) return found;
    const auto& options = loaded.config->plugins[*loaded.config->engine].options;
    found.engine = options.use;
    const auto folder = options.values.find("folder");
    if (folder != options.values.end() && !folder->second.empty())
        found.folder = folder->second.front().text;
    return found;
}

// So that no bridge begins to write meanwhile. Where there is no file to lock none has ever run.
Result<std::unique_ptr<FileLock>> lock(Disk& disk, const Place& place) {
    const std::string path = place.data_dir + "/lock";
    std::error_code error;
    if (!fs::exists(path, error)) return std::unique_ptr<FileLock>();
    auto lock = disk.lock(path);
    if (!lock.ok() && lock.error().code() == Code::kBusy)
        return Status(Code::kBusy, "a bridge runs on the data directory " + place.data_dir +
                                       ": stop it first, or ask about a copy");
    return lock;
}

// What is told goes to `take`, piece by piece.
Status ask(const Options& options, const std::string& verb, Terminal& terminal,
           const std::function<void(const Report&)>& take) {
    const RealClock clock;
    const auto catalog = app::make_catalog(terminal.environment, clock);
    auto place = place_of(options.place, *catalog, clock, terminal);
    if (!place.ok()) return std::move(place).error();
    const auto engine = catalog->declaration(place->engine, "");
    if (!engine.ok()) return engine.error();
    const auto* offline =
        (*engine)->engine() == nullptr
            ? nullptr
            : static_cast<const zb_offline*>((*engine)->plugin().get_extension(ZB_OFFLINE));
    if (offline == nullptr || offline->size != sizeof(zb_offline))
        return {Code::kInvalid, "the plugin " + place->engine + " keeps no journal"};
    PosixDisk disk;
    const auto held = lock(disk, *place);
    if (!held.ok()) return held.error();

    Report args = Report::map();
    if (options.from) args.add("from", *options.from);
    if (options.max) args.add("max", *options.max);
    const std::string body = protocol::pack(args);
    struct Told {
        const std::function<void(const Report&)>& take;
        std::string last;
        Status broken;
        void show() {
            if (last.empty()) return;
            const auto report = protocol::unpack(last);
            if (!report.ok())
                broken = report.error();
            else
                take(*report);
            last.clear();
        }
    } told{take, {}, {}};
    const auto tell = [](void* to, zb_view piece) {
        auto& its = *static_cast<Told*>(to);
        its.show();  // the last piece may be a sentence
        its.last.assign(piece.data, piece.size);
    };
    const zb_result result =
        offline->ask(&disk, {place->folder.data(), place->folder.size()},
                     {verb.data(), verb.size()}, {body.data(), body.size()}, &told, tell);
    if (result == ZB_NOT_FOUND) return {Code::kNotFound, told.last};
    if (result != ZB_OK) return {Code::kIo, told.last};
    told.show();
    return told.broken;
}

using Text = std::string (*)(const Report& answer, size_t width);

Exit show(const Options& options, const std::string& verb, Text text, Terminal& terminal) {
    bool ok = true;
    const Status status = ask(options, verb, terminal, [&](const Report& answer) {
        ok = ok && answer.at("ok").text() != "false";
        if (options.json)
            terminal.out << answer.json(verb == "journal dump" ? JsonWriter::Style::kOneLine
                                                               : JsonWriter::Style::kIndented)
                         << "\n";
        else
            terminal.out << text(answer, terminal.out_width);
    });
    if (!status.ok()) {
        terminal.err << "zbridge: " << status.message() << "\n";
        return Exit::kFailed;
    }
    return ok ? Exit::kOk : Exit::kFindings;
}

std::shared_ptr<Options> declare(CLI::App& app) {
    auto options = std::make_shared<Options>();
    app.add_option("PLACE", options->place, "a data directory, or the YAML file that names it")
        ->required();
    app.add_flag("--json", options->json, "the same as JSON");
    return options;
}

Body body_of(CLI::App& app, const char* verb, Text text) {
    const auto options = declare(app);
    return [=](Terminal& terminal) { return show(*options, verb, text, terminal); };
}

}  // namespace

Body declare_journal_check(CLI::App& app) {
    return body_of(app, "journal check", journal_check_text);
}

Body declare_journal_stat(CLI::App& app) {
    return body_of(app, "journal stat", journal_stat_text);
}

Body declare_journal_scrub(CLI::App& app) {
    return body_of(app, "journal scrub", journal_scrub_text);
}

Body declare_journal_dump(CLI::App& app) {
    const auto options = declare(app);
    app.add_option("--from", options->from, "begin with the batch of this number")->type_name("N");
    app.add_option("--max", options->max, "so many batches at most")
        ->check(whole_number(1, kCountMax))
        ->type_name("N");
    return [options](Terminal& terminal) {
        return show(*options, "journal dump", journal_dump_text, terminal);
    };
}

}  // namespace zbridge::cli

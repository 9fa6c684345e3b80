#include "bridge/cli/bench/options.h"

#include <filesystem>
#include <fstream>
#include <iterator>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "bridge/base/random.h"
#include "bridge/base/time_text.h"
#include "bridge/cli/asked.h"
#include "bridge/cli/bench/saved.h"
#include "bridge/cli/conversations.h"
#include "bridge/cli/input_file.h"
#include "bridge/cli/option_values.h"

namespace zbridge::cli::bench {

Schedule Load::schedule() const {
    constexpr Duration kDefaultTime = std::chrono::seconds(10);
    Schedule schedule{parse_rate(rate).value_or(0), messages,
                      parse_duration(time).value_or(Duration{})};
    if (messages == 0 && time.empty()) schedule.time = kDefaultTime;
    return schedule;
}

std::vector<std::pair<std::string, std::string>> Load::described(const Payload& payload) const {
    return {{"message_bytes", fmt::to_string(payload.size())},
            {"rate_wanted", rate.empty() ? "none" : fmt::to_string(*parse_rate(rate))},
            {"window", window ? fmt::to_string(*window) : "none"}};
}

Result<Payload> Load::payload() const {
    if (file.empty()) return Payload::of_size(bytes);
    std::ifstream in = open_input(file);
    std::string text(std::istreambuf_iterator<char>(in), {});
    if (!in) return Status(Code::kIo, "cannot read " + file);
    auto payload = Payload::of_text(std::move(text));
    if (!payload.ok()) return std::move(payload).error().with_context(file);
    return payload;
}

std::string wrong_rate(const std::string& text) {
    return parse_rate(text) ? "" : "`" + text + "` is no rate: expected 500, 20k, 1.5M";
}

namespace {

// Before anything is measured that is to be shown beside it.
std::string wrong_file(const std::string& file) {
    std::error_code ignored;
    const bool is_there =
        std::filesystem::exists(file, ignored) && !std::filesystem::is_directory(file, ignored);
    return is_there ? "" : "`" + file + "` is no file that can be read";
}

}  // namespace

void declare_common(CLI::App& app, Common& common) {
    declare_at(app, common.at);
    app.add_option("--save", common.save, "keep the figures in this file")->type_name("FILE");
    app.add_option("--compare", common.compare, "show them beside those that this file keeps")
        ->check(wrong_file)
        ->type_name("FILE");
    app.add_flag("--json", common.json, "all figures, as JSON");
}

void declare_load(CLI::App& app, Load& load) {
    app.add_option("--rate", load.rate,
                   "so many a second, and latency from when each was due; else as fast as it goes")
        ->check(wrong_rate)
        ->type_name("RATE");
    app.add_option("--messages", load.messages, "so many in all")
        ->check(whole_number(1, kCountMax))
        ->type_name("COUNT");
    app.add_option("--duration", load.time, "for so long; else, without --messages, 10s")
        ->check(wrong_duration)
        ->type_name("TIME");
    auto* size = app.add_option("--size", load.bytes, "bytes of each; else 100, and 56 at least")
                     ->check(whole_number(Stamp::kBytes, uint64_t{256} << 20))
                     ->type_name("BYTES");
    app.add_option(
           "--payload", load.file,
           "each is the bytes of this file, with {{bench}} in it where its number is to stand")
        ->type_name("FILE")
        ->excludes(size);
    app.add_option("--window", load.window,
                   "at most so many that have no answer yet, or have not arrived; 0: any number")
        ->check(whole_number(0, kCountMax))
        ->type_name("COUNT");
}

void declare_producers(CLI::App& app, Load& load) {
    app.add_option("--producers", load.producers, "so many sockets send, in turn; else 1")
        ->check(whole_number(1, kProducersMax))
        ->type_name("COUNT");
    app.add_option("--first-frame", load.first_frame,
                   "a frame before the payload, as a PUB has its topic")
        ->type_name("TEXT");
}

void declare_consumers(CLI::App& app, uint32_t& consumers, std::string& subscribe) {
    app.add_option("--consumers", consumers, "so many sockets take; else 1")
        ->check(whole_number(1, kConsumersMax))
        ->type_name("COUNT");
    app.add_option("--subscribe", subscribe, "what SUBs ask for: a prefix; else all")
        ->type_name("PREFIX");
}

// Null: no bridge answers.
const telemetry::Report* Places::status() {
    if (status_) return &*status_;
    auto [status, exit] = ask_bridge(common_.at, "status", telemetry::Report::map(), terminal_);
    exit_ = exit;
    if (status) status_ = std::move(status);
    return status_ ? &*status_ : nullptr;
}

std::nullopt_t Places::refuse(const std::string& why, Exit exit) {
    terminal_.err << "zbridge: " << why << "\n";
    exit_ = exit;
    return std::nullopt;
}

std::optional<Place> Places::find(const std::string& reference) {
    if (auto place = plain_place(reference)) return place;
    const telemetry::Report* its = status();
    if (its == nullptr) return std::nullopt;
    auto place = endpoint_place(reference, *its);
    if (!place.ok()) return refuse(place.error().message(), Exit::kFailed);
    return *std::move(place);
}

std::optional<ServicePlace> Places::find_service(const std::string& service,
                                                 const std::string& workers_at,
                                                 bool needs_workers) {
    ServicePlace place{service, workers_at};
    if (service.find("://") == std::string::npos) {
        const telemetry::Report* its = status();
        if (its == nullptr) return std::nullopt;
        auto found = service_place(service, *its);
        if (!found.ok()) return refuse(found.error().message(), Exit::kFailed);
        place.clients = found->clients;
        if (workers_at.empty()) place.workers = found->workers;
    }
    if (needs_workers && place.workers.empty()) {
        return refuse("bench rpc: where to are --workers to connect? Expected --workers-at",
                      Exit::kUsage);
    }
    return place;
}

Exit tell(const Measured& measured, const Common& common, Terminal& terminal) {
    telemetry::Report report = measured.report();
    const Figures figures = figures_of(report);
    if (!common.save.empty()) {
        if (Status status = save_figures(figures, common.save); !status.ok())
            return failed(status, terminal);
    }
    std::optional<telemetry::Report> beside;
    if (!common.compare.empty()) {
        const auto before = load_figures(common.compare);
        if (!before.ok()) return failed(before.error(), terminal);
        beside = comparison(*before, figures);
    }
    if (common.json) {
        if (beside) report.add("compared", *std::move(beside));
        terminal.out << report.json(JsonWriter::Style::kIndented) << "\n";
    } else {
        terminal.out << measured.text();
        if (beside) terminal.out << "\n" << comparison_text(*beside);
    }
    return measured.is_good() ? Exit::kOk : Exit::kFailed;
}

Exit usage(const Common& common, const std::string& sentence, Terminal& terminal) {
    terminal.err << fmt::format("zbridge: bench {}: {}\n", common.bench, sentence);
    return Exit::kUsage;
}

uint32_t new_run() {
    OsRandom random;
    return static_cast<uint32_t>(random.next());
}

}  // namespace zbridge::cli::bench

// zbridge tx ls|commit|rollback
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "bridge/base/time_text.h"
#include "bridge/cli/asked.h"
#include "bridge/cli/command.h"
#include "bridge/cli/names.h"
#include "bridge/cli/option_values.h"
#include "bridge/cli/table.h"
#include "bridge/cli/text.h"

namespace zbridge::cli {

namespace {

using telemetry::Report;

struct Options {
    std::string at, topic, token;
    bool json = false, yes = false;
    uint32_t max = 20;
};

std::shared_ptr<Options> declare(CLI::App& app) {
    auto options = std::make_shared<Options>();
    declare_at(app, options->at);
    app.add_flag("--json", options->json, "everything, as JSON");
    return options;
}

std::string time_of(const Report& row, std::string_view name) {
    constexpr int64_t kUsAMs = 1000;
    return format_utc(static_cast<int64_t>(row.at(name).number()) * kUsAMs);
}

std::string transactions_text(const Report& transactions, size_t width) {
    Table table({"TOKEN", "TOPIC", "PREPARED", "CHECKS", "NEXT CHECK", "ASKED", "SIZE", "ID"},
                {"ID", "SIZE", "ASKED", "PREPARED"});
    for (const Report& each : transactions.items()) {
        table.add({cell(each, "token"), cell(each, "topic"), time_of(each, "prepared_ms"),
                   cell(each, "checks"), time_of(each, "next_check_ms"), cell(each, "checker"),
                   bytes_text(each.at("bytes").number()), cell(each, "id")});
    }
    return table.empty() ? "" : table.text(width);
}

// Pieces, until there are as many as are wanted. The last answer, with all of them.
Asked list(const Options& options, Terminal& terminal) {
    Report all = Report::list();
    uint64_t from = 0;
    while (true) {
        Report args = Report::map();
        if (!options.topic.empty()) args.add("topic", options.topic);
        args.add("from", from);
        args.add("max", uint64_t{options.max} - all.items().size());
        auto [answer, exit] = ask_bridge(options.at, "tx ls", std::move(args), terminal);
        if (!answer) return {std::nullopt, exit};
        for (const Report& each : answer->at("transactions").items())
            all.add(each);
        from = answer->at("next").number();
        if (answer->at("done").text() != "true" && all.items().size() < options.max) continue;
        Report whole = Report::map();
        whole.add("prepared", answer->at("prepared").number());
        whole.add("transactions", std::move(all));
        return {std::move(whole), Exit::kOk};
    }
}

Body declare_resolve(CLI::App& app, const char* call, const char* question, const char* done) {
    auto options = declare(app);
    app.add_option("TOKEN", options->token, "as PREPARE was answered it, and `tx ls` shows it")
        ->required();
    app.add_flag("--yes", options->yes, "do not ask");
    return [options, call, question, done](Terminal& terminal) {
        if (!is_confirmed(options->yes, fmt::format("{} {}?", question, options->token), terminal))
            return Exit::kFailed;
        Report args = Report::map();
        args.add("token", options->token);
        const auto [answer, exit] = ask_bridge(options->at, call, std::move(args), terminal);
        if (!answer) return exit;
        terminal.out << (options->json ? answer->json(JsonWriter::Style::kIndented) + "\n"
                                       : fmt::format("{} {}\n", cell(*answer, "id"), done));
        return Exit::kOk;
    };
}

}  // namespace

Body declare_tx_ls(CLI::App& app) {
    auto options = declare(app);
    add_name(app, "TOPIC", options->topic, "topic", "of this topic alone");
    app.add_option("--max", options->max, "at most so many, the oldest first; else 20")
        ->check(whole_number(1, kListedMax))
        ->type_name("COUNT");
    return [options](Terminal& terminal) {
        const auto [answer, exit] = list(*options, terminal);
        if (!answer) return exit;
        if (options->json) {
            terminal.out << answer->json(JsonWriter::Style::kIndented) << "\n";
            return Exit::kOk;
        }
        const Report& listed = answer->at("transactions");
        const std::string text = transactions_text(listed, terminal.out_width);
        terminal.out << (text.empty() ? "nothing is prepared\n" : text);
        if (listed.items().size() == options->max)
            terminal.out << fmt::format("{} of {} that are prepared; --max shows more\n",
                                        listed.items().size(), cell(*answer, "prepared"));
        return Exit::kOk;
    };
}

Body declare_tx_commit(CLI::App& app) {
    return declare_resolve(app, "tx commit", "Publish what is prepared as", "is published");
}

Body declare_tx_rollback(CLI::App& app) {
    return declare_resolve(app, "tx rollback", "Drop what is prepared as", "is rolled back");
}

}  // namespace zbridge::cli

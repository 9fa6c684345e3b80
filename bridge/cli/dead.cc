// zbridge dead ls|show|redrive|edit|rm|export
#include <algorithm>
#include <fstream>
#include <iostream>
#include <sstream>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "bridge/base/wait.h"
#include "bridge/cli/asked.h"
#include "bridge/cli/command.h"
#include "bridge/cli/dead_pieces.h"
#include "bridge/cli/editor.h"
#include "bridge/cli/group_text.h"
#include "bridge/cli/input_file.h"
#include "bridge/cli/names.h"
#include "bridge/cli/option_values.h"
#include "bridge/cli/text.h"

namespace zbridge::cli {

namespace {

using telemetry::Report;

struct Options {
    DeadAsked asked;
    std::vector<std::string> which;  // offsets, ids
    std::string file, rate;
    bool json = false, yes = false, all = false, body = false;
    uint64_t max = 20;
};

std::shared_ptr<Options> declare(CLI::App& app) {
    auto options = std::make_shared<Options>();
    add_name(app, "GROUP", options->asked.group, "group", "the group that they died in")
        ->required();
    declare_at(app, options->asked.at);
    return options;
}

void declare_json(CLI::App& app, Options& options) {
    app.add_flag("--json", options.json, "everything, as JSON");
}

void declare_where(CLI::App& app, Options& options) {
    app.add_option("--where", options.asked.where,
                   "only those that this holds of: SQL92 over origin, reason, attempts, redriven, "
                   "stored_ms, died_ms and the message's properties; or tags (a || b)")
        ->type_name("SQL");
}

void declare_which(CLI::App& app, Options& options, bool one) {
    auto* option = app.add_option(
        "WHICH", options.which,
        "an offset of `dead ls`; or an id: the letter's, the message's, or its producer's");
    if (one) option->required()->expected(1);
}

Exit usage(Terminal& terminal, const std::string& sentence) {
    terminal.err << "zbridge: " << sentence << "\n";
    return Exit::kUsage;
}

Exit none_such(const Options& options, const std::string& which, Terminal& terminal) {
    terminal.err << fmt::format("zbridge: there is no dead letter {} of {} (see `dead ls {}`)\n",
                                which, options.asked.group, options.asked.group);
    return Exit::kFailed;
}

// The one that is meant; null: there is none, which was said.
std::pair<Report, Exit> find_one(const Options& options, Terminal& terminal) {
    Report found;
    const std::string& which = options.which.front();
    const Exit exit =
        ask_in_pieces(options.asked, "dead ls", which, terminal, [&](const Report& piece) {
            const auto& letters = piece.at("letters").items();
            if (!letters.empty()) found = letters.front();
            return letters.empty() ? kPieceMax : 0;
        });
    if (exit == Exit::kOk && found.is_null()) return {found, none_such(options, which, terminal)};
    return {found, exit};
}

// What `dead redrive`, `rm` come to, over all pieces.
struct Sum {
    uint64_t matched = 0, done = 0, refused = 0;
    std::string reason;
    bool stopped = false;

    void add(const Report& piece) {
        matched += piece.at("matched").number();
        done += piece.at("redriven").number() + piece.at("removed").number();
        if (refused == 0) reason = cell(piece, "reason");
        refused += piece.at("refused").number();
        stopped = cell(piece, "stopped") == "true";
    }
    // Else all that there is to say was said, as act() ended so.
    bool is_worth_telling(Exit its) const {
        return its == Exit::kOk || (its == Exit::kFailed && (matched > 0 || stopped));
    }
    Exit exit() const { return refused > 0 || stopped ? Exit::kFailed : Exit::kOk; }
};

// All that are meant, or each of `which`.
Exit act(const Options& options, const std::string& call, std::optional<uint64_t> rate, Sum& sum,
         Terminal& terminal) {
    const uint64_t piece_max = rate ? std::clamp<uint64_t>(*rate / 10, 1, kPieceMax) : kPieceMax;
    std::vector<std::string> which = options.which;
    if (which.empty()) which.emplace_back();
    for (const std::string& each : which) {
        const uint64_t before = sum.matched;
        const Exit exit = ask_in_pieces(
            options.asked, call, each, terminal,
            [&](const Report& piece) {
                sum.add(piece);
                const uint64_t matched = piece.at("matched").number();
                if (rate && matched > 0 && cell(piece, "done") != "true")
                    wait_for(std::chrono::nanoseconds(1'000'000'000 * matched / *rate));
                return sum.stopped ? 0 : piece_max;
            },
            piece_max);
        if (exit != Exit::kOk) return exit;
        if (!each.empty() && sum.matched == before && !sum.stopped)
            return none_such(options, each, terminal);
        if (sum.stopped) break;
    }
    return sum.exit();
}

// "100/s", "100"
std::optional<uint64_t> rate_of(std::string text) {
    if (text.ends_with("/s")) text.resize(text.size() - 2);
    const bool digits =
        !text.empty() && text.size() < 10 &&
        std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (!digits || std::stoull(text) == 0) return std::nullopt;
    return std::stoull(text);
}

// What it came to, for `verb`: "redriven", "removed".
Report report_of(const Sum& sum, const char* verb) {
    Report report = Report::map();
    report.add("matched", sum.matched);
    report.add(verb, sum.done);
    report.add("refused", sum.refused);
    report.add("reason", sum.reason);
    return report;
}

void show_json(const Report& report, Terminal& terminal) {
    terminal.out << report.json(JsonWriter::Style::kIndented) << "\n";
}

// All of a file, `-` being standard input. None: it cannot be read, which was said.
std::optional<std::string> read_file(const std::string& file, Terminal& terminal) {
    std::ostringstream bytes;
    if (file == "-") {
        bytes << std::cin.rdbuf();
        return bytes.str();
    }
    std::ifstream in = open_input(file);
    if (!in) {
        terminal.err << "zbridge: cannot read " << file << "\n";
        return std::nullopt;
    }
    bytes << in.rdbuf();
    return bytes.str();
}

// Its last frame, as the user's editor leaves it. None, which was said: it is the old one.
std::optional<std::string> edited_body(const Report& letter, Terminal& terminal) {
    const auto& frames = letter.at("frames").items();
    const std::string old = frames.empty() ? "" : frames.back().text();
    const auto edited = edit(terminal.environment("EDITOR").value_or("vi"), old);
    if (edited.ok() && *edited != old) return *edited;
    terminal.err << "zbridge: "
                 << (edited.ok() ? "it was not changed, nothing was done"
                                 : edited.error().message())
                 << "\n";
    return std::nullopt;
}

std::string letters_word(uint64_t count) {
    return fmt::format("{} dead letter{}", count, count == 1 ? "" : "s");
}

}  // namespace

Body declare_dead_ls(CLI::App& app) {
    auto options = declare(app);
    declare_where(app, *options);
    app.add_option("--max", options->max, "at most so many; else 20")
        ->check(whole_number(1, kListedMax))
        ->type_name("COUNT");
    declare_json(app, *options);
    return [options](Terminal& terminal) {
        Report letters = Report::list();
        bool more = false;
        const auto left = [&] {
            return std::min(options->max - letters.items().size(), kPieceMax);
        };
        const Exit exit = ask_in_pieces(
            options->asked, "dead ls", "", terminal,
            [&](const Report& piece) {
                for (const Report& letter : piece.at("letters").items())
                    letters.add(letter);
                more = cell(piece, "done") != "true";
                return left();
            },
            left());
        if (exit != Exit::kOk) return exit;
        if (options->json) {
            terminal.out << letters.json(JsonWriter::Style::kIndented) << "\n";
            return exit;
        }
        const std::string table = letters_text(letters, terminal.out_width);
        if (table.empty())
            terminal.out << "no dead letters\n";
        else
            terminal.out << table << (more ? "(there may be more: see --max)\n" : "");
        return exit;
    };
}

Body declare_dead_show(CLI::App& app) {
    auto options = declare(app);
    declare_which(app, *options, /*one=*/true);
    app.add_flag("--body", options->body, "its last frame alone, as it is");
    declare_json(app, *options);
    return [options](Terminal& terminal) {
        const auto [letter, exit] = find_one(*options, terminal);
        if (exit != Exit::kOk) return exit;
        const auto& frames = letter.at("frames").items();
        if (options->body) {
            terminal.out << frames.back().text();
        } else if (options->json) {
            terminal.out << letter.json(JsonWriter::Style::kIndented) << "\n";
        } else {
            Report values = Report::map();
            for (const auto& [name, value] : letter.entries()) {
                if (name != "frames") values.add(name, value);
            }
            terminal.out << values_text(values);
            for (size_t i = 0; i < frames.size(); i++)
                terminal.out << fmt::format("{:<24} {}\n", fmt::format("frame[{}]", i),
                                            printable(frames[i].text(), true));
        }
        return Exit::kOk;
    };
}

Body declare_dead_redrive(CLI::App& app) {
    auto options = declare(app);
    declare_which(app, *options, /*one=*/false);
    declare_where(app, *options);
    app.add_option("--rate", options->rate, "at most so many a second")->type_name("N/s");
    app.add_flag("--dry-run", options->asked.dry_run, "only say how many there are");
    declare_json(app, *options);
    return [options](Terminal& terminal) {
        std::optional<uint64_t> rate;
        if (!options->rate.empty()) {
            rate = rate_of(options->rate);
            if (!rate)
                return usage(terminal, "dead redrive: --rate " + options->rate +
                                           ": expected a number of messages a second, as 100/s");
        }
        Sum sum;
        const Exit exit = act(*options, "dead redrive", rate, sum, terminal);
        if (!sum.is_worth_telling(exit)) return exit;
        if (options->json) {
            show_json(report_of(sum, "redriven"), terminal);
            return exit;
        }
        const std::string& group = options->asked.group;
        if (options->asked.dry_run)
            terminal.out << fmt::format("{} of {} would be published again\n",
                                        letters_word(sum.matched), group);
        else
            terminal.out << fmt::format("published {} of {} again\n", letters_word(sum.done),
                                        group);
        if (sum.refused > 0)
            terminal.err << fmt::format("zbridge: {} refused, and {}: {}\n", sum.refused,
                                        sum.stopped ? "it ends here" : "kept", sum.reason);
        return exit;
    };
}

Body declare_dead_edit(CLI::App& app) {
    auto options = declare(app);
    declare_which(app, *options, /*one=*/true);
    app.add_option(
           "--body", options->file,
           "its new last frame: a file, or - for standard input; else EDITOR is opened with "
           "the old one")
        ->type_name("FILE");
    declare_json(app, *options);
    return [options](Terminal& terminal) {
        if (options->file.empty() && terminal.in == nullptr)
            return usage(terminal, "dead edit: nobody is here to edit: expected --body FILE");
        std::optional<std::string> body;
        if (!options->file.empty() && !(body = read_file(options->file, terminal)))
            return Exit::kFailed;
        const auto [letter, found] = find_one(*options, terminal);
        if (found != Exit::kOk) return found;
        if (!body && !(body = edited_body(letter, terminal))) return Exit::kFailed;
        Report args = Report::map();
        args.add("group", options->asked.group);
        args.add("offset", letter.at("offset").number());
        args.add("body", *body);
        const auto [answer, exit] =
            ask_bridge(options->asked.at, "dead edit", std::move(args), terminal);
        if (!answer) return exit;
        Sum sum;
        sum.add(*answer);
        if (options->json) {
            Report report = report_of(sum, "redriven");
            report.add("offset", letter.at("offset"));
            report.add("topic", cell(letter, "origin"));
            show_json(report, terminal);
            return sum.done == 0 ? Exit::kFailed : Exit::kOk;
        }
        if (sum.done == 0) {
            terminal.err << "zbridge: it was not published: "
                         << (sum.reason.empty() ? "the bridge is busy, try again" : sum.reason)
                         << "\n";
            return Exit::kFailed;
        }
        terminal.out << fmt::format("published it to {} with its new body\n",
                                    cell(letter, "origin"));
        return Exit::kOk;
    };
}

Body declare_dead_rm(CLI::App& app) {
    auto options = declare(app);
    declare_which(app, *options, /*one=*/false);
    declare_where(app, *options);
    app.add_flag("--all", options->all, "all of them");
    app.add_flag("--dry-run", options->asked.dry_run, "only say how many there are");
    app.add_flag("--yes", options->yes, "do not ask");
    declare_json(app, *options);
    return [options](Terminal& terminal) {
        const std::string& group = options->asked.group;
        const int said =
            int{!options->which.empty()} + int{!options->asked.where.empty()} + int{options->all};
        if (said != 1)
            return usage(terminal, "dead rm: expected offsets or ids, or --where, or --all");
        const std::string what = options->all ? "all dead letters"
                                 : options->which.empty()
                                     ? fmt::format("the dead letters with {}", options->asked.where)
                                     : letters_word(options->which.size());
        if (!options->asked.dry_run &&
            !is_confirmed(options->yes, fmt::format("Remove {} of {}?", what, group), terminal))
            return Exit::kFailed;
        Sum sum;
        const Exit exit = act(*options, "dead rm", std::nullopt, sum, terminal);
        if (!sum.is_worth_telling(exit)) return exit;
        if (options->json) {
            show_json(report_of(sum, "removed"), terminal);
            return exit;
        }
        if (options->asked.dry_run)
            terminal.out << fmt::format("{} of {} would be removed\n", letters_word(sum.matched),
                                        group);
        else if (sum.done > 0 || exit == Exit::kOk)
            terminal.out << fmt::format("removed {} of {}\n", letters_word(sum.done), group);
        if (sum.stopped) terminal.err << "zbridge: " << sum.reason << "\n";
        return exit;
    };
}

Body declare_dead_export(CLI::App& app) {
    auto options = declare(app);
    app.add_option("FILE", options->file, "where to; - is standard output")->required();
    declare_where(app, *options);
    app.add_flag("--json", options->json, "say as JSON how many were written to FILE");
    return [options](Terminal& terminal) {
        std::ofstream file;
        const bool to_file = options->file != "-";
        if (to_file) file.open(options->file, std::ios::binary | std::ios::trunc);
        std::ostream& out = to_file ? file : terminal.out;
        uint64_t count = 0;
        const Exit exit =
            ask_in_pieces(options->asked, "dead ls", "", terminal, [&](const Report& piece) {
                for (const Report& letter : piece.at("letters").items())
                    out << letter_line(letter);
                count += piece.at("letters").items().size();
                return out.good() ? kPieceMax : 0;
            });
        if (exit != Exit::kOk) return exit;
        if (!to_file) return Exit::kOk;
        if (!(file << std::flush)) {
            terminal.err << "zbridge: cannot write " << options->file << "\n";
            return Exit::kFailed;
        }
        if (options->json) {
            Report report = one_arg("written", count);
            report.add("file", options->file);
            show_json(report, terminal);
            return Exit::kOk;
        }
        terminal.out << fmt::format("wrote {} of {} to {}\n", letters_word(count),
                                    options->asked.group, options->file);
        return Exit::kOk;
    };
}

}  // namespace zbridge::cli

// zbridge top [--view NAME] [--once] [--json] [--filter TEXT] [--at PLACE]
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "bridge/base/clock.h"
#include "bridge/base/wait.h"
#include "bridge/cli/asked.h"
#include "bridge/cli/command.h"
#include "bridge/cli/option_values.h"
#include "bridge/cli/top/asker.h"
#include "bridge/cli/top/frame.h"
#include "bridge/cli/top/look.h"
#include "bridge/cli/top/samples.h"
#include "bridge/cli/top/screen.h"

namespace zbridge::cli {

namespace {

using namespace top;

constexpr Duration kKeyTime = std::chrono::milliseconds(50);

struct Options {
    std::string at, view, filter;
    bool once = false;
    bool json = false;
};

std::optional<size_t> view_named(const std::string& name) {
    for (size_t i = 0; i < kViews; i++) {
        if (views()[i].name == name) return i;
    }
    return std::nullopt;
}

Look look_of(const Options& options) {
    Look look;
    look.view = view_named(options.view).value_or(0);
    look.filter = options.filter.substr(0, Look::kFilterBytesMax);
    return look;
}

// Two of them: rates are known then.
Exit take_two(Asker& asker, bool peers, Samples& samples, Terminal& terminal) {
    for (int i = 0; i < 2; i++) {
        if (i > 0) wait_for(Asker::kEvery);
        asker.ask_soon();
        asker.go_on(peers);
        Asker::Answer answer = asker.wait();
        if (!answer.status.ok()) {
            terminal.err << "zbridge: " << answer.status.error().message() << "\n";
            return static_cast<Exit>(answer.exit);
        }
        samples.add(*std::move(answer.status), answer.at, answer.peers);
    }
    return Exit::kOk;
}

// Without a view: all of them that have rows, but for peers.
Exit print(const Options& options, Terminal& terminal) {
    RealClock clock;
    Asker asker(options.at, terminal.environment, clock);
    Samples samples;
    Look look = look_of(options);
    const bool peers = options.json || look.view == kPeersView;
    if (const Exit exit = take_two(asker, peers, samples, terminal); exit != Exit::kOk) return exit;
    if (options.json) {
        terminal.out << samples.report().json(JsonWriter::Style::kIndented) << "\n";
        return Exit::kOk;
    }
    std::vector<Line> lines{bridge_line(samples, terminal.out_width)};
    for (size_t view = 0; view < kViews; view++) {
        const bool shown = options.view.empty() ? !samples.rows(view).empty() : view == look.view;
        if (!shown || (options.view.empty() && view == kPeersView)) continue;
        Look its = look;
        its.view = view;
        lines.emplace_back();
        for (Line& line : view_lines(samples, its, terminal.out_width, /*utf8=*/true))
            lines.push_back(std::move(line));
    }
    terminal.out << text_of(lines, terminal.out_colour);
    return Exit::kOk;
}

// What is wrong, and since when there is nothing newer.
struct Trouble {
    std::string why;
    Instant answered;
};

void take_answer(Asker& asker, Samples& samples, Trouble& trouble) {
    auto answer = asker.take();
    if (!answer) return;
    if (answer->status.ok()) {
        trouble = {"", answer->at};
        samples.add(*std::move(answer->status), answer->at, answer->peers);
    } else {
        trouble.why = "asked again and again: " + answer->status.error().message();
    }
}

Exit watch(const Options& options, Terminal& terminal) {
    auto screen = Screen::open(terminal.out_colour);
    if (!screen.ok()) {
        terminal.err << "zbridge: " << screen.error().message() << "\n";
        return Exit::kFailed;
    }
    RealClock clock;
    Asker asker(options.at, terminal.environment, clock);
    Samples samples;
    Look look = look_of(options);
    Trouble trouble;
    for (bool stays = true; stays;) {
        asker.go_on(look.view == kPeersView);
        take_answer(asker, samples, trouble);
        const Frame frame = make_frame(samples, look,
                                       {(*screen)->width(), (*screen)->height(), (*screen)->utf8(),
                                        trouble.why, clock.now() - trouble.answered});
        look.first = frame.first;
        (*screen)->show(frame);
        const size_t view = look.view;
        if (const auto key = (*screen)->key(kKeyTime)) stays = look.take(*key, frame.page);
        if (look.view != view) asker.ask_soon();
    }
    screen->reset();  // before the asker, which may wait for a bridge that has gone
    return Exit::kOk;
}

Exit run_top(const Options& options, Terminal& terminal) {
    const bool on_screen = terminal.out_width > 0 && terminal.in != nullptr;
    return options.once || options.json || !on_screen ? print(options, terminal)
                                                      : watch(options, terminal);
}

}  // namespace

Body declare_top(CLI::App& app) {
    auto options = std::make_shared<Options>();
    declare_at(app, options->at);
    std::vector<std::string> names;
    for (const View& view : views())
        names.emplace_back(view.name);
    app.add_option("--view", options->view,
                   "routes, topics, groups, services or peers, to begin with")
        ->type_name("VIEW")
        ->check(one_word_of("view", names));
    app.add_option("--filter", options->filter, "only rows that have this text, in any case")
        ->type_name("TEXT");
    app.add_flag("--once", options->once,
                 "print the figures of one second; so it does where it has no terminal");
    app.add_flag("--json", options->json, "likewise, as JSON, with peers: rates are `..._per_s`");
    return [options](Terminal& terminal) { return run_top(*options, terminal); };
}

}  // namespace zbridge::cli

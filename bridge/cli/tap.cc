// zbridge tap REF [--where SQL] [--frames] [--limit N] [--format text|hex|json] [--at PLACE]
#include <map>
#include <memory>

#include <CLI/CLI.hpp>

#include "bridge/base/clock.h"
#include "bridge/cli/asked.h"
#include "bridge/cli/command.h"
#include "bridge/cli/conversations.h"
#include "bridge/cli/option_values.h"
#include "bridge/cli/tap_text.h"
#include "bridge/cli/text.h"

namespace zbridge::cli {

namespace {

using telemetry::Report;

// What was not shown is said this often.
constexpr Duration kMissedEvery = std::chrono::seconds(1);

struct Options {
    std::string at, reference, where;
    uint64_t limit = 0;  // 0: none
    bool frames = false, json = false;
    std::string format = "text";
};

const std::map<std::string, TapFormat> kFormats = {
    {"text", TapFormat::kText}, {"hex", TapFormat::kHex}, {"json", TapFormat::kJson}};

// What was left out of what is shown, on terminal.err: not too often.
class Missed {
 public:
    explicit Missed(std::ostream& err) : err_(err), said_at_(clock_.now()) {}
    ~Missed() { say(); }
    Missed(const Missed&) = delete;
    Missed& operator=(const Missed&) = delete;

    void add(uint64_t messages) {
        messages_ += messages;
        if (clock_.now() - said_at_ >= kMissedEvery) say();
    }

 private:
    void say() {
        if (messages_ > 0) err_ << "zbridge: " << messages_ << " not shown" << std::endl;
        messages_ = 0;
        said_at_ = clock_.now();
    }

    RealClock clock_;
    std::ostream& err_;
    uint64_t messages_ = 0;
    Instant said_at_;
};

std::string names_text(const Report& names) {
    std::string text;
    for (const Report& name : names.items())
        text += (text.empty() ? "" : ", ") + name.text();
    return text;
}

// False: that was all.
bool show(const Report& answer, const Options& options, const TapLook& look, uint64_t& shown,
          Terminal& terminal) {
    for (const Report& message : answer.at("messages").items()) {
        terminal.out << tapped_text(message, look);
        if (++shown == options.limit) break;
    }
    terminal.out.flush();
    return terminal.out.good() && (options.limit == 0 || shown < options.limit);
}

Exit look(const Options& options, const Report& which, Conversation& bridge, Terminal& terminal) {
    const TapFormat format = options.json ? TapFormat::kJson : kFormats.at(options.format);
    const TapLook look{format, options.frames, terminal.out_width, terminal.out_colour};
    uint64_t shown = 0;
    Missed missed(terminal.err);
    for (bool more = true; more;) {
        const auto answer = bridge.ask("tap next", which);
        if (!answer.ok()) return failed(answer.error(), terminal);
        more = show(*answer, options, look, shown, terminal);
        missed.add(answer->at("missed").number());
    }
    return Exit::kOk;
}

Exit tap(const Options& options, Terminal& terminal) {
    const auto [bridge, exit] =
        open_session(options.at, {"admin", "this is no admin socket"}, terminal);
    if (!bridge) return exit;
    Report args = one_arg("ref", options.reference);
    if (!options.where.empty()) args.add("where", options.where);
    const auto begun = bridge->ask("tap", std::move(args));
    if (!begun.ok()) return failed(begun.error(), terminal);
    terminal.err << "zbridge: looking at " << names_text(begun->at("places")) << std::endl;

    const Report which = one_arg("tap", begun->at("tap").number());
    const Exit looked = look(options, which, *bridge, terminal);
    if (looked != Exit::kOk) return looked;
    const auto ended = bridge->ask("tap end", which);
    return ended.ok() ? Exit::kOk : failed(ended.error(), terminal);
}

}  // namespace

Body declare_tap(CLI::App& app) {
    auto options = std::make_shared<Options>();
    declare_at(app, options->at);
    app.add_option("REF", options->reference,
                   "an endpoint, a route, topic/NAME, group/NAME or service/NAME")
        ->required();
    app.add_option("--where", options->where,
                   "only those for which this is true: SQL92 over properties, TAGS, fields of a "
                   "JSON body, and $way, $peer, $bytes, ...")
        ->type_name("SQL");
    app.add_flag("--frames", options->frames, "all frames, a line each; else the last one alone");
    app.add_option("--limit", options->limit, "ends after so many messages")
        ->type_name("COUNT")
        ->check(whole_number(1, kCountMax));
    app.add_option("--format", options->format, "text, hex or json (an object a line); else text")
        ->type_name("FORMAT")
        ->check(one_word_of("format", {"text", "hex", "json"}));
    app.add_flag("--json", options->json, "the same as --format json");
    return [options](Terminal& terminal) { return tap(*options, terminal); };
}

}  // namespace zbridge::cli

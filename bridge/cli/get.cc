// zbridge get GROUP [--ack] [--max COUNT] [--wait TIME] [--json]
#include <memory>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "bridge/base/time_text.h"
#include "bridge/cli/asked.h"
#include "bridge/cli/command.h"
#include "bridge/cli/conversations.h"
#include "bridge/cli/message_frames.h"
#include "bridge/cli/names.h"
#include "bridge/cli/option_values.h"
#include "bridge/protocol/settle_header.h"

namespace zbridge::cli {

namespace {

using telemetry::Report;

// What lies on the disk has to be read: so long what is there may take to come.
constexpr Duration kReadTime = std::chrono::milliseconds(500);

struct Options {
    std::string at, group, wait;
    uint64_t max = 1;
    bool ack = false, json = false;
};

// What a group gave, in its order.
struct Got {
    uint64_t asked = 0;
    std::vector<std::pair<std::string, uint64_t>> ranges;  // tokens
    Report messages = Report::list();
    std::vector<MessageFrames> frames;
};

Status read(const Conversation::Piece& piece, Got& got) {
    auto messages = messages_in(piece.block);
    if (!messages) return Status(Code::kInvalid, "a DELIVER whose block cannot be read");
    size_t at = 0;
    for (const Report& run : piece.fields.at("runs").items()) {
        const auto& its = run.items();  // token, count, attempt, id
        if (its.size() < 4) return Status(Code::kInvalid, "a DELIVER whose runs cannot be read");
        got.ranges.emplace_back(its[0].text(), its[1].number());
        for (uint64_t i = 0; i < its[1].number() && at < messages->size(); i++) {
            Report& message = got.messages.add(Report::map());
            message.add("id", id_text(its[3].text(), i));
            message.add("attempt", its[2].number());
            Report& frames = message.add("frames", Report::list());
            for (const std::string& frame : (*messages)[at])
                frames.add(frame);
            got.frames.push_back(std::move((*messages)[at++]));
        }
    }
    return {};
}

// One answer: what was in memory, or was read in that time.
Status receive(const Options& options, Duration wait, Conversation& bridge, Got& got) {
    Report fields = one_arg("ref", ++got.asked);
    fields.add("group", options.group);
    fields.add("max", options.max - got.frames.size());
    fields.add("wait", std::chrono::duration_cast<std::chrono::milliseconds>(wait).count());
    if (Status status = bridge.say("RECEIVE", fields); !status.ok()) return status;
    for (;;) {
        auto piece = bridge.hear(wait + kAnswerTime);
        if (!piece.ok()) return std::move(piece).error();
        if (piece->name == "DELIVER") return read(*piece, got);
        if (piece->name == "REFUSED") return protocol::status_of(piece->fields);
        if (piece->name == "BYE") return Status(Code::kUnavailable, "the bridge is ending");
    }
}

Result<Got> receive_all(const Options& options, Conversation& bridge) {
    Got got;
    Duration wait = std::max(parse_duration(options.wait).value_or(Duration{}), kReadTime);
    while (got.frames.size() < options.max) {
        const size_t before = got.frames.size();
        if (Status status = receive(options, wait, bridge, got); !status.ok()) return status;
        if (got.frames.size() == before) break;
        wait = kReadTime;
    }
    return got;
}

// How many were somebody else's by then.
Result<uint64_t> ack(const Options& options, const Got& got, Conversation& bridge) {
    Status status =
        bridge.say_packed(protocol::pack_settle(options.group, "ack", got.ranges, got.asked));
    if (!status.ok()) return status;
    for (;;) {
        auto piece = bridge.hear();
        if (!piece.ok()) return std::move(piece).error();
        if (piece->name == "REFUSED") return protocol::status_of(piece->fields);
        if (piece->name != "SETTLED") continue;
        if (!piece->fields.at("code").is_null()) return protocol::status_of(piece->fields);
        uint64_t stale = 0;
        for (const Report& each : piece->fields.at("stale").items())
            stale += each.number();
        return stale;
    }
}

std::string messages_word(uint64_t count) {
    return fmt::format("{} message{}", count, count == 1 ? "" : "s");
}

void show(const Options& options, const Got& got, Terminal& terminal) {
    if (options.json) {
        terminal.out << got.messages.json(JsonWriter::Style::kIndented) << "\n";
    } else {
        for (const MessageFrames& frames : got.frames)
            terminal.out << frames_text(frames, terminal.out_width > 0);
    }
    terminal.out << std::flush;
}

// It is shown first: what could not be written is not acked.
Exit get(const Options& options, Terminal& terminal) {
    const auto [bridge, exit] = open_session(
        options.at, {"groups", "this bridge has no topics: its file has none under `topics`"},
        terminal);
    if (!bridge) return exit;
    const auto got = receive_all(options, *bridge);
    if (!got.ok())
        return failed(refused_name(got.error(), "group", options.group, *bridge), terminal);
    show(options, *got, terminal);
    const uint64_t count = got->frames.size();
    if (count == 0) {
        terminal.err << fmt::format("{} has no message to give\n", options.group);
    } else if (!options.ack || !terminal.out.good()) {
        terminal.err << fmt::format("{} given back to {}: --ack settles them\n",
                                    messages_word(count), options.group);
    } else {
        const auto stale = ack(options, *got, *bridge);
        if (!stale.ok()) return failed(stale.error(), terminal);
        terminal.err << fmt::format("acked {} of {}\n", messages_word(count - *stale),
                                    options.group);
    }
    // In order: what was not acked goes back as if it had not been given.
    if (Status status = bridge->leave(); !status.ok()) return failed(status, terminal);
    return terminal.out.good() ? Exit::kOk : Exit::kFailed;
}

}  // namespace

Body declare_get(CLI::App& app) {
    auto options = std::make_shared<Options>();
    add_name(app, "GROUP", options->group, "group", "the group whose messages are taken")
        ->required();
    app.add_flag("--ack", options->ack,
                 "settle them: the group has them no more; else they are given back");
    app.add_option("--max", options->max, "at most so many; else 1")
        ->check(whole_number(1, 1000))
        ->type_name("COUNT");
    app.add_option("--wait", options->wait, "so long for the first one; else 0: what is there")
        ->check(wrong_duration)
        ->type_name("TIME");
    declare_at(app, options->at);
    app.add_flag("--json", options->json, "with id and attempt, as JSON");
    return [options](Terminal& terminal) { return get(*options, terminal); };
}

}  // namespace zbridge::cli

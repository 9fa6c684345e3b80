// What a session asks that is answered once, perhaps later: of the engine, RECALL, QUERY and RESET.
#include "bridge/protocol/ask_engine.h"
#include "bridge/protocol/found_messages.h"
#include "bridge/protocol/limits.h"
#include "bridge/protocol/session.h"

namespace zbridge::protocol {

using telemetry::Report;

namespace {

Refusal refusal_of(Code code) {
    switch (code) {
        case Code::kNotFound:
            return Refusal::kNotFound;
        case Code::kBusy:
            return Refusal::kLineFull;
        case Code::kIo:
        case Code::kNoSpace:
            return Refusal::kStoreFailed;
        default:
            return Refusal::kUnable;
    }
}

void add(Report& args, std::string name, const std::optional<std::string_view>& text) {
    if (text) args.add(std::move(name), std::string(*text));
}
void add(Report& args, std::string name, std::optional<int64_t> number) {
    if (number) args.add(std::move(name), static_cast<uint64_t>(*number));
}

}  // namespace

// Null: it was refused.
TellReport Session::begin_ask(const Command& command, SayReport then) {
    if (asks_ >= kAsksMax) {
        refuse(command, Refusal::kLineFull, "as many calls have no answer yet as may");
        return nullptr;
    }
    asks_++;
    return [&ways = commons_.ways, id = peer_.id(), verb = command.verb, ref = *command.ref,
            then](const Result<Report>& answer) {
        if (Session* its = ways.session(id)) its->end_ask(verb, ref, answer, then);
    };
}

void Session::end_ask(Verb verb, uint64_t ref, const Result<Report>& answer, SayReport then) {
    asks_--;
    if (state_ == State::kGone) return;
    if (answer.ok()) {
        (this->*then)(ref, *answer);
    } else {
        Command asked;
        asked.name = name_of(verb);
        asked.ref = ref;
        refuse(asked, refusal_of(answer.error().code()), answer.error().message());
    }
    end_bye_if_told();
}

void Session::recall(const Command& command) {
    const TellReport tell = begin_ask(command, &Session::say_done);
    if (!tell) return;
    Report args = Report::map();
    args.add("id", command.message->text());
    ask_engine(commons_.engine, "delay recall", args, tell);
}

void Session::query(const Command& command) {
    const uint32_t max = command.max.value_or(kQueryMessages);
    if (max == 0 || max > kQueryMessagesMax) return refuse(command, Refusal::kOutOfRange, "max");
    const TellReport tell = begin_ask(command, &Session::say_found);
    if (!tell) return;
    Report args = Report::map();
    args.add("topic", std::string(command.topic));
    args.add("max", max);
    add(args, "key", command.key);
    add(args, "id", command.id);
    if (command.message) args.add("id", command.message->text());
    add(args, "from_ms", command.from_ms);
    add(args, "to_ms", command.to_ms);
    ask_engine(commons_.engine, "topic query", args, tell);
}

void Session::reset(const Command& command) {
    const TellReport tell = begin_ask(command, &Session::say_done);
    if (!tell) return;
    Report args = Report::map();
    args.add("group", std::string(command.group));
    if (!command.to.empty()) args.add("to", std::string(command.to));
    add(args, "offset", command.offset);
    add(args, "time_ms", command.time_ms);
    ask_engine(commons_.engine, "group reset", args, tell);
}

void Session::say_done(uint64_t ref, const Report&) {
    send(pack_done(ref));
}

void Session::say_found(uint64_t ref, const Report& report) {
    const FoundMessages found = read_found(report);
    if (found.messages.empty()) return send(pack_found(ref, {}));
    send_with_block(pack_found(ref, found.messages), commons_.reactor.memory().copy(found.block));
}

}  // namespace zbridge::protocol

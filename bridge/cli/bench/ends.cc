#include "bridge/cli/bench/ends.h"

#include <CLI/CLI.hpp>

#include "bridge/cli/asked.h"
#include "bridge/cli/bench/asking_sink.h"
#include "bridge/cli/bench/group_source.h"
#include "bridge/cli/bench/plain_sink.h"
#include "bridge/cli/bench/plain_source.h"
#include "bridge/cli/bench/topic_sink.h"
#include "bridge/cli/locate.h"
#include "bridge/cli/option_values.h"

namespace zbridge::cli::bench {

namespace {

using Kind = Place::Kind;

constexpr int kLibzmqMark = 1'000;  // its own
// Of a PUB and its SUBs: beyond it they drop, and have room again only half of it later. So it is
// well above the window.
constexpr int kHighWaterMark = 10'000;

Result<std::unique_ptr<Conversation>> session(const Ends& ends) {
    const auto address = locate_bridge(ends.common.at, ends.terminal.environment);
    if (!address.ok()) return address.error();
    return Conversation::open(*address, kAnswerTime);
}

// Asked before a load is: all of it would be refused.
Status is_there(Conversation& bridge, const std::string& kind, const std::string& name) {
    const auto shown = bridge.ask(kind + " show", one_arg(kind, name));
    return shown.ok() ? Status() : shown.error();
}

// A Result of the interface, of one of what implements it.
template <class Base, class Its>
Result<std::unique_ptr<Base>> widened(Result<std::unique_ptr<Its>> its) {
    if (!its.ok()) return std::move(its).error();
    return std::unique_ptr<Base>(*std::move(its));
}

// An endpoint of the bridge that has another use would be given the load, or would give nothing.
Status check_role(const Place& place, const std::string& wanted, const char* otherwise) {
    if (place.role.empty() || place.role == wanted) return {};
    return {Code::kInvalid, "`" + place.name + "` " + otherwise + ": its role is " + place.role};
}

}  // namespace

void declare_sends(CLI::App& app, Sockets& sockets) {
    app.add_option("--send-by", sockets.sends,
                   "the type of the sockets that send; dealer: with receipts. Else what the "
                   "endpoint takes, push before pub")
        ->check(one_word_of("type", {"push", "pub", "dealer"}))
        ->type_name("TYPE");
}

void declare_takes(CLI::App& app, Sockets& sockets) {
    app.add_option("--take-by", sockets.takes,
                   "the type of the sockets that take; else what the endpoint gives to, pull "
                   "before sub")
        ->check(one_word_of("type", {"pull", "sub"}))
        ->type_name("TYPE");
}

SocketType Ends::sends_by(const Place& to, const Sockets& asked) {
    const auto type = socket_type_named(asked.sends);
    return type ? *type : to.one_of(SocketType::kPush, SocketType::kPub);
}

SocketType Ends::takes_by(const Place& from, const Sockets& asked) {
    const auto type = socket_type_named(asked.takes);
    return type ? *type : from.one_of(SocketType::kPull, SocketType::kSub);
}

Result<std::unique_ptr<Sink>> Ends::sink(const Place& to, SocketType by, const Load& load) const {
    if (to.kind == Kind::kGroup)
        return Status(Code::kInvalid, "nothing is sent to a group: expected its topic, topic/NAME");
    if (to.kind == Kind::kTopic) {
        auto bridge = session(*this);
        if (!bridge.ok()) return std::move(bridge).error();
        if (Status there = is_there(**bridge, "topic", to.name); !there.ok()) return there;
        return std::unique_ptr<Sink>(new TopicSink(*std::move(bridge), to.name));
    }
    if (Status status = check_role(to, "source", "takes nothing from producers"); !status.ok())
        return status;
    if (by == SocketType::kDealer) {
        return widened<Sink>(AskingSink::open(sockets, {.address = to.address,
                                                        .kind = AskingSink::Kind::kReceipts,
                                                        .producers = load.producers}));
    }
    return widened<Sink>(PlainSink::open(
        sockets, {.address = to.address,
                  .socket = by,
                  .producers = load.producers,
                  .first_frame = load.first_frame,
                  .high_water_mark = by == SocketType::kPub ? kHighWaterMark : kLibzmqMark}));
}

Result<std::unique_ptr<Source>> Ends::source(const Place& from, const Taken& taken) const {
    if (from.kind == Kind::kTopic)
        return Status(Code::kInvalid,
                      "nothing is taken from a topic: expected a group of it, group/NAME");
    if (from.kind == Kind::kGroup) {
        auto bridge = session(*this);
        if (!bridge.ok()) return std::move(bridge).error();
        if (Status there = is_there(**bridge, "group", from.name); !there.ok()) return there;
        return widened<Source>(GroupSource::open(*std::move(bridge), from.name));
    }
    if (Status status = check_role(from, "target", "gives nothing to consumers"); !status.ok())
        return status;
    return widened<Source>(PlainSource::open(
        sockets, {.address = from.address,
                  .socket = taken.by,
                  .consumers = taken.consumers,
                  .subscribe = taken.subscribe,
                  .high_water_mark = taken.by == SocketType::kSub ? kHighWaterMark : kLibzmqMark}));
}

}  // namespace zbridge::cli::bench

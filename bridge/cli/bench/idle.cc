#include "bridge/cli/bench/idle.h"

#include <initializer_list>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

namespace zbridge::cli::bench {

namespace {

using Kind = Place::Kind;

// The first of them that was given.
std::string idle_of(const CLI::App& app, std::initializer_list<const char*> options,
                    const std::string& why) {
    for (const char* option : options) {
        if (auto said = idle_if_given(app, option, why); !said.empty()) return said;
    }
    return {};
}

}  // namespace

std::string idle_if_given(const CLI::App& app, const char* option, const std::string& why) {
    const CLI::Option* its = app.get_option_no_throw(option);
    if (its == nullptr || its->count() == 0) return {};
    return fmt::format("{} does nothing here: {}", option, why);
}

std::string idle_option(const CLI::App& app, const SendsTo& to) {
    if (to.place.kind == Kind::kTopic) {
        return idle_of(app, {"--producers", "--first-frame", "--send-by"},
                       "a topic is published to by one session, as a client does");
    }
    if (to.by == SocketType::kDealer)
        return idle_if_given(app, "--first-frame", "a DEALER sends the payload alone");
    if (to.is_taken) return {};
    return idle_if_given(app, "--window",
                         "a PUSH or PUB is told nothing of what it sends; --rate holds it, and "
                         "--send-by dealer has receipts");
}

std::string idle_option(const CLI::App& app, const TakesFrom& from) {
    if (from.place.kind == Kind::kGroup) {
        return idle_of(app, {"--consumers", "--take-by", "--subscribe"},
                       "a group is consumed by one session, as a client does");
    }
    if (from.by != SocketType::kSub)
        return idle_if_given(app, "--subscribe", "a PULL takes all it is given");
    return {};
}

}  // namespace zbridge::cli::bench

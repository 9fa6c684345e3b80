#include "bridge/cli/conversations.h"

#include <algorithm>

#include "bridge/cli/asked.h"
#include "bridge/cli/failure.h"
#include "bridge/cli/locate.h"

namespace zbridge::cli {

Exit failed(const Status& why, Terminal& terminal) {
    say(why, terminal);
    return why.code() == Code::kUnavailable ? Exit::kNotReachable : Exit::kFailed;
}

Opened open_session(const std::string& at, Needed needs, Terminal& terminal) {
    const auto address = locate_bridge(at, terminal.environment);
    if (!address.ok()) {
        const Exit exit = failed(address.error(), terminal);
        return {nullptr, exit == Exit::kFailed ? Exit::kUsage : exit};
    }
    auto session = Conversation::open(*address, kAnswerTime);
    if (!session.ok()) return {nullptr, failed(session.error(), terminal)};
    const auto& features = (*session)->welcome().at("features").items();
    const bool has = std::any_of(features.begin(), features.end(), [&](const auto& feature) {
        return feature.text() == needs.feature;
    });
    if (has) return {*std::move(session), Exit::kOk};
    terminal.err << "zbridge: " << needs.otherwise << "\n";
    return {nullptr, Exit::kFailed};
}

}  // namespace zbridge::cli

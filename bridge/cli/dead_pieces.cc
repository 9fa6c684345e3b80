#include "bridge/cli/dead_pieces.h"

#include <algorithm>

#include "bridge/cli/asked.h"
#include "bridge/cli/text.h"

namespace zbridge::cli {

namespace {

using telemetry::Report;

constexpr size_t kOffsetDigitsMax = 18;

bool is_offset(const std::string& which) {
    return which.size() <= kOffsetDigitsMax &&
           std::all_of(which.begin(), which.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

Exit ask_in_pieces(const DeadAsked& asked, const std::string& call, const std::string& which,
                   Terminal& terminal, const std::function<uint64_t(const Report& piece)>& take,
                   uint64_t first_max) {
    Report common = Report::map();
    common.add("group", asked.group);
    if (!asked.where.empty()) common.add("where", asked.where);
    if (asked.dry_run) common.add("dry_run", true);
    if (!which.empty() && is_offset(which))
        common.add("offset", uint64_t{std::stoull(which)});
    else if (!which.empty())
        common.add("id", which);
    Report from, below;
    for (uint64_t max = first_max; max > 0;) {
        Report args = common;
        args.add("max", max);
        if (!from.is_null()) {
            args.add("from", from);
            args.add("below", below);
        }
        const auto [answer, exit] = ask_bridge(asked.at, call, std::move(args), terminal);
        if (!answer) return exit;
        max = take(*answer);
        if (cell(*answer, "done") == "true") break;
        from = answer->at("next");
        below = answer->at("below");
    }
    return Exit::kOk;
}

}  // namespace zbridge::cli

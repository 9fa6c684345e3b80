// What a route says of topics: where a reader of one begins, and where what is refused goes.
#include <algorithm>

#include <fmt/format.h>

#include "bridge/base/nearest.h"
#include "bridge/base/time_text.h"
#include "bridge/settings/draft.h"

namespace zbridge::settings {

namespace {

using Where = StartConfig::Where;

constexpr std::pair<std::string_view, Where> kStarts[] = {
    {"latest", Where::kLatest}, {"earliest", Where::kEarliest}, {"last", Where::kLast}};

void read_start(const Value& start, RouteConfig& config, Findings& findings) {
    const auto named = std::find_if(std::begin(kStarts), std::end(kStarts),
                                    [&](const auto& known) { return known.first == start.text(); });
    if (named != std::end(kStarts)) {
        config.start.where = named->second;
        return;
    }
    if (const auto time = parse_time_ms(start.text())) {
        config.start = {Where::kTime, *time};
        return;
    }
    findings.error(start.place,
                   fmt::format("`start`: {} is no place in a topic: expected latest, earliest, "
                               "last, or a time, as 2026-11-24T10:00:00Z or milliseconds since "
                               "1970{}",
                               in_quotes(start.text()),
                               did_you_mean(start.text(), {"latest", "earliest", "last"})));
}

}  // namespace

std::optional<size_t> read_topic_reference(const Value& reference, std::string_view key,
                                           Draft& draft) {
    const std::string& text = reference.text();
    const auto refuse = [&](std::string_view expected) {
        draft.findings.error(reference.place, fmt::format("`{}`: {} is no topic: expected {}", key,
                                                          in_quotes(text), expected));
        return std::nullopt;
    };
    if (text.find('/') == std::string::npos) return refuse("topic/" + text);
    const auto found = resolve(reference, {.what = "topic/NAME", .topic = true}, draft);
    if (!found) return std::nullopt;
    if (found->kind != TargetConfig::Kind::kTopic) return refuse("topic/NAME");
    return found->index;
}

void read_topic_keys(const Value& route, RouteConfig& config, Draft& draft) {
    if (const auto* start = route.find("start")) read_start(*start, config, draft.findings);
    if (const auto* rejects = route.find("rejects"))
        config.rejects = read_topic_reference(*rejects, "rejects", draft);
    if (!config.guarantee && has_topic(config.to))
        config.guarantee = rpc::ServiceOptions::Execute::kAtLeastOnce;
}

bool has_topic(const std::vector<TargetConfig>& targets) {
    return std::any_of(targets.begin(), targets.end(), [](const TargetConfig& target) {
        return target.kind == TargetConfig::Kind::kTopic;
    });
}

}  // namespace zbridge::settings

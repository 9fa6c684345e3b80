#include "bridge/cli/names.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "bridge/cli/asked.h"
#include "bridge/cli/parts.h"
#include "bridge/settings/finding.h"

namespace zbridge::cli {

namespace {

constexpr std::array<std::string_view, 5> kKinds = {"endpoint", "topic", "group", "service",
                                                    "plugin"};

// What stands before its `/`, if that is a kind.
std::string_view kind_of(std::string_view reference) {
    const size_t slash = reference.find('/');
    if (slash == std::string_view::npos) return {};
    const auto kind = std::find(kKinds.begin(), kKinds.end(), reference.substr(0, slash));
    return kind == kKinds.end() ? std::string_view() : *kind;
}

}  // namespace

std::optional<std::string> name_in(const std::string& reference, const std::string& kind) {
    const std::string lead = kind + "/";
    if (!reference.starts_with(lead) || reference.size() == lead.size()) return std::nullopt;
    return reference.substr(lead.size());
}

CLI::Option* add_name(CLI::App& app, const char* argument, std::string& name,
                      const std::string& kind, const std::string& help) {
    const auto take = [kind](std::string& given) {
        if (auto bare = name_in(given, kind)) {
            given = *std::move(bare);
            return std::string();
        }
        return kind_of(given).empty() ? std::string()
                                      : fmt::format("{} names no {}: expected NAME or {}/NAME",
                                                    settings::in_quotes(given), kind, kind);
    };
    return app.add_option(argument, name, help)->transform(CLI::Validator(take, ""));
}

Status refused_name(Status why, const char* kind, const std::string& name, Conversation& bridge) {
    if (why.code() != Code::kNotFound) return why;
    const auto status = bridge.ask("status", one_arg("peers", false));
    if (!status.ok()) return why;
    const telemetry::Report& list = status->at(std::string(kind) + "s");
    if (list.is_null() || !named(list, name).is_null()) return why;
    return {Code::kNotFound, none_in(list, kind, name)};
}

}  // namespace zbridge::cli

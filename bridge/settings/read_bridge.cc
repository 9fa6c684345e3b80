#include <algorithm>

#include <fmt/format.h>

#include "bridge/base/nearest.h"
#include "bridge/settings/draft.h"

namespace zbridge::settings {

namespace {

constexpr std::string_view kModules[] = {"admin",  "app",     "delivery", "intake",  "net",
                                         "plugin", "routing", "rpc",      "settings"};

void read_log(const Value& log, Draft& draft) {
    auto& bridge = draft.config.bridge;
    if (const auto* level = log.find("level")) bridge.log_level = level->text();
    if (const auto* format = log.find("format")) bridge.log_json = format->text() == "json";
    const auto* levels = log.find("levels");
    if (levels == nullptr) return;
    const std::vector<std::string_view> known(std::begin(kModules), std::end(kModules));
    for (const auto& [module, level] : levels->entries) {
        if (std::find(known.begin(), known.end(), module) == known.end()) {
            draft.findings.error(
                level.key_place,
                fmt::format("no module is named {}: expected {}{}", in_quotes(module),
                            one_of(known), did_you_mean(module, known)));
        }
        if (level.good) bridge.log_levels.emplace_back(module, level.text());
    }
}

// It holds the admin socket, whose path the system limits.
void check_data_dir(const Value& folder, const BridgeConfig& config, Findings& findings) {
    if (config.data_dir.empty())
        return findings.error(folder.place, "`data_dir` is empty: expected a folder");
    if (config.data_dir.starts_with('@')) {
        return findings.error(folder.place,
                              fmt::format("`data_dir`: {} would make the admin socket one without "
                                          "a file: expected ./{}",
                                          in_quotes(config.data_dir), config.data_dir));
    }
    const auto admin = net::Address::parse("ipc://" + config.admin_path());
    if (!admin.ok()) {
        findings.error(folder.place,
                       fmt::format("`data_dir`: of the admin socket, {}, {}",
                                   in_quotes(config.admin_path()), admin.error().message()));
    }
}

}  // namespace

void read_bridge(const Value& file, Draft& draft) {
    auto& config = draft.config.bridge;
    config.data_dir = "./" + config.name + "-data";
    const Value* bridge = file.find("bridge");
    if (bridge == nullptr) return;
    if (const auto* name = bridge->find("name")) config.name = name->text();
    config.data_dir = "./" + config.name + "-data";
    if (const auto* folder = bridge->find("data_dir")) {
        config.data_dir = folder->text();
        check_data_dir(*folder, config, draft.findings);
    }
    if (const auto* path = bridge->find("plugin_path")) {
        for (const auto& folder : path->items)
            config.plugin_path.push_back(folder.text());
    }
    if (const auto* memory = bridge->find("memory")) config.memory_bytes = memory->number();
    if (const auto* most = bridge->find("max_connections")) {
        config.connections_max = static_cast<uint32_t>(most->number());
    }
    if (const auto* drain = bridge->find("drain_timeout")) config.drain_timeout = drain->duration();
    if (const auto* log = bridge->find("log")) read_log(*log, draft);
}

}  // namespace zbridge::settings

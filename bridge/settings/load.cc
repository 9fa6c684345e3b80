#include "bridge/settings/load.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "bridge/base/utf8.h"
#include "bridge/settings/draft.h"
#include "bridge/settings/yaml.h"

namespace zbridge::settings {

namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr std::string_view kSectionsExpected =
    "expected a map of bridge, plugins, endpoints, services, topics, groups, routes";

// What no YAML parser should see. False: there is a finding, and the text cannot be read.
bool check_bytes(const Source& source, Findings& findings) {
    const std::string& text = source.text();
    if (text.size() > Source::kBytesMax) {
        findings.error({}, fmt::format("the file is larger than {} MiB: expected a configuration",
                                       Source::kBytesMax >> 20));
        return false;
    }
    if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff")) {
        findings.error({}, "the file is UTF-16: expected UTF-8");
        return false;
    }
    if (const auto bad = first_not_utf8(text)) {
        findings.error(source.place_of_byte(*bad),
                       fmt::format("the byte 0x{:02x} is not UTF-8: expected text in UTF-8",
                                   static_cast<unsigned char>(text[*bad])));
        return false;
    }
    if (const auto bad = first_control_character(text)) {
        findings.error(source.place_of_byte(*bad),
                       fmt::format("a control character, 0x{:02x}, stands here: expected text",
                                   static_cast<unsigned char>(text[*bad])));
        return false;
    }
    return true;
}

// "conf/shop.yaml" -> "conf"
std::string folder_of(const std::string& path) {
    return std::filesystem::path(path).parent_path().string();
}

std::optional<Config> read_config(const Environment& environment, Findings& findings,
                                  plugin::Declarations* plugins) {
    if (!check_bytes(findings.source(), findings)) return std::nullopt;
    const auto node = read_yaml(environment, findings);
    if (!node) return std::nullopt;
    if (node->kind == Node::Kind::kNothing) {
        findings.error({}, fmt::format("the file is empty: {}", kSectionsExpected));
        return std::nullopt;
    }
    if (node->kind != Node::Kind::kMap) {
        findings.error(node->place,
                       fmt::format("the file is no map of keys: {}", kSectionsExpected));
        return std::nullopt;
    }
    const Value file = read_section(*node, bridge_table(), findings);
    Draft draft(findings);
    draft.plugins = plugins;
    draft.folder = folder_of(findings.source().name());
    read_bridge(file, draft);
    if (plugins != nullptr) plugins->search_in(draft.config.bridge.plugin_path);
    read_plugins(file, draft);
    read_endpoints(file, draft);
    read_services(file, draft);
    read_topics(file, draft);
    read_groups(draft);
    read_routes(file, draft);
    read_transactions(draft);
    check_services(draft);
    check_endpoints(draft);
    check_routes(draft);
    check_topics(draft);
    check_groups(draft);
    try_plugins(draft);
    // Advice on what is half understood would be noise.
    if (findings.has_errors()) return std::nullopt;
    advise(file, draft);
    return std::move(draft.config);
}

Loaded failed(const std::string& path, std::string message) {
    Loaded loaded;
    loaded.errors.push_back({Finding::Severity::kError, path, {}, std::move(message), {}});
    return loaded;
}

}  // namespace

Loaded load_file(const std::string& path, const Environment& environment,
                 plugin::Declarations* plugins) {
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored))
        return failed(path, "this is a folder: expected a YAML file");
    std::ifstream file(path, std::ios::binary);
    if (!file) return failed(path, fmt::format("cannot be opened: {}", std::strerror(errno)));
    std::string text(Source::kBytesMax + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (file.bad()) return failed(path, fmt::format("cannot be read: {}", std::strerror(errno)));
    text.resize(static_cast<size_t>(file.gcount()));
    return load_text(std::move(text), path, environment, plugins);
}

Loaded load_text(std::string text, const std::string& name, const Environment& environment,
                 plugin::Declarations* plugins) {
    if (text.starts_with(kByteOrderMark)) text.erase(0, kByteOrderMark.size());
    const Source source(name, std::move(text));
    Findings findings(source);
    Loaded loaded;
    loaded.config = read_config(environment, findings, plugins);
    loaded.errors = findings.of(Finding::Severity::kError);
    loaded.warnings = findings.of(Finding::Severity::kWarning);
    return loaded;
}

}  // namespace zbridge::settings

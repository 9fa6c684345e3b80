// The generated files in the tree are what the table gives today, and every file in config/ is
// right.
#include "bridge/settings/reference.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "bridge/app/linked_in.h"
#include "bridge/plugin/catalog.h"
#include "bridge/settings/file_table.h"
#include "bridge/settings/load.h"
#include "bridge/settings/schema.h"
#include "bridge/settings/values.h"

using namespace zbridge::settings;

namespace {

const std::filesystem::path kTree = ZBRIDGE_SOURCE_DIR;

std::string content_of(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

// The plugins that are linked in, and the file's table with their sections.
struct Rig {
    zbridge::RealClock clock;
    zbridge::plugin::Catalog catalog{zbridge::app::linked_in_plugins(), {}, clock};
    FileTable file{catalog};
};

std::optional<std::string> no_environment(const std::string&) {
    return std::nullopt;
}

}  // namespace

TEST_CASE("config/reference.yaml is what `zbridge schema --yaml` prints") {
    CHECK(content_of(kTree / "config/reference.yaml") == reference_yaml(Rig().file.table()));
}

TEST_CASE("docs/REFERENCE.md is what `zbridge schema --markdown` prints") {
    CHECK(content_of(kTree / "docs/REFERENCE.md") == reference_markdown(Rig().file.table()));
}

TEST_CASE("config/zbridge.schema.json is what `zbridge schema` prints") {
    CHECK(content_of(kTree / "config/zbridge.schema.json") == json_schema(Rig().file.table()));
}

TEST_CASE("every file in config/ is right, without a warning") {
    Rig rig;
    size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(kTree / "config")) {
        if (entry.path().extension() != ".yaml") continue;
        const auto loaded = load_file(entry.path().string(), no_environment, &rig.catalog);
        std::string said;
        for (const auto& error : loaded.errors)
            said += error.text() + "\n";
        for (const auto& warning : loaded.warnings)
            said += warning.text() + "\n";
        CHECK(said == "");
        files++;
    }
    CHECK(files >= 8);
}

TEST_CASE("the examples of the table are values that it takes") {
    for (const auto& option : bridge_table().options()) {
        if (option.type == Type::kSection || option.type == Type::kOpaque ||
            option.type == Type::kAbsent || option.example.empty())
            continue;
        if (option.example.starts_with('[') || option.example.starts_with('"'))
            continue;  // YAML, not a scalar
        CAPTURE(option.path);
        CHECK(read_scalar(option, std::string(option.example)).ok());
    }
}

TEST_CASE(
    "every key of the table has its sentence, and what is no section is read back from its "
    "default") {
    for (const auto& option : bridge_table().options()) {
        CAPTURE(option.path);
        CHECK_FALSE(option.help.empty());
        if (option.type == Type::kSection || option.type == Type::kOpaque ||
            option.type == Type::kAbsent)
            continue;
        CHECK((option.type == Type::kText || !option.fallback.empty() || !option.example.empty()));
        if (!option.fallback.empty()) CHECK(read_scalar(option, std::string(option.fallback)).ok());
    }
}

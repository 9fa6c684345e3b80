// Each file of tests/golden/settings beside what is said about it, to the letter.
//
// After a sentence was changed on purpose: ZB_UPDATE_GOLDEN=1
// build/dev/tests/unit/settings/settings_test, and read the diff.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "bridge/settings/load.h"
#include "tests/unit/support/toy_catalog.h"

using namespace zbridge;
using namespace zbridge::settings;

namespace {

const std::filesystem::path kGolden =
    std::filesystem::path(ZBRIDGE_SOURCE_DIR) / "tests/golden/settings";

std::string content_of(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::filesystem::path> golden_files(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() == ".yaml") files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    return files;
}

std::optional<std::string> environment(const std::string& name) {
    static const std::map<std::string, std::string> variables = {
        {"EMPTY", ""}, {"SIZE", "64MiB"}, {"TEXT", "lots"}};
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
}

std::string said_about(const Loaded& loaded) {
    std::string text;
    for (const auto& finding : loaded.errors)
        text += finding.text() + "\n";
    for (const auto& finding : loaded.warnings)
        text += finding.text() + "\n";
    return text;
}

// How many of the folder's files are wrong, as they should be.
size_t check_golden(const std::filesystem::path& folder, plugin::Declarations* plugins) {
    const bool update = std::getenv("ZB_UPDATE_GOLDEN") != nullptr;
    size_t wrong_files = 0;
    for (const auto& path : golden_files(folder)) {
        const std::string name = path.filename().string();
        CAPTURE(name);
        const auto loaded = load_text(content_of(path), name, environment, plugins);
        const auto beside = std::filesystem::path(path).replace_extension(".txt");
        if (update) std::ofstream(beside) << said_about(loaded);
        CHECK(said_about(loaded) == content_of(beside));
        CHECK(loaded.config.has_value() == loaded.errors.empty());

        const bool is_right = name.starts_with("ok_") || name.starts_with("warn_");
        CHECK(loaded.errors.empty() == is_right);
        if (name.starts_with("ok_")) CHECK(loaded.warnings.empty());
        if (name.starts_with("warn_")) CHECK_FALSE(loaded.warnings.empty());
        wrong_files += is_right ? 0 : 1;
    }
    return wrong_files;
}

}  // namespace

TEST_CASE("what is said about each golden file is what stands beside it") {
    CHECK(check_golden(kGolden, nullptr) >= 45);
}

TEST_CASE("what is said about each golden file with topics is what stands beside it") {
    testing::ToyCatalog toys;
    CHECK(check_golden(kGolden / "topics", &toys.catalog) >= 12);
}

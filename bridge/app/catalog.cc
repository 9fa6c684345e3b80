#include "bridge/app/catalog.h"

#include <filesystem>

#include "bridge/app/linked_in.h"

namespace zbridge::app {

std::unique_ptr<plugin::Catalog> make_catalog(
    const std::function<std::optional<std::string>(const std::string&)>& environment,
    const Clock& clock) {
    std::vector<std::string> folders;
    const std::string path = environment("ZBRIDGE_PLUGIN_PATH").value_or("");
    for (size_t at = 0; at < path.size();) {
        const size_t end = std::min(path.find(':', at), path.size());
        if (end > at) folders.push_back(path.substr(at, end - at));
        at = end + 1;
    }
    std::error_code ignored;
    const auto program = std::filesystem::read_symlink("/proc/self/exe", ignored);
    if (!program.empty())
        folders.push_back(
            (program.parent_path().parent_path() / "lib/zbridge/plugins").lexically_normal());
    return std::make_unique<plugin::Catalog>(linked_in_plugins(), std::move(folders), clock);
}

}  // namespace zbridge::app

#include "bridge/plugin/catalog.h"

#include <filesystem>

#include "bridge/base/check.h"
#include "bridge/plugin/instance.h"
#include "bridge/plugin/library.h"

namespace zbridge::plugin {

namespace fs = std::filesystem;

Catalog::Catalog(const std::vector<zb_entry>& linked_in, std::vector<std::string> search_folders,
                 const Clock& clock)
    : clock_(clock), search_folders_(std::move(search_folders)) {
    for (const zb_entry entry : linked_in) {
        auto checked = Declaration::check(entry(), "");
        ZB_CHECK(checked.ok(), checked.ok() ? "" : checked.error().message());
        const std::string name = (*checked)->declared().name;
        linked_in_.emplace(name, *std::move(checked));
    }
}

Result<const Declared*> Catalog::find(const std::string& use, const std::string& folder) {
    auto found = declaration(use, folder);
    if (!found.ok()) return std::move(found).error();
    return &(*found)->declared();
}

Result<const Declaration*> Catalog::declaration(const std::string& use, const std::string& folder) {
    if (use.find('/') != std::string::npos) {
        const fs::path path(use);
        return load(path.is_absolute() || folder.empty() ? path.string()
                                                         : (fs::path(folder) / path).string());
    }
    if (const auto linked_in = linked_in_.find(use); linked_in != linked_in_.end())
        return linked_in->second.get();
    std::string tried;
    for (const std::string& search : folders()) {
        for (const std::string& file : {use + ".so", "lib" + use + ".so"}) {
            const fs::path path = fs::path(search) / file;
            std::error_code ignored;
            if (fs::exists(path, ignored)) return load(path.string());
        }
        tried += (tried.empty() ? "" : ", ") + search;
    }
    return Status(Code::kNotFound,
                  "no plugin is named \"" + use + "\"" +
                      (tried.empty() ? "" : " (looked for " + use + ".so in " + tried + ")"));
}

std::vector<std::string> Catalog::folders() const {
    std::vector<std::string> folders = more_folders_;
    folders.insert(folders.end(), search_folders_.begin(), search_folders_.end());
    return folders;
}

Result<const Declaration*> Catalog::load(const std::string& path) {
    std::error_code ignored;
    const std::string canonical = fs::weakly_canonical(path, ignored).string();
    const std::string& key = canonical.empty() ? path : canonical;
    if (const auto known = loaded_.find(key); known != loaded_.end()) return known->second.get();
    const LifeCalls::Inside inside(&lives_, LifeCalls::Phase::kLoad, path, "");
    auto plugin = load_library(path);
    if (!plugin.ok()) return std::move(plugin).error();
    auto checked = Declaration::check(*plugin, path);
    if (!checked.ok()) return std::move(checked).error();
    return loaded_.emplace(key, *std::move(checked)).first->second.get();
}

std::vector<OptionProblem> Catalog::try_out(const Declared& declared,
                                            const InstanceOptions& options) {
    Services services;
    services.clock = &clock_;
    services.lives = &lives_;
    auto made = Instance::create(of(declared), options, services);
    return made.ok() ? std::vector<OptionProblem>() : made.error();
}

std::vector<std::string> Catalog::names() const {
    std::vector<std::string> names;
    for (const auto& [name, declaration] : linked_in_)
        names.push_back(name);
    return names;
}

const Declaration& Catalog::of(const Declared& declared) const {
    for (const auto* known : {&linked_in_, &loaded_}) {
        for (const auto& [key, declaration] : *known) {
            if (&declaration->declared() == &declared) return *declaration;
        }
    }
    ZB_CHECK(false, declared.name);
    return *linked_in_.begin()->second;
}

}  // namespace zbridge::plugin

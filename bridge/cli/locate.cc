#include "bridge/cli/locate.h"

#include <filesystem>
#include <map>

#include "bridge/settings/load.h"

namespace zbridge::cli {

namespace {

namespace fs = std::filesystem;

bool is_admin(const fs::path& path) {
    std::error_code ignored;
    return fs::is_socket(path, ignored);
}

bool is_yaml(const fs::path& path) {
    return path.extension() == ".yaml" || path.extension() == ".yml";
}

std::string address_of(const fs::path& admin) {
    return "ipc://" + admin.lexically_normal().string();
}

std::string name_of(const fs::path& folder) {
    return folder == "." ? "this folder" : "`" + folder.string() + "`";
}

// Of the data directory or file `place`.
Result<std::string> running(const fs::path& admin, const std::string& place) {
    if (is_admin(admin)) return address_of(admin);
    return Status(Code::kUnavailable, "no bridge runs from `" + place + "`: there is no socket `" +
                                          admin.lexically_normal().string() + "`");
}

Result<std::string> from_yaml(const fs::path& file, const settings::Environment& environment) {
    const auto loaded = settings::load_file(file.string(), environment);
    if (!loaded.config)
        return Status(Code::kInvalid, file.string() + " has errors; `zbridge check` shows them");
    const fs::path admin = loaded.config->bridge.admin_path();
    if (is_admin(admin)) return address_of(admin);
    // A relative data_dir is one of the folder in which the bridge was started: often the file's.
    if (is_admin(file.parent_path() / admin)) return address_of(file.parent_path() / admin);
    return running(admin, file.string());
}

Result<std::string> in_folder(const fs::path& here, const settings::Environment& environment) {
    std::map<fs::path, std::string> found;  // by what it is, however the file writes it
    std::error_code error;
    const auto add = [&](const fs::path& admin) {
        if (is_admin(admin)) found.emplace(fs::weakly_canonical(admin, error), address_of(admin));
    };
    add(here / "admin");
    for (const auto& entry : fs::directory_iterator(here, error)) {
        if (entry.is_directory(error)) add(entry.path() / "admin");
        if (!entry.is_regular_file(error) || !is_yaml(entry.path())) continue;
        const auto loaded = settings::load_file(entry.path().string(), environment);
        if (loaded.config) add(here / loaded.config->bridge.admin_path());
    }
    if (found.size() == 1) return found.begin()->second;
    if (found.empty()) {
        return Status(Code::kUnavailable, "no bridge runs from " + name_of(here) +
                                              ": name its data directory or YAML file with --at");
    }
    std::string all;
    for (const auto& [path, address] : found)
        all += "\n  " + address;
    return Status(Code::kInvalid,
                  "several bridges run from " + name_of(here) + "; choose one with --at:" + all);
}

}  // namespace

Result<std::string> locate_bridge(const std::string& at, const settings::Environment& environment) {
    const std::string place = at.empty() ? environment("ZBRIDGE_AT").value_or("") : at;
    if (place.empty()) return in_folder(".", environment);
    if (place.starts_with("ipc://")) return place;
    // Asking there would send a message: to a source's endpoint, into its routes.
    if (place.find("://") != std::string::npos) {
        return Status(Code::kInvalid, "`" + place +
                                          "` is no admin socket: a bridge answers only at ipc://; "
                                          "name its data directory or YAML file");
    }
    std::error_code error;
    if (is_admin(fs::path(place) / "admin")) return address_of(fs::path(place) / "admin");
    if (fs::is_directory(place, error)) return in_folder(place, environment);
    if (is_admin(place)) return address_of(place);
    if (is_yaml(place) && fs::exists(place, error)) return from_yaml(place, environment);
    // Of the admin socket of a bridge that does not run, say; or misspelt.
    if (!fs::exists(place, error))
        return Status(Code::kUnavailable, "there is no `" + place + "`: does the bridge run?");
    return Status(Code::kInvalid,
                  "`" + place + "` is no address, admin socket, data directory or YAML file");
}

}  // namespace zbridge::cli

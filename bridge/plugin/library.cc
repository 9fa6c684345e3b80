#include "bridge/plugin/library.h"

#include <dlfcn.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <fstream>

namespace zbridge::plugin {

namespace {

constexpr const char* kEntry = "zbridge_plugin_entry";

Status failed(const std::string& path, const std::string& why) {
    return {Code::kInvalid, path + ": " + why};
}

// The loader's own words for these are hard to read.
Status check_file(const std::string& path) {
    struct stat status {};
    if (stat(path.c_str(), &status) != 0)
        return {Code::kNotFound, path + ": " + std::strerror(errno)};
    if (!S_ISREG(status.st_mode)) return failed(path, "it is no file: expected a shared object");
    std::ifstream file(path, std::ios::binary);
    char magic[4] = {};
    if (!file) return failed(path, std::string("cannot be opened: ") + std::strerror(errno));
    file.read(magic, sizeof(magic));
    if (file.gcount() != sizeof(magic) || std::memcmp(magic,
                                                      "\x7f"
                                                      "ELF",
                                                      sizeof(magic)) != 0)
        return failed(path, "it is no shared object: expected what `-shared` has linked");
    return {};
}

std::string last_error() {
    const char* text = dlerror();
    return text == nullptr ? "unknown error" : text;
}

}  // namespace

Result<const zb_plugin*> load_library(const std::string& path) {
    if (Status status = check_file(path); !status.ok()) return status;
    // Bound at once: a symbol that is missing is found here, not in the middle of a message.
    void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (handle == nullptr) return failed(path, "cannot be loaded: " + last_error());
    void* symbol = dlsym(handle, kEntry);
    if (symbol == nullptr) {
        return failed(path, std::string("it has no symbol ") + kEntry +
                                ": is it a plugin, and is the symbol exported?");
    }
    const auto entry = reinterpret_cast<zb_entry>(symbol);
    return entry();
}

}  // namespace zbridge::plugin

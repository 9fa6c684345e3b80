#include "bridge/plugin/library.h"

#include <dlfcn.h>
#include <elf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <fstream>

#include "bridge/plugin/thrown.h"

namespace zbridge::plugin {

namespace {

constexpr const char* kEntry = "zbridge_plugin_entry";

Status failed(const std::string& path, const std::string& why) {
    return {Code::kInvalid, path + ": " + why};
}

// Names of those that there may be beside ours; the number of any other.
std::string machine_name(unsigned machine) {
    switch (machine) {
        case EM_X86_64:
            return "x86-64";
        case EM_AARCH64:
            return "aarch64";
        case EM_386:
            return "x86";
        case EM_ARM:
            return "arm";
        case EM_RISCV:
            return "riscv";
        default:
            return "number " + std::to_string(machine);
    }
}

// Of the running program: what it was built for, its plugins must be.
Elf64_Ehdr our_header() {
    Elf64_Ehdr header{};
    std::ifstream file("/proc/self/exe", std::ios::binary);
    file.read(reinterpret_cast<char*>(&header), sizeof(header));
    return header;
}

// The loader maps what the file's tables say, and dies of what is not there.
Status check_whole(const std::string& path, std::ifstream& file, const Elf64_Ehdr& header,
                   uint64_t size) {
    const auto cut_off = [&] {
        return failed(path, "it is cut off: it has " + std::to_string(size) +
                                " bytes, fewer than its own tables say");
    };
    for (unsigned i = 0; i < header.e_phnum; i++) {
        Elf64_Phdr part{};
        file.seekg(static_cast<std::streamoff>(header.e_phoff + i * sizeof(part)));
        file.read(reinterpret_cast<char*>(&part), sizeof(part));
        if (!file) return cut_off();
        if (part.p_type == PT_NULL) continue;
        if (part.p_filesz > size || part.p_offset > size - part.p_filesz) return cut_off();
    }
    return {};
}

// The loader's own words for these are hard to read.
Status check_file(const std::string& path) {
    struct stat status {};
    if (stat(path.c_str(), &status) != 0)
        return {Code::kNotFound, path + ": " + std::strerror(errno)};
    if (!S_ISREG(status.st_mode)) return failed(path, "it is no file: expected a shared object");
    std::ifstream file(path, std::ios::binary);
    if (!file) return failed(path, std::string("cannot be opened: ") + std::strerror(errno));
    Elf64_Ehdr header{};
    file.read(reinterpret_cast<char*>(&header), sizeof(header));
    if (file.gcount() < SELFMAG || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
        return failed(path, "it is no shared object: expected what `-shared` has linked");
    const Elf64_Ehdr ours = our_header();
    if (header.e_ident[EI_CLASS] != ours.e_ident[EI_CLASS] ||
        header.e_ident[EI_DATA] != ours.e_ident[EI_DATA] || header.e_machine != ours.e_machine) {
        return failed(path, "it was built for another machine, " + machine_name(header.e_machine) +
                                "; this bridge is for " + machine_name(ours.e_machine));
    }
    if (file.gcount() != sizeof(header) || header.e_type != ET_DYN ||
        header.e_phentsize != sizeof(Elf64_Phdr))
        return failed(path, "it is no shared object: expected what `-shared` has linked");
    return check_whole(path, file, header, static_cast<uint64_t>(status.st_size));
}

std::string last_error() {
    const char* text = dlerror();
    return text == nullptr ? "unknown error" : text;
}

// The objects that a shared object makes when it is loaded may throw. That cannot be caught: the
// loader, which calls them, is none of C++. So the process ends; but it says whose exception it was.
class Loading {
 public:
    explicit Loading(const std::string& path) {
        path_ = path.c_str();
        before_ = std::set_terminate(end_process);
    }
    ~Loading() { std::set_terminate(before_); }
    Loading(const Loading&) = delete;
    Loading& operator=(const Loading&) = delete;

 private:
    static constexpr int kExitStatus = 4;  // of a file that is wrong

    [[noreturn]] static void end_process() {
        const std::string said =
            "zbridge: " + std::string(path_) +
            ": it threw an exception when it was loaded: " + words_of(std::current_exception()) +
            "\n";
        (void)std::fputs(said.c_str(), stderr);
        _exit(kExitStatus);
    }

    static inline const char* path_ = nullptr;
    std::terminate_handler before_ = nullptr;
};

}  // namespace

Result<const zb_plugin*> load_library(const std::string& path) {
    if (Status status = check_file(path); !status.ok()) return status;
    // Bound at once: a symbol that is missing is found here, not in the middle of a message.
    void* handle = nullptr;
    {
        const Loading loading(path);
        handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    }
    if (handle == nullptr) return failed(path, "cannot be loaded: " + last_error());
    void* symbol = dlsym(handle, kEntry);
    if (symbol == nullptr) {
        return failed(path, std::string("it has no symbol ") + kEntry +
                                ": is it a plugin, and is the symbol exported?");
    }
    const auto entry = reinterpret_cast<zb_entry>(symbol);
    try {
        return entry();
    } catch (...) {
        return failed(path, std::string(kEntry) +
                                "() threw an exception: " + words_of(std::current_exception()));
    }
}

}  // namespace zbridge::plugin

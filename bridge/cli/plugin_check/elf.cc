#include "bridge/cli/plugin_check/elf.h"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>

#include "bridge/cli/input_file.h"

namespace zbridge::cli {

namespace {

constexpr size_t kFileBytesMax = size_t{1} << 30;

// One struct of the file; none where it does not lie in it.
template <class T>
std::optional<T> at(const std::string& bytes, uint64_t offset) {
    if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return std::nullopt;
    T value;
    std::memcpy(&value, bytes.data() + offset, sizeof(T));
    return value;
}

std::string name_at(const std::string& bytes, const Elf64_Shdr& names, uint32_t offset) {
    const uint64_t begin = names.sh_offset + offset;
    if (begin < names.sh_offset || begin >= bytes.size()) return "";
    const size_t end = bytes.find('\0', begin);
    return bytes.substr(begin, end == std::string::npos ? 0 : end - begin);
}

bool is_export(const Elf64_Sym& symbol) {
    const auto binding = ELF64_ST_BIND(symbol.st_info);
    const auto visibility = ELF64_ST_VISIBILITY(symbol.st_other);
    return symbol.st_shndx != SHN_UNDEF && binding != STB_LOCAL &&
           (visibility == STV_DEFAULT || visibility == STV_PROTECTED);
}

}  // namespace

Result<Symbols> read_symbols(const std::string& path) {
    const auto failed = [&](const std::string& why) {
        return Status(Code::kInvalid, path + ": " + why);
    };
    std::ifstream file = open_input(path);
    if (!file) return failed("it cannot be read");
    std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    if (bytes.size() > kFileBytesMax) return failed("it has more than 1 GiB");
    const auto header = at<Elf64_Ehdr>(bytes, 0);
    if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
        header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_type != ET_DYN)
        return failed("it is no shared object for 64 bits");
    Symbols found;
    for (uint32_t i = 0; i < header->e_shnum; i++) {
        const auto section =
            at<Elf64_Shdr>(bytes, header->e_shoff + uint64_t{i} * header->e_shentsize);
        if (!section || section->sh_type != SHT_DYNSYM) continue;
        const auto names = at<Elf64_Shdr>(
            bytes, header->e_shoff + uint64_t{section->sh_link} * header->e_shentsize);
        if (!names) continue;
        for (uint64_t offset = 0; offset + sizeof(Elf64_Sym) <= section->sh_size;
             offset += sizeof(Elf64_Sym)) {
            const auto symbol = at<Elf64_Sym>(bytes, section->sh_offset + offset);
            if (!symbol) break;
            const std::string name = name_at(bytes, *names, symbol->st_name);
            if (name.empty()) continue;
            if (is_export(*symbol)) found.exported.push_back(name);
            if (symbol->st_shndx == SHN_UNDEF) found.undefined.push_back(name);
        }
    }
    std::sort(found.exported.begin(), found.exported.end());
    return found;
}

}  // namespace zbridge::cli

#include "plugins/file-source/position.h"

#include <charconv>
#include <string_view>

namespace zbridge::file_source {

namespace {

constexpr std::string_view kFirstLine = "zbridge file-source position 1\n";

bool take(std::string_view& text, std::string_view expected) {
    if (!text.starts_with(expected)) return false;
    text.remove_prefix(expected.size());
    return true;
}
bool take(std::string_view& text, uint64_t& number) {
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (read.ec != std::errc()) return false;
    text.remove_prefix(static_cast<size_t>(read.ptr - text.data()));
    return true;
}

}  // namespace

Result<std::optional<Position>> load_position(Disk& disk, const std::string& path) {
    const auto read = read_file(disk, path);
    if (!read.ok()) {
        if (read.error().code() == Code::kNotFound) return std::optional<Position>();
        return read.error();
    }
    Position position;
    std::string_view text = *read;
    const bool whole = take(text, kFirstLine) && take(text, "file ") &&
                       take(text, position.file.inode) && take(text, " ") &&
                       take(text, position.file.born_ns) && take(text, "\noffset ") &&
                       take(text, position.offset) && text == "\n";
    if (!whole) {
        return Status(Code::kInvalid, path +
                                          " is no position of a file-source: remove it to begin"
                                          " as `from` says");
    }
    return std::optional<Position>(position);
}

Status save_position(Disk& disk, const std::string& path, const Position& position) {
    return replace_file(disk, path,
                        std::string(kFirstLine) + "file " + std::to_string(position.file.inode) +
                            " " + std::to_string(position.file.born_ns) + "\noffset " +
                            std::to_string(position.offset) + "\n");
}

}  // namespace zbridge::file_source

#include "plugins/file-source/followed.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <functional>
#include <string_view>
#include <vector>

#include "bridge/base/disk.h"

namespace zbridge::file_source {

namespace {

Status failed(const char* what, const std::string& path) {
    const int error = errno;
    char text[128];
    return {error == ENOENT ? Code::kNotFound : Code::kIo,
            std::string(what) + " " + path + ": " + strerror_r(error, text, sizeof(text))};
}

std::optional<FileId> id_of(int folder, const char* path, int flags) {
    struct statx about {};
    if (::statx(folder, path, flags, STATX_INO | STATX_BTIME, &about) != 0) return std::nullopt;
    FileId id{about.stx_ino, 0};
    if ((about.stx_mask & STATX_BTIME) != 0) {
        id.born_ns =
            static_cast<uint64_t>(about.stx_btime.tv_sec) * 1'000'000'000 + about.stx_btime.tv_nsec;
    }
    return id;
}

// N of all files PATH.N, the oldest (largest) first.
Result<std::vector<uint64_t>> rotated(const std::string& path) {
    PosixDisk disk;
    const auto names = disk.list(parent_of(path));
    if (!names.ok()) return names.error();
    const std::string prefix = path.substr(path.rfind('/') + 1) + ".";  // npos + 1 is 0
    std::vector<uint64_t> numbers;
    for (const std::string& name : *names) {
        if (!name.starts_with(prefix)) continue;
        uint64_t number = 0;
        const char* const end = name.data() + name.size();
        const auto read = std::from_chars(name.data() + prefix.size(), end, number);
        if (read.ec == std::errc() && read.ptr == end && number > 0) numbers.push_back(number);
    }
    std::sort(numbers.begin(), numbers.end(), std::greater<>());
    return numbers;
}

std::string name_of(const std::string& path, uint64_t number) {
    return number == 0 ? path : path + "." + std::to_string(number);
}

// The names that files of PATH have now, the oldest first, PATH last.
Result<std::vector<std::string>> all_names(const std::string& path) {
    const auto numbers = rotated(path);
    if (!numbers.ok()) return numbers.error();
    std::vector<std::string> names;
    for (const uint64_t number : *numbers)
        names.push_back(name_of(path, number));
    names.push_back(path);
    return names;
}

}  // namespace

Result<std::unique_ptr<OpenFile>> OpenFile::open(const std::string& path) {
    int descriptor = -1;
    do  // without waiting for the other end of a pipe
        descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    while (descriptor < 0 && errno == EINTR);
    if (descriptor < 0) return failed("opening", path);
    std::unique_ptr<OpenFile> file(new OpenFile(descriptor, path));
    struct stat about {};
    if (::fstat(descriptor, &about) != 0) return failed("looking at", path);
    if (!S_ISREG(about.st_mode)) return Status(Code::kInvalid, path + " is no plain file");
    const auto id = id_of(descriptor, "", AT_EMPTY_PATH);
    if (!id) return failed("looking at", path);
    file->id_ = *id;
    return file;
}

OpenFile::~OpenFile() {
    (void)::close(descriptor_);  // nothing was written
}

Result<OpenFile::State> OpenFile::state() const {
    struct stat about {};
    if (::fstat(descriptor_, &about) != 0) return failed("looking at", path_);
    return State{static_cast<uint64_t>(about.st_size),
                 int64_t{about.st_ctim.tv_sec} * 1'000'000'000 + about.st_ctim.tv_nsec};
}

Status OpenFile::read(uint64_t offset, size_t bytes, std::string& out) const {
    const size_t before = out.size();
    out.resize(before + bytes);
    ssize_t count = 0;
    do
        count = ::pread(descriptor_, out.data() + before, bytes, static_cast<off_t>(offset));
    while (count < 0 && errno == EINTR);
    out.resize(before + static_cast<size_t>(std::max<ssize_t>(count, 0)));
    return count < 0 ? failed("reading", path_) : Status();
}

bool is_named(const std::string& path, const FileId& id) {
    return id_of(AT_FDCWD, path.c_str(), 0) == id;
}

Result<std::unique_ptr<OpenFile>> find(const std::string& path, const FileId& id) {
    const auto names = all_names(path);
    if (!names.ok()) return names.error();
    for (auto name = names->rbegin(); name != names->rend(); ++name) {
        if (!is_named(*name, id)) continue;
        auto file = OpenFile::open(*name);
        if (file.ok() && (*file)->id() == id) return file;
    }
    return std::unique_ptr<OpenFile>();
}

Result<std::unique_ptr<OpenFile>> next(const std::string& path, const FileId& id) {
    const auto names = all_names(path);
    if (!names.ok()) return names.error();
    const auto ours = std::find_if(names->begin(), names->end(),
                                   [&](const std::string& name) { return is_named(name, id); });
    const bool known = ours != names->end();
    const auto successor = known ? ours + 1 : names->begin();
    if (successor == names->end()) return std::unique_ptr<OpenFile>();  // it is PATH itself
    auto file = OpenFile::open(*successor);
    if (!file.ok()) {
        if (file.error().code() == Code::kNotFound) return std::unique_ptr<OpenFile>();
        return file;
    }
    // Files may have been renamed while we looked: what was opened might be a younger one.
    if ((known && !is_named(*ours, id)) || !is_named(*successor, (*file)->id()))
        return std::unique_ptr<OpenFile>();
    return file;
}

}  // namespace zbridge::file_source

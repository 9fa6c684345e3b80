#include "bridge/base/disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace zbridge {

namespace {

Status failed(int error, const char* what, const std::string& path) {
    Code code = Code::kIo;
    if (error == ENOENT)
        code = Code::kNotFound;
    else if (error == EEXIST || error == EWOULDBLOCK)
        code = Code::kBusy;
    else if (error == ENOSPC || error == EDQUOT)
        code = Code::kNoSpace;
    else if (error == ENOTDIR || error == EISDIR || error == ENAMETOOLONG || error == ELOOP)
        code = Code::kInvalid;
    char text[128];
    return {code, std::string(what) + " " + path + ": " + strerror_r(error, text, sizeof(text))};
}

// An open descriptor, closed at its end.
class Descriptor {
 public:
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor& operator=(Descriptor&&) = delete;
    // A failed close() tells nothing that sync_data() has not told.
    ~Descriptor() {
        if (number_ >= 0) (void)::close(number_);
    }
    int number() const { return number_; }

 private:
    int number_;
};

Result<Descriptor> open_descriptor(const std::string& path, int flags) {
    int number = -1;
    do
        number = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
    while (number < 0 && errno == EINTR);
    if (number < 0) return failed(errno, "opening", path);
    return Descriptor(number);
}

class PosixFile final : public File {
 public:
    PosixFile(std::string path, Descriptor descriptor)
        : path_(std::move(path)), descriptor_(std::move(descriptor)) {}

    Status write_at(uint64_t offset, std::string_view bytes) override {
        past_cache(false);
        while (!bytes.empty()) {
            const ssize_t written = write_some(offset, bytes);
            if (written < 0) return failed(errno, "writing", path_);
            offset += static_cast<uint64_t>(written);
            bytes.remove_prefix(static_cast<size_t>(written));
        }
        return {};
    }

    Status write_direct(uint64_t offset, std::string_view bytes) override {
        while (is_aligned(offset, bytes) && past_cache(true)) {
            const ssize_t written = write_some(offset, bytes);
            if (written < 0 && errno == EINVAL) {  // it wants more than kDirectAlignBytes
                can_direct_ = false;
                break;
            }
            if (written < 0) return failed(errno, "writing", path_);
            offset += static_cast<uint64_t>(written);
            bytes.remove_prefix(static_cast<size_t>(written));
            if (bytes.empty()) return {};
        }
        return write_at(offset, bytes);
    }

    Result<size_t> read_into(uint64_t offset, char* into, size_t size) const override {
        past_cache(false);
        const ssize_t read = read_all(offset, into, size);
        if (read < 0) return failed(errno, "reading", path_);
        return static_cast<size_t>(read);
    }

    Result<size_t> read_direct(uint64_t offset, char* into, size_t size) const override {
        if (is_aligned(offset, {into, size}) && past_cache(true)) {
            const ssize_t read = read_all(offset, into, size);
            if (read < 0 && errno != EINVAL) return failed(errno, "reading", path_);
            if (read == static_cast<ssize_t>(size)) return size;
            if (read < 0) can_direct_ = false;
        }
        return read_into(offset, into, size);  // at a file's end sizes are what they are
    }

    Status sync_data() override {
        if (::fdatasync(descriptor_.number()) != 0) return failed(errno, "syncing", path_);
        return {};
    }

    Status resize(uint64_t size) override {
        if (::ftruncate(descriptor_.number(), static_cast<off_t>(size)) != 0)
            return failed(errno, "resizing", path_);
        return {};
    }

    Status reserve(uint64_t bytes) override {
        int error = 0;
        do
            error =
                ::fallocate(descriptor_.number(), 0, 0, static_cast<off_t>(bytes)) == 0 ? 0 : errno;
        while (error == EINTR);
        if (error == 0) return {};
        if (error != EOPNOTSUPP) return failed(error, "reserving room for", path_);
        const auto now = size();
        if (!now.ok()) return now.error();
        const std::string zeros(1 << 20, '\0');
        for (uint64_t at = *now; at < bytes; at += zeros.size()) {
            const std::string_view piece =
                std::string_view(zeros).substr(0, std::min<uint64_t>(zeros.size(), bytes - at));
            if (auto status = write_at(at, piece); !status.ok()) return status;
        }
        return {};
    }

    void write_out(uint64_t offset, uint64_t bytes) override {
        // A hint: what fails here fails again in sync_data(), which says so.
        (void)::sync_file_range(
            descriptor_.number(), static_cast<off_t>(offset), static_cast<off_t>(bytes),
            SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
    }

    void forget_cached(uint64_t offset, uint64_t bytes) override {
        (void)::posix_fadvise(descriptor_.number(), static_cast<off_t>(offset),
                              static_cast<off_t>(bytes), POSIX_FADV_DONTNEED);  // a hint
    }

    Result<uint64_t> size() const override {
        struct stat about {};
        if (::fstat(descriptor_.number(), &about) != 0) return failed(errno, "looking at", path_);
        return static_cast<uint64_t>(about.st_size);
    }

 private:
    static bool is_aligned(uint64_t offset, std::string_view bytes) {
        return (offset | bytes.size() | reinterpret_cast<uintptr_t>(bytes.data())) %
                   kDirectAlignBytes ==
               0;
    }

    // How many; -1 with errno, which is not EINTR.
    ssize_t write_some(uint64_t offset, std::string_view bytes) {
        ssize_t written = 0;
        do
            written = ::pwrite(descriptor_.number(), bytes.data(), bytes.size(),
                               static_cast<off_t>(offset));
        while (written < 0 && errno == EINTR);
        return written;
    }

    // How many, fewer only at the file's end; -1 with errno.
    ssize_t read_all(uint64_t offset, char* into, size_t size) const {
        size_t done = 0;
        while (done < size) {
            const ssize_t read = ::pread(descriptor_.number(), into + done, size - done,
                                         static_cast<off_t>(offset + done));
            if (read < 0 && errno == EINTR) continue;
            if (read < 0) return -1;
            if (read == 0) break;
            done += static_cast<size_t>(read);
        }
        return static_cast<ssize_t>(done);
    }

    // Whether calls go past the system's cache from now on, as far as the file system can do that.
    bool past_cache(bool wanted) const {
        if (wanted == direct_ || (wanted && !can_direct_)) return direct_;
        const int flags = ::fcntl(descriptor_.number(), F_GETFL);
        const int changed = wanted ? flags | O_DIRECT : flags & ~O_DIRECT;
        if (flags >= 0 && ::fcntl(descriptor_.number(), F_SETFL, changed) == 0)
            direct_ = wanted;
        else
            can_direct_ = false;
        return direct_;
    }

    std::string path_;
    Descriptor descriptor_;
    mutable bool direct_ = false;
    mutable bool can_direct_ = true;  // until the file system has said that it cannot
};

class PosixLock final : public FileLock {
 public:
    explicit PosixLock(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}

 private:
    Descriptor descriptor_;  // flock's lock goes with it
};

}  // namespace

Result<std::string> File::read_at(uint64_t offset, size_t size) const {
    std::string bytes(size, '\0');
    const auto read = read_into(offset, bytes.data(), size);
    if (!read.ok()) return read.error();
    bytes.resize(*read);
    return bytes;
}

Result<std::unique_ptr<File>> PosixDisk::open(const std::string& path, OpenMode mode) {
    const int flags = mode == OpenMode::kRead
                          ? O_RDONLY
                          : O_RDWR | O_CREAT | (mode == OpenMode::kTruncate ? O_TRUNC : 0);
    auto descriptor = open_descriptor(path, flags);
    if (!descriptor.ok()) return std::move(descriptor).error();
    return std::unique_ptr<File>(std::make_unique<PosixFile>(path, std::move(*descriptor)));
}

Status PosixDisk::rename(const std::string& from, const std::string& to) {
    if (::rename(from.c_str(), to.c_str()) != 0)
        return failed(errno, "renaming", from + " to " + to);
    return {};
}

Status PosixDisk::remove(const std::string& path) {
    if (::remove(path.c_str()) != 0) return failed(errno, "removing", path);
    return {};
}

Status PosixDisk::make_dir(const std::string& path) {
    if (::mkdir(path.c_str(), 0700) != 0) return failed(errno, "making the directory", path);
    return {};
}

Status PosixDisk::sync_dir(const std::string& path) {
    auto descriptor = open_descriptor(path, O_RDONLY | O_DIRECTORY);
    if (!descriptor.ok()) return std::move(descriptor).error();
    if (::fsync(descriptor->number()) != 0) return failed(errno, "syncing the directory", path);
    return {};
}

Result<std::vector<std::string>> PosixDisk::list(const std::string& path) {
    DIR* const directory = ::opendir(path.c_str());
    if (directory == nullptr) return failed(errno, "listing", path);
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = ::readdir(directory)) {
        const std::string_view name = entry->d_name;
        if (name != "." && name != "..") names.emplace_back(name);
        errno = 0;
    }
    const int error = errno;
    (void)::closedir(directory);
    if (error != 0) return failed(error, "listing", path);
    std::sort(names.begin(), names.end());
    return names;
}

Result<std::unique_ptr<FileLock>> PosixDisk::lock(const std::string& path) {
    auto descriptor = open_descriptor(path, O_RDWR | O_CREAT);
    if (!descriptor.ok()) return std::move(descriptor).error();
    if (::flock(descriptor->number(), LOCK_EX | LOCK_NB) != 0)
        return failed(errno, "locking", path);
    return std::unique_ptr<FileLock>(std::make_unique<PosixLock>(std::move(*descriptor)));
}

std::string PosixDisk::boot() const {
    // Its size is said to be 0: it is read for as much as it gives.
    auto descriptor = open_descriptor("/proc/sys/kernel/random/boot_id", O_RDONLY);
    if (!descriptor.ok()) return "";
    char text[64];
    const ssize_t read = ::read(descriptor->number(), text, sizeof(text));
    return read > 0 ? std::string(text, static_cast<size_t>(read)) : "";
}

Result<std::string> read_file(Disk& disk, const std::string& path) {
    auto file = disk.open(path, OpenMode::kRead);
    if (!file.ok()) return std::move(file).error();
    const auto size = (*file)->size();
    if (!size.ok()) return size.error();
    if (*size > kWholeFileBytesMax)
        return Status(Code::kInvalid, "reading " + path + ": it is larger than 64 MiB");
    return (*file)->read_at(0, *size);
}

Status replace_file(Disk& disk, const std::string& path, std::string_view bytes) {
    const std::string temporary = path + ".tmp";
    {
        // In place: whoever needs it on a full disk has made it before, with room.
        auto file = disk.open(temporary, OpenMode::kWrite);
        if (!file.ok()) return std::move(file).error();
        if (auto status = (*file)->write_at(0, bytes); !status.ok()) return status;
        if (auto status = (*file)->resize(bytes.size()); !status.ok()) return status;
        if (auto status = (*file)->sync_data(); !status.ok()) return status;
    }
    if (auto status = disk.rename(temporary, path); !status.ok()) return status;
    return disk.sync_dir(parent_of(path));
}

std::string parent_of(std::string_view path) {
    while (path.size() > 1 && path.ends_with('/'))
        path.remove_suffix(1);
    const size_t slash = path.rfind('/');
    if (slash == path.npos) return ".";
    path = path.substr(0, slash);
    while (path.size() > 1 && path.ends_with('/'))
        path.remove_suffix(1);
    return path.empty() ? "/" : std::string(path);
}

}  // namespace zbridge

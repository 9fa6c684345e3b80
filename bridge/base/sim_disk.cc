#include "bridge/base/sim_disk.h"

#include <algorithm>
#include <optional>

namespace zbridge {

namespace {

std::vector<std::string> parts_of(const std::string& path) {
    std::vector<std::string> parts;
    for (size_t at = 0; at < path.size();) {
        const size_t end = std::min(path.find('/', at), path.size());
        const std::string part = path.substr(at, end - at);
        if (!part.empty() && part != ".") parts.push_back(part);
        at = end + 1;
    }
    return parts;
}

}  // namespace

struct SimDisk::Content {
    struct Change {
        std::optional<uint64_t> resize;  // to this size; else a write
        uint64_t offset = 0;
        std::string bytes;
    };

    static void write(std::string& file, uint64_t offset, std::string_view bytes) {
        if (file.size() < offset + bytes.size()) file.resize(offset + bytes.size());
        file.replace(offset, bytes.size(), bytes);
    }
    void apply(const Change& change) {
        if (change.resize)
            kept.resize(*change.resize);
        else
            write(kept, change.offset, change.bytes);
    }
    // Some of the sectors of what was not synced have reached the disk.
    void crash(Random& random) {
        for (const Change& change : pending) {
            if (change.resize) {
                if (random.below(2) == 0) kept.resize(*change.resize);
                continue;
            }
            for (size_t at = 0; at < change.bytes.size();) {
                const uint64_t offset = change.offset + at;
                const size_t size = std::min<size_t>(change.bytes.size() - at,
                                                     kSectorBytes - offset % kSectorBytes);
                if (random.below(2) == 0)
                    write(kept, offset, std::string_view(change.bytes).substr(at, size));
                at += size;
            }
        }
        pending.clear();
        now = kept;
    }

    std::string now, kept;  // what reads see; what is on the disk for certain
    std::vector<Change> pending;
};

struct SimDisk::Node {
    std::shared_ptr<Content> file;
    std::shared_ptr<Directory> directory;  // or this
};

struct SimDisk::Directory {
    using Names = std::map<std::string, Node>;
    struct Change {
        std::string set;  // this name gets the node,
        Node node;
        std::string erase;  // and this one goes; either may be empty
    };

    static void apply(Names& names, const Change& change) {
        if (!change.erase.empty()) names.erase(change.erase);
        if (!change.set.empty()) names[change.set] = change.node;
    }
    void change(Change change) {
        apply(now, change);
        pending.push_back(std::move(change));
    }
    void sync() {
        for (const Change& change : pending)
            apply(kept, change);
        pending.clear();
    }
    void crash(Random& random) {
        const size_t survive = random.below(pending.size() + 1);
        for (size_t i = 0; i < survive; i++)
            apply(kept, pending[i]);
        pending.clear();
        now = kept;
        for (const auto& [name, node] : now) {
            if (node.directory)
                node.directory->crash(random);
            else
                node.file->crash(random);
        }
    }
    uint64_t used() const {
        uint64_t bytes = 0;
        for (const auto& [name, node] : now)
            bytes += node.directory ? node.directory->used() : node.file->now.size();
        return bytes;
    }

    Names now, kept;
    std::vector<Change> pending;
};

class SimDisk::SimFile final : public File {
 public:
    SimFile(SimDisk& disk, std::string path, std::shared_ptr<Content> content, bool writable)
        : disk_(disk),
          path_(std::move(path)),
          content_(std::move(content)),
          writable_(writable),
          life_(disk.life_) {}

    Status write_at(uint64_t offset, std::string_view bytes) override {
        if (auto status = begin(Operation::kWrite); !status.ok()) return status;
        const uint64_t end = offset + bytes.size();
        const uint64_t growth = end > content_->now.size() ? end - content_->now.size() : 0;
        if (growth > 0 && disk_.used() + growth > disk_.capacity_)
            return {Code::kNoSpace, "writing " + path_ + ": no space left"};
        Content::write(content_->now, offset, bytes);
        content_->pending.push_back({.resize = {}, .offset = offset, .bytes = std::string(bytes)});
        return {};
    }

    Result<size_t> read_into(uint64_t offset, char* into, size_t size) const override {
        if (auto status = check_life(); !status.ok()) return status;
        if (auto status = disk_.begin(Operation::kRead, path_); !status.ok()) return status;
        if (offset >= content_->now.size()) return size_t{0};
        return content_->now.copy(into, size, offset);
    }

    Status sync_data() override {
        const bool alive = check_life().ok() && disk_.check_power(path_).ok();
        auto status = begin(Operation::kSyncData);
        if (status.ok()) {
            for (const auto& change : content_->pending)
                content_->apply(change);
        }
        if (alive) content_->pending.clear();  // after a fault they are lost: see the header
        return status;
    }

    Status resize(uint64_t size) override {
        if (auto status = begin(Operation::kResize); !status.ok()) return status;
        content_->now.resize(size);
        content_->pending.push_back({.resize = size, .offset = 0, .bytes = {}});
        return {};
    }

    Status reserve(uint64_t size) override {
        if (auto status = begin(Operation::kReserve); !status.ok()) return status;
        const uint64_t now = content_->now.size();
        if (size <= now) return {};
        if (disk_.used() + (size - now) > disk_.capacity_)
            return {Code::kNoSpace, "reserving room for " + path_ + ": no space left"};
        content_->now.resize(size);
        content_->pending.push_back({.resize = size, .offset = 0, .bytes = {}});
        return {};
    }

    // They promise nothing, and do nothing.
    void write_out(uint64_t, uint64_t) override {}
    void forget_cached(uint64_t, uint64_t) override {}

    Result<uint64_t> size() const override {
        if (auto status = check_life(); !status.ok()) return status;
        return content_->now.size();
    }

 private:
    Status check_life() const {
        if (life_ != disk_.life_) return {Code::kIo, path_ + " was opened before the crash"};
        return {};
    }
    Status begin(Operation operation) {
        if (auto status = check_life(); !status.ok()) return status;
        if (!writable_) return {Code::kIo, path_ + " was opened for reading"};
        return disk_.begin(operation, path_);
    }

    SimDisk& disk_;
    std::string path_;
    std::shared_ptr<Content> content_;
    bool writable_;
    uint64_t life_;
};

class SimDisk::SimLock final : public FileLock {
 public:
    SimLock(SimDisk& disk, std::string path)
        : disk_(disk), path_(std::move(path)), life_(disk.life_) {}
    ~SimLock() override {
        if (life_ == disk_.life_) disk_.locks_.erase(path_);
    }

 private:
    SimDisk& disk_;
    std::string path_;
    uint64_t life_;
};

SimDisk::SimDisk() : root_(std::make_shared<Directory>()) {}
SimDisk::~SimDisk() = default;

Status SimDisk::check_power(const std::string& path) const {
    if (operations_ >= power_until_) return {Code::kIo, path + ": the power is cut"};
    return {};
}

Status SimDisk::begin(Operation operation, const std::string& path) {
    if (auto status = check_power(path); !status.ok()) return status;
    if (operation != Operation::kRead) operations_++;
    for (Fault& fault : faults_) {
        if (fault.operation != operation || fault.times == 0) continue;
        if (fault.skip > 0) {
            fault.skip--;
            continue;
        }
        fault.times--;
        return {fault.code, path + ": a simulated fault"};
    }
    return {};
}

void SimDisk::fail(Operation operation, Code code, uint64_t times, uint64_t skip) {
    faults_.push_back({operation, code, skip, times});
}

SimDisk::Directory* SimDisk::directory(const std::string& path) {
    Directory* at = root_.get();
    for (const std::string& part : parts_of(path)) {
        const auto found = at->now.find(part);
        if (found == at->now.end() || !found->second.directory) return nullptr;
        at = found->second.directory.get();
    }
    return at;
}

Result<SimDisk::Place> SimDisk::place(const std::string& path) {
    const auto parts = parts_of(path);
    if (parts.empty()) return Status(Code::kInvalid, path + ": is a directory");
    Directory* parent = directory(parent_of(path));
    if (parent == nullptr) return Status(Code::kNotFound, path + ": no such directory");
    return Place{parent, parts.back()};
}

Result<std::unique_ptr<File>> SimDisk::open(const std::string& path, OpenMode mode) {
    if (auto status = check_power(path); !status.ok()) return status;
    auto at = place(path);
    if (!at.ok()) return std::move(at).error();
    auto found = at->directory->now.find(at->name);
    const bool there = found != at->directory->now.end();
    if (there && found->second.directory)
        return Status(Code::kInvalid, "opening " + path + ": is a directory");
    if (mode == OpenMode::kRead) {
        if (!there) return Status(Code::kNotFound, "opening " + path + ": no such file");
        return std::unique_ptr<File>(
            std::make_unique<SimFile>(*this, path, found->second.file, false));
    }
    if (auto status = begin(Operation::kOpen, path); !status.ok()) return status;
    if (!there) {
        at->directory->change({at->name, {std::make_shared<Content>(), nullptr}, ""});
        found = at->directory->now.find(at->name);
    }
    auto& content = found->second.file;
    if (mode == OpenMode::kTruncate && !content->now.empty()) {
        content->now.clear();
        content->pending.push_back({.resize = 0, .offset = 0, .bytes = {}});
    }
    return std::unique_ptr<File>(std::make_unique<SimFile>(*this, path, content, true));
}

Status SimDisk::rename(const std::string& from, const std::string& to) {
    if (auto status = begin(Operation::kRename, from); !status.ok()) return status;
    auto source = place(from);
    if (!source.ok()) return std::move(source).error();
    auto target = place(to);
    if (!target.ok()) return std::move(target).error();
    ZB_CHECK(source->directory == target->directory, from, to);
    const auto found = source->directory->now.find(source->name);
    if (found == source->directory->now.end())
        return {Code::kNotFound, "renaming " + from + ": no such file"};
    if (source->name == target->name) return {};
    source->directory->change({target->name, found->second, source->name});
    return {};
}

Status SimDisk::remove(const std::string& path) {
    if (auto status = begin(Operation::kRemove, path); !status.ok()) return status;
    auto at = place(path);
    if (!at.ok()) return std::move(at).error();
    const auto found = at->directory->now.find(at->name);
    if (found == at->directory->now.end())
        return {Code::kNotFound, "removing " + path + ": no such file"};
    if (found->second.directory && !found->second.directory->now.empty()) {
        return {Code::kIo, "removing " + path + ": directory not empty"};
    }
    at->directory->change({"", {}, at->name});
    return {};
}

Status SimDisk::make_dir(const std::string& path) {
    if (auto status = begin(Operation::kMakeDir, path); !status.ok()) return status;
    if (parts_of(path).empty()) return {Code::kBusy, path + ": is there"};
    auto at = place(path);
    if (!at.ok()) return std::move(at).error();
    if (at->directory->now.count(at->name) != 0)
        return {Code::kBusy, "making the directory " + path + ": is there"};
    at->directory->change({at->name, {nullptr, std::make_shared<Directory>()}, ""});
    return {};
}

Status SimDisk::sync_dir(const std::string& path) {
    if (auto status = begin(Operation::kSyncDir, path); !status.ok()) return status;
    Directory* const found = directory(path);
    if (found == nullptr) return {Code::kNotFound, "syncing " + path + ": no such directory"};
    found->sync();
    return {};
}

Result<std::vector<std::string>> SimDisk::list(const std::string& path) {
    if (auto status = check_power(path); !status.ok()) return status;
    Directory* const found = directory(path);
    if (found == nullptr) return Status(Code::kNotFound, "listing " + path + ": no such directory");
    std::vector<std::string> names;
    for (const auto& [name, node] : found->now)
        names.push_back(name);
    return names;
}

Result<std::unique_ptr<FileLock>> SimDisk::lock(const std::string& path) {
    if (auto status = begin(Operation::kLock, path); !status.ok()) return status;
    auto at = place(path);
    if (!at.ok()) return std::move(at).error();
    if (locks_.count(path) != 0) return Status(Code::kBusy, "locking " + path + ": someone has it");
    if (at->directory->now.count(at->name) == 0) {
        at->directory->change({at->name, {std::make_shared<Content>(), nullptr}, ""});
    }
    locks_[path] = life_;
    return std::unique_ptr<FileLock>(std::make_unique<SimLock>(*this, path));
}

void SimDisk::crash(Random& random) {
    root_->crash(random);
    locks_.clear();
    life_++;
    power_until_ = ~uint64_t{0};
}

uint64_t SimDisk::used() const {
    return root_->used();
}

}  // namespace zbridge

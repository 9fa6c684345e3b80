#include "plugins/durable/journal/segment_file.h"

#include <algorithm>

#include "plugins/durable/journal/folder.h"

namespace zbridge::durable {

namespace {

Status fill(Disk& disk, const std::string& path, uint64_t size) {
    auto file = disk.open(path, OpenMode::kTruncate);
    if (!file.ok()) return std::move(file).error();
    if (auto status = (*file)->reserve(size); !status.ok()) return status;
    for (uint64_t at = 0; at < size; at += kFillStepBytes) {
        if (auto status = fill_step(**file, at, size); !status.ok()) return status;
    }
    return (*file)->sync_data();
}

}  // namespace

Status fill_step(File& file, uint64_t from, uint64_t size) {
    alignas(4096) static char zeros[kFillStepBytes];  // never written to: it takes no memory
    const uint64_t bytes = std::min(kFillStepBytes, size - from);
    if (auto status = file.write_direct(from, {zeros, bytes}); !status.ok()) return status;
    file.write_out(from, bytes);
    return {};
}

Result<std::unique_ptr<File>> begin_segment(Disk& disk, const std::string& folder,
                                            const std::string& source,
                                            const SegmentHeader& header) {
    const std::string from = folder + "/" + source;
    auto file = disk.open(from, OpenMode::kWrite);
    if (!file.ok()) return std::move(file).error();
    if (auto status = (*file)->write_at(0, encode(header)); !status.ok()) return status;
    if (auto status = (*file)->sync_data(); !status.ok()) return status;
    const std::string name = folder + "/" + segment_name(header.segment);
    if (auto status = disk.rename(from, name); !status.ok()) return status;
    if (auto status = disk.sync_dir(folder); !status.ok()) return status;
    return file;
}

Status make_filled(Disk& disk, const std::string& folder, uint64_t size) {
    const std::string path = folder + "/" + std::string(kFillingName);
    auto status = fill(disk, path, size);
    // What is half written is worth nothing; where removing it fails too, the next try begins anew.
    if (!status.ok()) (void)disk.remove(path);
    return status;
}

}  // namespace zbridge::durable

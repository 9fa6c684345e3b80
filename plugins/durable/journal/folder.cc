#include "plugins/durable/journal/folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "plugins/durable/journal/digest_writer.h"
#include "plugins/durable/journal/replay_guard.h"

namespace zbridge::durable {

namespace {

constexpr std::string_view kSpare = "spare-";
constexpr std::string_view kFresh = "fresh-";

std::optional<uint64_t> parse_spare_name(std::string_view name, std::string_view prefix) {
    if (!name.starts_with(prefix)) return std::nullopt;
    const std::string_view digits = name.substr(prefix.size());
    uint64_t number = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
    if (error != std::errc() || fmt::format("{}{:016x}", prefix, number) != name)
        return std::nullopt;
    return number;
}

// Of a digest: what it is matters only where it is used.
bool is_scrap(std::string_view name) {
    if (!name.ends_with(kDigestTemporary)) return false;
    name.remove_suffix(kDigestTemporary.size());
    return parse_digest_name(name).has_value();
}

Status look_at_segment(Disk& disk, Folder& folder, uint64_t segment) {
    const std::string path = folder.segment_file(segment);
    auto file = disk.open(path, OpenMode::kRead);
    if (!file.ok()) return std::move(file).error();
    const auto bytes = (*file)->size();
    if (!bytes.ok()) return bytes.error();
    const auto first = (*file)->read_at(0, kSegmentHeadBytes);
    if (!first.ok()) return first.error();
    const SegmentHead head = decode_segment_head(*first);
    FolderSegment found{segment, *bytes, {}};
    switch (head.kind) {
        case SegmentHead::Kind::kNewer:
            return {Code::kInvalid, fmt::format("{} has the format {}, this zbridge knows {}: it "
                                                "was written by a newer version",
                                                path, head.version, SegmentHeader::kVersion)};
        case SegmentHead::Kind::kForeign:
            return {Code::kInvalid,
                    path + " is no segment of a journal: move it out of the folder"};
        case SegmentHead::Kind::kWhole:
            if (head.header.segment == segment) found.header = head.header;
            break;
        case SegmentHead::Kind::kDamaged:
            break;
    }
    folder.segments.push_back(found);
    return {};
}

Status look_at_spare(Disk& disk, Folder& folder, const std::string& name, uint64_t segment) {
    auto file = disk.open(folder.file(name), OpenMode::kRead);
    if (!file.ok()) return std::move(file).error();
    const auto bytes = (*file)->size();
    if (!bytes.ok()) return bytes.error();
    folder.spares.push_back({name, segment, *bytes});
    return {};
}

Status look_at_store_file(Disk& disk, Folder& folder) {
    const std::string path = folder.file(StoreFile::kName);
    auto text = read_file(disk, path);
    if (!text.ok()) return std::move(text).error();
    auto parsed = StoreFile::parse(*text);
    if (parsed.ok()) {
        folder.store_file = *std::move(parsed);
        folder.as_stored = folder.store_file;
        folder.store = folder.store_file.store;
        return {};
    }
    if (parsed.error().code() == Code::kUnavailable)
        return {Code::kInvalid, path + ": " + parsed.error().message()};
    folder.store_file_damaged = true;
    return {};
}

// All are of one store: the one that is expected, or the file `store` names, or the first of them.
Status check_store(Folder& folder, const std::optional<StoreId>& expected) {
    std::optional<StoreId> store = expected ? expected : folder.store;
    const auto other = [&](const std::string& path, const StoreId& its) {
        return Status(
            Code::kInvalid,
            fmt::format("{} belongs to another store ({}) than the one expected here ({}): "
                        "move it out of the folder",
                        path, its.text(), store->text()));
    };
    if (store && folder.store && *store != *folder.store)
        return other(folder.file(StoreFile::kName), *folder.store);
    for (const FolderSegment& segment : folder.segments) {
        if (!segment.header) continue;
        if (!store) store = segment.header->store;
        if (segment.header->store != *store)
            return other(folder.segment_file(segment.number), segment.header->store);
    }
    folder.store = store;
    if (store) folder.store_file.store = *store;
    return {};
}

// A crash came between the word that a segment is dropped and its end.
void set_leftovers_apart(Folder& folder) {
    std::erase_if(folder.segments, [&](const FolderSegment& each) {
        const bool dropped =
            each.number < folder.store_file.from || folder.store_file.dropped.contains(each.number);
        if (dropped) folder.leftovers.push_back(each.number);
        return dropped;
    });
}

}  // namespace

std::string spare_name(uint64_t segment) {
    return fmt::format("{}{:016x}", kSpare, segment);
}

std::string fresh_name(uint64_t number) {
    return fmt::format("{}{:016x}", kFresh, number);
}

Result<Folder> Folder::look(Disk& disk, const std::string& path,
                            const std::optional<StoreId>& store) {
    auto names = disk.list(path);
    if (!names.ok()) return std::move(names).error();
    Folder folder;
    folder.path = path;
    for (const std::string& name : *names) {
        Status status;
        if (const auto segment = parse_segment_name(name))
            status = look_at_segment(disk, folder, *segment);
        else if (const auto digest = parse_digest_name(name))
            folder.digests.push_back(*digest);
        else if (is_scrap(name))
            folder.scraps.push_back(name);
        else if (const auto spare = parse_spare_name(name, kSpare))
            status = look_at_spare(disk, folder, name, *spare);
        else if (const auto fresh = parse_spare_name(name, kFresh)) {
            folder.next_fresh = std::max(folder.next_fresh, *fresh + 1);
            status = look_at_spare(disk, folder, name, 0);
        } else if (name == StoreFile::kName)
            status = look_at_store_file(disk, folder);
        else if (name == kFillingName)
            folder.filling = true;
        else if (name != std::string(StoreFile::kName) + ".tmp" && name != ReplayGuard::kName)
            status = {Code::kInvalid, folder.file(name) +
                                          " does not belong to a journal: move it "
                                          "out of the folder"};
        if (!status.ok()) return status;
    }
    std::sort(folder.segments.begin(), folder.segments.end(),
              [](const auto& a, const auto& b) { return a.number < b.number; });
    if (auto status = check_store(folder, store); !status.ok()) return status;
    if (!folder.as_stored && !folder.segments.empty())
        folder.store_file.from = folder.segments.front().number;
    set_leftovers_apart(folder);
    return folder;
}

bool Folder::has_digest(uint64_t segment) const {
    return std::binary_search(digests.begin(), digests.end(), segment);
}

uint64_t Folder::next_segment() const {
    uint64_t highest = store_file.from - 1;
    if (!segments.empty()) highest = std::max(highest, segments.back().number);
    if (!store_file.dropped.empty())
        highest = std::max(highest, store_file.dropped.rbegin()->first);
    for (const Spare& spare : spares)
        highest = std::max(highest, spare.reused_from);
    return highest + 1;
}

Result<SegmentDigest> Folder::digest_of(Disk& disk, const FolderSegment& segment) const {
    const auto end = bound_of(segment.number + 1);
    if (!has_digest(segment.number) || !segment.header || !end)
        return Status(Code::kNotFound, "it has none");
    const std::string its = digest_file(segment.number);
    auto digest = SegmentDigest::load(disk, its, *store);
    if (!digest.ok()) return std::move(digest).error().with_context(its);
    const Bound begin{segment.header->first, segment.header->prev_end, segment.header->prev_crc};
    if (digest->head() != DigestHead::of(*store, {segment.number, begin, *end}))
        return Status(Code::kInvalid, its + ": it does not fit its segment, and the one behind it");
    return digest;
}

std::optional<Bound> Folder::bound_of(uint64_t segment) const {
    if (const auto found = store_file.dropped.find(segment); found != store_file.dropped.end())
        return found->second;
    for (const FolderSegment& each : segments) {
        if (each.number != segment || !each.header) continue;
        return Bound{each.header->first, each.header->prev_end, each.header->prev_crc};
    }
    return std::nullopt;
}

}  // namespace zbridge::durable

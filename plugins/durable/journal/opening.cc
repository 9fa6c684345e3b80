#include "plugins/durable/journal/opening.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "plugins/durable/journal/replay_guard.h"
#include "plugins/durable/journal/segment_file.h"

namespace zbridge::durable {

namespace {

constexpr uint64_t kTruncateBytes = 4096;

class Opening {
 public:
    Opening(Disk& disk, const Clock& clock, const OpeningOptions& options, Folder& folder)
        : disk_(disk), clock_(clock), options_(options), folder_(folder) {}

    Status run(const Replay::Visit& visit) {
        Replay replay(disk_, folder_, options_.replay, visit);
        if (auto status = replay.run(); !status.ok()) return status;
        // From here on the disk is changed.
        if (auto status = tidy(replay.losses()); !status.ok()) return status;
        if (auto status = rewrite(replay); !status.ok()) return status;
        if (auto status = replay.visit_rest(); !status.ok()) return status;
        opened.found = std::move(replay.found());
        opened.found.last = std::max(opened.found.last, Seq{number(replay.end().next) - 1});
        return begin(replay.end());
    }

    Opened opened;

 private:
    // Finishes what a crash has left undone, and keeps what was accepted.
    Status tidy(const std::vector<Loss>& losses) {
        // The folder as it was seen may be in a cache alone, too, as its own name in its parent.
        if (auto status = disk_.sync_dir(parent_of(folder_.path)); !status.ok()) return status;
        if (auto status = disk_.sync_dir(folder_.path); !status.ok()) return status;
        StoreFile& file = folder_.store_file;
        for (const uint64_t segment : folder_.leftovers) {
            auto removed = disk_.remove(folder_.segment_file(segment));
            if (!removed.ok()) return removed;
        }
        if (auto status = tidy_digests(); !status.ok()) return status;
        if (folder_.filling) {
            auto removed = disk_.remove(folder_.file(kFillingName));
            if (!removed.ok()) return removed;
        }
        // A spare of another size than segments have now is no use.
        for (const Spare& spare : folder_.spares) {
            if (spare.bytes == options_.segment_bytes) continue;
            auto removed = disk_.remove(folder_.file(spare.name));
            if (!removed.ok()) return removed;
        }
        std::erase_if(folder_.spares,
                      [&](const Spare& spare) { return spare.bytes != options_.segment_bytes; });
        file.lost.insert(losses.begin(), losses.end());
        // A new store has a segment before it has this file: the file without a segment is a loss.
        return folder_.segments.empty() && !folder_.as_stored ? Status() : keep_store_file();
    }

    // Those that have no segment, or no segment behind theirs.
    Status tidy_digests() {
        for (const uint64_t digest : folder_.digests) {
            const bool used =
                !folder_.segments.empty() && digest < folder_.segments.back().number &&
                std::any_of(folder_.segments.begin(), folder_.segments.end(),
                            [&](const FolderSegment& each) { return each.number == digest; });
            if (used) continue;
            if (auto removed = disk_.remove(folder_.digest_file(digest)); !removed.ok())
                return removed;
        }
        for (const std::string& scrap : folder_.scraps) {
            if (auto removed = disk_.remove(folder_.file(scrap)); !removed.ok()) return removed;
        }
        return {};
    }

    Status keep_store_file() {
        if (folder_.as_stored == folder_.store_file) return {};
        folder_.as_stored = folder_.store_file;
        return replace_file(disk_, folder_.file(StoreFile::kName), folder_.store_file.text());
    }

    // A page cache may show what the disk does not have: the disk gets it again.
    Status rewrite(const Replay& replay) {
        const std::vector<Place> places = replay.unproven();
        if (places.empty()) return {};
        const std::string path = folder_.segment_file(replay.end().segment);
        auto bytes = SegmentBytes::open(disk_, path, *folder_.store, true);  // sums are checked
        if (!bytes.ok()) return std::move(bytes).error();
        auto file = disk_.open(path, OpenMode::kWrite);
        if (!file.ok()) return std::move(file).error();
        for (const Place& place : places) {
            const auto batch = bytes->batch_at(place.position);
            if (!batch.ok()) return batch.error();
            if (!batch->whole || batch->body.size() != place.body_bytes)
                return {Code::kIo, fmt::format("{}, offset {}: it cannot be read again", path,
                                               place.position)};
            const auto raw =
                bytes->view(place.position, BatchMemory::capacity_for(place.body_bytes));
            if (!raw.ok()) return raw.error();
            if (auto status = (*file)->write_at(place.position, *raw); !status.ok()) return status;
            rewritten_++;
        }
        return (*file)->sync_data();
    }

    Status begin(const Replay::End& end) {
        opened.found.rewritten = rewritten_;
        opened.next = end.next;
        opened.prev_crc = end.prev_crc;
        const bool goes_on =
            end.may_go_on && end.position + 2 * kSectorBytes <= folder_.segments.back().bytes;
        auto status = goes_on ? take_up(end) : begin_fresh(end);
        if (!status.ok()) return status;
        if (status = keep_store_file(); !status.ok()) return status;
        tell_segments();
        opened.store = *folder_.store;
        opened.store_file = folder_.store_file;
        opened.spares = folder_.spares;
        opened.next_fresh = folder_.next_fresh;
        return {};
    }

    Status take_up(const Replay::End& end) {
        auto file = disk_.open(folder_.segment_file(end.segment), OpenMode::kWrite);
        if (!file.ok()) return std::move(file).error();
        opened.file = *std::move(file);
        opened.position = static_cast<uint32_t>(end.position);
        return {};
    }

    Status begin_fresh(const Replay::End& end) {
        if (auto status = seal(end); !status.ok()) return status;
        SegmentHeader header;
        header.store = *folder_.store;
        header.segment = folder_.next_segment();
        header.first = end.next;
        header.prev_crc = end.prev_crc;
        header.prev_end = static_cast<uint32_t>(end.position);
        if (folder_.segments.empty()) folder_.store_file.from = header.segment;
        header.created_us = clock_.wall_us();
        auto source = source_of_fresh(header);
        if (!source.ok()) return std::move(source).error();
        auto file = begin_segment(disk_, folder_.path, *source, header);
        if (!file.ok()) return std::move(file).error();
        folder_.segments.push_back({header.segment, header.file_bytes, header});
        opened.file = *std::move(file);
        opened.position = kSegmentHeadBytes;
        return {};
    }

    // Nothing is appended to the last segment any more: what it has not used goes back.
    Status seal(const Replay::End& end) {
        if (folder_.segments.empty()) return {};
        FolderSegment& last = folder_.segments.back();
        if (!last.header) return {};
        const uint64_t used = std::max(end.position, end.remains_end);
        const uint64_t size = (used + kTruncateBytes - 1) / kTruncateBytes * kTruncateBytes;
        if (size >= last.bytes) return {};
        auto file = disk_.open(folder_.segment_file(last.number), OpenMode::kWrite);
        if (!file.ok()) return std::move(file).error();
        last.bytes = size;
        return (*file)->resize(size);
    }

    // A spare, or what is made now: a small one, so that a start is quick and finds room.
    Result<std::string> source_of_fresh(SegmentHeader& header) {
        if (!folder_.spares.empty()) {
            const Spare spare = folder_.spares.front();
            folder_.spares.erase(folder_.spares.begin());
            header.reused_from = spare.reused_from;
            header.file_bytes = spare.bytes;
            return spare.name;
        }
        Status status;
        for (uint64_t size = kFreshBytesMax; size >= kFreshBytesMin; size /= 2) {
            header.file_bytes = std::min(size, options_.segment_bytes);
            status = make_filled(disk_, folder_.path, header.file_bytes);
            if (status.ok()) return std::string(kFillingName);
            if (status.code() != Code::kNoSpace) break;
        }
        return std::move(status).with_context("making room for the journal's next segment");
    }

    void tell_segments() {
        for (size_t i = 0; i < folder_.segments.size(); i++) {
            const FolderSegment& each = folder_.segments[i];
            const bool last = i + 1 == folder_.segments.size();
            const Bound bound = folder_.bound_of(each.number).value_or(Bound{});
            Seq following = opened.next;
            if (!last)
                following = folder_.bound_of(folder_.segments[i + 1].number).value_or(bound).first;
            if (const auto behind = folder_.bound_of(each.number + 1)) following = behind->first;
            opened.segments.push_back({each.number, bound.first,
                                       Seq{std::max<uint64_t>(number(following), 1) - 1},
                                       each.bytes, !last});
            opened.bounds.push_back(bound);
        }
    }

    static constexpr uint64_t kFreshBytesMax = 4 << 20;
    static constexpr uint64_t kFreshBytesMin = 1 << 20;

    Disk& disk_;
    const Clock& clock_;
    const OpeningOptions& options_;
    Folder& folder_;
    uint64_t rewritten_ = 0;
};

}  // namespace

Result<Opened> open_log(Disk& disk, const Clock& clock, Random& random,
                        const OpeningOptions& options, const Replay::Visit& visit) {
    auto folder = Folder::look(disk, options.folder, options.store);
    if (!folder.ok() && folder.error().code() == Code::kNotFound) {
        if (auto status = disk.make_dir(options.folder); !status.ok()) return status;
        folder = Folder::look(disk, options.folder, options.store);
    }
    if (!folder.ok()) return std::move(folder).error();
    if (!folder->store || folder->segments.empty()) {
        if (!folder->segments.empty())
            return Status(Code::kInvalid, options.folder +
                                              ": no segment has a whole header, and nothing "
                                              "else tells whose they are");
        // What old spares hold must not be taken for batches of the new log.
        folder->store = StoreId::by_chance(random);
        folder->store_file.store = *folder->store;
    }
    auto guard = ReplayGuard::begin(disk, options.folder, options.replay.skip);
    if (!guard.ok()) return std::move(guard).error();
    Opening opening(disk, clock, options, *folder);
    auto status = opening.run([&](const ReplayedBatch& batch) {
        if (auto noted = (*guard)->on_batch(batch.seq, batch.place); !noted.ok()) return noted;
        auto taken = visit(batch);
        return taken.ok() ? (*guard)->on_taken() : taken;
    });
    if (!status.ok()) return status;
    return std::move(opening.opened);
}

}  // namespace zbridge::durable

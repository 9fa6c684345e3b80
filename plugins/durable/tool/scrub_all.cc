#include "plugins/durable/tool/scrub_all.h"

#include <algorithm>

#include "plugins/durable/journal/remains.h"

namespace zbridge::durable {

namespace {

class Scrubbing {
 public:
    Scrubbing(SegmentBytes& bytes, SurveyedSegment& segment, std::vector<Damage>& damage)
        : bytes_(bytes), segment_(segment), damage_(damage) {}

    // `end`: where the segment behind it says that this one ends; none: it is the last one.
    Status run(Seq first, std::optional<Bound> end) {
        gap_ = {segment_.number, kSegmentHeadBytes, first};
        const uint64_t until = end ? end->prev_end : bytes_.bytes();
        while (gap_.position < until) {
            const auto batch = bytes_.batch_at(gap_.position);
            if (!batch.ok()) return batch.error();
            const auto& header = batch->header;
            if (batch->whole && header->segment == segment_.number &&
                header->seq == gap_.expected) {
                accept(*header);
                continue;
            }
            const auto ahead =
                look_ahead(bytes_, gap_, end ? std::optional(end->first) : std::nullopt);
            if (!ahead.ok()) return ahead.error();
            if (!*ahead) break;
            found((*ahead)->position, (*ahead)->seq, "whole batches follow");
        }
        // Of the last one, what is no batch may be torn: `check` judges it.
        if (end && gap_.expected < end->first)
            found(end->prev_end, end->first, "the segment behind it begins later");
        return {};
    }

 private:
    void accept(const BatchHeader& header) {
        if (segment_.batches++ == 0) {
            segment_.first = header.seq;
            segment_.first_us = header.time_us;
        }
        segment_.last = header.seq;
        segment_.last_us = header.time_us;
        segment_.records += header.records;
        segment_.used_bytes += header.padded_bytes();
        gap_.position += header.padded_bytes();
        gap_.expected = next(header.seq);
    }

    // Up to `position` there are no whole batches; `seq` stands there.
    void found(uint64_t position, Seq seq, std::string witness) {
        Damage damage{segment_.file,        gap_.position,      gap_.expected,
                      Seq{number(seq) - 1}, std::move(witness), false};
        if (position > gap_.position) damage.bytes = position - gap_.position;
        damage_.push_back(std::move(damage));
        gap_.position = position;
        gap_.expected = seq;
    }

    SegmentBytes& bytes_;
    SurveyedSegment& segment_;
    std::vector<Damage>& damage_;
    Gap gap_;
};

}  // namespace

Result<ScrubbedAll> scrub_all(Disk& disk, const std::string& folder) {
    const auto looked = Folder::look(disk, folder, std::nullopt);
    if (!looked.ok()) return looked.error();
    ScrubbedAll all;
    for (size_t i = 0; i < looked->segments.size(); i++) {
        const FolderSegment& each = looked->segments[i];
        SurveyedSegment segment;
        segment.file = looked->segment_file(each.number);
        segment.number = each.number;
        segment.bytes = each.bytes;
        if (!each.header) {
            all.damage.push_back(
                {segment.file, 0, Seq{}, std::nullopt, "its header is damaged", false});
            all.segments.push_back(std::move(segment));
            continue;
        }
        auto bytes = SegmentBytes::open(disk, segment.file, *looked->store, true);
        if (!bytes.ok()) return std::move(bytes).error();
        bytes->forget_cached();
        Scrubbing scrubbing(*bytes, segment, all.damage);
        if (auto status = scrubbing.run(each.header->first, looked->bound_of(each.number + 1));
            !status.ok())
            return status;
        all.segments.push_back(std::move(segment));
    }
    return all;
}

}  // namespace zbridge::durable

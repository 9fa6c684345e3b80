// The cleaner, behind the messages: what else of a segment is needed is written again at the log's end.
//
// Limits:  kMoveBytesMax in one go, one key at least; what a batch cannot hold stays.
#include <algorithm>

#include "plugins/durable/topics/topics.h"

namespace zbridge::durable {

namespace {

// Reads are told for topics: of this number there is none.
constexpr TopicId kNoTopic{UINT32_MAX};

}  // namespace

// True: some of it is being written, or read.
bool Topics::rewrite_from(uint64_t segment) {
    size_t bytes = 0;
    for (Keeper* keeper : keepers_) {
        while (bytes < kMoveBytesMax) {
            const auto needed = keeper->needed_in(segment);
            if (!needed) break;
            if (!at_hand(*needed)) return true;
            bytes += rewrite(*keeper, *needed);
        }
    }
    clean_budget_ -= std::min<uint64_t>(clean_budget_, bytes);
    moved_bytes_ += bytes;
    return bytes > 0;
}

// False: it is being read.
bool Topics::at_hand(const Needed& needed) {
    for (const RecordPlace& each : needed.records) {
        if (cold_->damaged(each.batch) || body_at(each.batch) != nullptr) continue;
        if (!cold_->load(each.batch, kNoTopic)) cold_->wait(kNoTopic);
        return false;
    }
    return true;
}

// Returns its bytes; 0: it stays where it is.
size_t Topics::rewrite(Keeper& keeper, const Needed& needed) {
    std::vector<Record> records;
    size_t bytes = 0;
    for (const RecordPlace& each : needed.records) {
        const Body* body = cold_->damaged(each.batch) ? nullptr : body_at(each.batch);
        const auto record = body == nullptr ? std::nullopt : record_at(body->bytes, each.position);
        if (!record) break;
        records.push_back(*record);
        bytes += record_bytes(record->payload.size());
    }
    const bool whole = records.size() == needed.records.size() && bytes <= body_bytes_max();
    const auto written = whole ? keeper.write_again(needed.key, records) : std::vector<NewRecord>();
    if (written.empty()) {
        keeper.give_up(needed.key);
        return 0;
    }
    bytes = 0;
    for (const NewRecord& each : written)
        bytes += record_bytes(each.payload.size());
    commits_->make_room(bytes);
    std::vector<RecordPlace> places;
    for (const NewRecord& each : written) {
        places.push_back({{},
                          static_cast<uint32_t>(commits_->writer().body_bytes()),
                          static_cast<uint32_t>(record_bytes(each.payload.size()))});
        write_record(each.type, each.payload, each.version);
    }
    commits_->filling().again.push_back({&keeper, needed.key, std::move(places)});
    moves_in_flight_++;
    return bytes;
}

void Topics::place_again(WrittenAgain& again, const Place& place) {
    moves_in_flight_--;
    for (RecordPlace& each : again.records)
        each.batch = place;
    again.keeper->on_written_again(again.key, again.records);
}

}  // namespace zbridge::durable
